"""The input pipeline of eoshard-train beside others that decode the same samples, in turn. By hand:

  EOSHARD_BIN=build/release/bin .deps/venv/bin/python tests/bench/bench_input.py DATASET

DATASET has native grids in Zarr shards, and HDF5 shards too for h5py (eoshard-ingest --format zarr,hdf5). Images a second,
medians over the rounds, everything in the page cache:
  raw          all arrays of a sample decoded (eoshard-train --benchmark-input)
  transformed  and upsampled, normalised and flipped, as batches
  c-blosc      the same chunks decompressed from memory, on as many threads
  zstd         their zstd frames alone, on as many threads
  h5py         the same samples, shuffled, in as many processes
"""
import argparse
import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import statistics
import struct
import subprocess
import time

import h5py
import hdf5plugin  # noqa: F401  registers zstd
import numcodecs
import numcodecs.blosc
import numpy as np

BIN = pathlib.Path(os.environ.get("EOSHARD_BIN", "build/release/bin"))
ARRAYS = ("data_10m", "data_20m", "data_60m")
SHARD_SAMPLES = 1024
BLOSC_PREFIX = 24  # bytes before the zstd frame


def read_chunks(dataset, most):
    """Encoded chunks of the first samples of the training split: a list a sample."""
    samples = []
    for name in ARRAYS:
        chunks = []
        for shard in sorted((dataset / "train.zarr" / name / "c").iterdir(), key=lambda path: int(path.name)):
            data = (shard / "0" / "0" / "0").read_bytes()
            index = np.frombuffer(data[-16 * SHARD_SAMPLES - 4:-4], "<u8").reshape(-1, 2)
            chunks += [data[offset:offset + size - 4] for offset, size in index if size < 1 << 62]  # without the CRC-32C
        samples.append(chunks[:most])
    return list(zip(*samples))


def per_second(samples, threads, work):
    """work(part of the samples) on threads."""
    parts = [samples[part::threads] for part in range(threads)]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))
        start = time.perf_counter()
        list(pool.map(work, parts))
        return len(samples) / (time.perf_counter() - start)


def decompress_blosc(samples):
    for sample in samples:
        for chunk in sample:
            numcodecs.blosc.decompress(chunk)


def zstd_frames(sample):
    """The frames of those chunks that are compressed."""
    return [chunk[BLOSC_PREFIX:] for chunk in sample if struct.unpack_from("<I", chunk, 20) < struct.unpack_from("<I", chunk, 4)]


def decompress_zstd(samples):
    codec = numcodecs.Zstd()
    for sample in samples:
        for frame in sample:
            codec.decode(frame)


def read_h5py(task):
    dataset, indices = task
    files = [h5py.File(path) for path in sorted((dataset / "train").glob("*.h5"))]
    for index in indices:
        file = files[index // SHARD_SAMPLES]
        for name in ARRAYS:
            file[name][index % SHARD_SAMPLES]


def h5py_per_second(dataset, samples, processes):
    order = np.random.default_rng(0).permutation(samples)
    tasks = [(dataset, order[part::processes].tolist()) for part in range(processes)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        pool.map(read_h5py, tasks)
        start = time.perf_counter()
        pool.map(read_h5py, tasks)
        return samples / (time.perf_counter() - start)


def ours(dataset, threads):
    output = subprocess.run([BIN / "eoshard-train", "--benchmark-input", "--data", dataset, "--loader-threads", str(threads)],
                            check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    numcodecs.blosc.set_nthreads(1)
    numcodecs.blosc.use_threads = False
    chunks = read_chunks(options.dataset, 4096)
    frames = [zstd_frames(sample) for sample in chunks]
    rounds = []
    for _ in range(options.rounds):
        result = ours(options.dataset, options.threads)
        speeds = {"raw": result["raw_images_per_second"], "transformed": result["transformed_images_per_second"],
                  "c-blosc": per_second(chunks, options.threads, decompress_blosc),
                  "zstd": per_second(frames, options.threads, decompress_zstd)}
        if (options.dataset / "train").exists():
            speeds["h5py"] = h5py_per_second(options.dataset, len(chunks), options.threads)
        rounds.append(speeds)
        print({name: round(speed) for name, speed in speeds.items()}, flush=True)
    compressed = sum(len(chunk) for sample in chunks for chunk in sample) / len(chunks)
    print(f"{len(chunks)} samples, {compressed / 1000:.1f} kB compressed each, {options.threads} threads; medians: " +
          ", ".join(f"{name} {statistics.median(speeds[name] for speeds in rounds):.0f}/s" for name in rounds[0]) +
          f"; raw / c-blosc {statistics.median(speeds['raw'] / speeds['c-blosc'] for speeds in rounds):.2f}")


if __name__ == "__main__":
    main()
