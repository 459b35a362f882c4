"""The input pipeline of eoshard-train beside others that give the same samples, in turn. By hand:

  EOSHARD_BIN=build/release/bin .deps/venv/bin/python tests/bench/bench_input.py --work DIR --mds-python DIR/mds/bin/python

Images a second, medians over the rounds, everything in the page cache, all on --threads threads or processes:
  raw, transformed        samples decoded, and upsampled, normalised and flipped as float32 batches (eoshard-train
                          --benchmark-input); the same with decoded samples kept in memory (--cache decoded), of which
                          raw ones are found and not even copied
  c-blosc, zstd           the same chunks decompressed from memory, and their zstd frames alone
  h5py, h5py-plain, mds   shuffled samples from HDF5 shards (zstd), from uncompressed ones, and from MosaicML MDS
                          (uncompressed, which is what its reader keeps on disk of compressed shards too), by a PyTorch
                          DataLoader (torch_input.py): the best of none and two workers; and upsampled and normalised
                          by torch
  torch                   torch's upsampling and normalising alone, of samples in memory

DIR holds a synthetic dataset, the copies and every figure; what is there is not made again. MDS needs its own environment,
whose path.pth lends it the project's packages; without --mds-python it is left out:

  python3 -m venv DIR/mds
  echo $PWD/.deps/venv/lib/python3.*/site-packages > $(echo DIR/mds/lib/python3.*/site-packages)/path.pth
  DIR/mds/bin/pip install mosaicml-streaming
"""
import argparse
import concurrent.futures
import json
import pathlib
import shutil
import statistics
import struct
import sys
import time

import numcodecs
import numcodecs.blosc
import numpy as np

from bench_tools import BIN, Results, call, synthetic_dataset
from torch_input import SHAPES, SHARD_SAMPLES

HERE = pathlib.Path(__file__).resolve().parent
BLOSC_PREFIX = 24  # bytes before the zstd frame


def read_chunks(dataset, most):
    """Encoded chunks of the first samples of the training split: a list a sample."""
    samples = []
    for name in SHAPES:
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


class Bench:
    def __init__(self, options):
        self.work, self.threads = options.work, options.threads
        self.results = Results(options.work / "results")
        self.dataset = synthetic_dataset(options.work, options.side, "--format", "zarr,hdf5")
        chunks = read_chunks(self.dataset, 4096)
        self.samples = len(chunks)
        self.compressed_bytes = sum(len(chunk) for sample in chunks for chunk in sample) / len(chunks)
        self.python = {"h5py": sys.executable, "h5py-plain": sys.executable}
        if options.mds_python:
            self.python["mds"] = options.mds_python
        else:
            print("MDS is left out: --mds-python", flush=True)
        self.folders = {name: self.copy(name) for name in self.python}
        self.programs = self.own_programs() | self.floors(chunks) | self.loaders()

    def copy(self, name):
        """The folder that this loader reads."""
        if name == "h5py":
            return self.dataset
        out = self.work / name
        draft = self.work / f"{name}.tmp"
        if not out.exists():
            shutil.rmtree(draft, ignore_errors=True)
            call(self.python[name], HERE / "torch_input.py", "write", name.removesuffix("-plain"), self.dataset, draft,
                 "--samples", self.samples)
            draft.rename(out)
        return out

    def own_programs(self):
        return {"none": lambda: self.ours("none"), "decoded": lambda: self.ours("decoded")}

    def ours(self, cache):
        result = json.loads(call(BIN / "eoshard-train", "--benchmark-input", "--data", self.dataset, "--cache", cache,
                                 "--loader-threads", self.threads))
        suffix = "" if cache == "none" else f"-{cache}"
        return {f"{kind}{suffix}": result[f"{kind}_images_per_second"] for kind in ("raw", "transformed")}

    def floors(self, chunks):
        frames = [zstd_frames(sample) for sample in chunks]
        return {"c-blosc": lambda: {"c-blosc": per_second(chunks, self.threads, decompress_blosc)},
                "zstd": lambda: {"zstd": per_second(frames, self.threads, decompress_zstd)}}

    def loaders(self):
        programs = {name: lambda name=name: self.best_loader(name, self.folders[name]) for name in self.folders}
        return programs | {"torch": lambda: {"torch": self.loader("none", self.dataset, 0, "--transformed")}}

    def best_loader(self, name, folder):
        """Speeds of both kinds, with as many workers as suit each."""
        return {f"{name}{suffix}": max(self.loader(name, folder, workers, *kind) for workers in (0, self.threads))
                for suffix, kind in (("", ()), ("-transformed", ("--transformed",)))}

    def loader(self, name, folder, workers, *kind):
        output = call(self.python.get(name, sys.executable), HERE / "torch_input.py", name.removesuffix("-plain"), folder,
                      "--samples", self.samples, "--workers", workers, "--threads", self.threads, *kind)
        return json.loads(output)["images_per_second"]

    def round(self, number):
        speeds = {}
        for name, program in self.programs.items():
            speeds |= self.results.once(f"{number}-{self.threads}-{name}", program)
        print(f"round {number}: " + ", ".join(f"{name} {speed:.0f}" for name, speed in speeds.items()), flush=True)
        return speeds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the dataset, the copies and the figures")
    parser.add_argument("--mds-python", help="of an environment with mosaicml-streaming")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=8400, help="of the synthetic product, 10 m pixels")
    options = parser.parse_args()
    numcodecs.blosc.set_nthreads(1)
    numcodecs.blosc.use_threads = False
    bench = Bench(options)
    rounds = [bench.round(number) for number in range(options.rounds)]
    median = lambda value: statistics.median(value(speeds) for speeds in rounds)  # noqa: E731
    others = [name for name in rounds[0] if name.endswith("-transformed")]
    print(f"{bench.samples} samples, {bench.compressed_bytes / 1000:.1f} kB compressed each, {options.threads} threads; medians: "
          + ", ".join(f"{name} {median(lambda speeds: speeds[name]):.0f}/s" for name in rounds[0]))
    print(f"of the ratios: raw / c-blosc {median(lambda speeds: speeds['raw'] / speeds['c-blosc']):.2f}, transformed / best "
          f"other {median(lambda speeds: speeds['transformed'] / max(speeds[name] for name in others)):.2f}")


if __name__ == "__main__":
    main()
