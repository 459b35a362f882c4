"""A PyTorch DataLoader over the samples that eoshard-train reads, with the reader of another program.

  h5py FOLDER   train/*.h5 of a dataset (zstd), or of one that `write h5py` made (uncompressed)
  mds FOLDER    MosaicML MDS, as `write mds` makes it; needs mosaicml-streaming
  none FOLDER   samples that lie in memory: what the transform alone takes

`write h5py|mds FROM TO` makes one, uncompressed, of the first samples of an HDF5 dataset. Otherwise prints images a second
as JSON: a pass over --samples in shuffled order in batches of 64, behind one that does not count; with --transformed
upsampled (bilinear) and normalised by torch to float32 12 x 120 x 120, in the loader's workers where there are some.
"""
import argparse
import json
import pathlib
import time

import h5py
import hdf5plugin  # noqa: F401  registers zstd
import numpy as np
import torch

SHAPES = {"data_10m": (4, 120, 120), "data_20m": (6, 60, 60), "data_60m": (2, 20, 20)}
SHARD_SAMPLES = 1024
BATCH = 64


class H5pySamples(torch.utils.data.Dataset):
    """Opens its files where it is used: in each worker."""

    def __init__(self, folder, samples):
        self.paths = sorted((folder / "train").glob("*.h5"))
        self.samples = samples
        self.files = None

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        self.files = self.files or [h5py.File(path) for path in self.paths]
        file = self.files[index // SHARD_SAMPLES]
        return tuple(file[name][index % SHARD_SAMPLES] for name in SHAPES)


class MdsSamples(torch.utils.data.Dataset):
    """Random access to a StreamingDataset: the loader's sampler shuffles, as for the others."""

    def __init__(self, folder, samples):
        from streaming import StreamingDataset
        self.stream = StreamingDataset(local=str(folder), batch_size=BATCH)
        self.samples = samples

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        sample = self.stream[index]
        return tuple(sample[name] for name in SHAPES)


class MemorySamples(torch.utils.data.Dataset):
    def __init__(self, folder, samples):
        self.samples = samples
        source = H5pySamples(folder, BATCH)
        self.kept = [source[index] for index in range(BATCH)]

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        return self.kept[index % BATCH]


READERS = {"h5py": H5pySamples, "mds": MdsSamples, "none": MemorySamples}


def stack(samples):
    """Three tensors (N, bands, rows, columns) uint16."""
    return [torch.from_numpy(np.stack(arrays)) for arrays in zip(*samples)]


def transform(samples):
    """(N, 12, 120, 120) float32, normalised with some means and deviations."""
    arrays = [array.float() for array in stack(samples)]
    coarse = [torch.nn.functional.interpolate(array, size=(120, 120), mode="bilinear") for array in arrays[1:]]
    cube = torch.cat([arrays[0], *coarse], 1)
    scale = torch.full((1, 12, 1, 1), 1 / 500.0)
    return cube.sub_(2000 * torch.ones_like(scale)).mul_(scale)


def use_one_thread(_worker):
    torch.set_num_threads(1)


def images_per_second(dataset, workers, collate):
    loader = torch.utils.data.DataLoader(dataset, BATCH, shuffle=True, num_workers=workers, collate_fn=collate,
                                         worker_init_fn=use_one_thread, persistent_workers=workers > 0)
    for _ in loader:
        pass
    start = time.perf_counter()
    for _ in loader:
        pass
    return len(dataset) / (time.perf_counter() - start)


def write_h5py(source, out):
    """Shards of 1024 samples, chunk by chunk as they came, uncompressed."""
    (out / "train").mkdir(parents=True)
    for first in range(0, len(source), SHARD_SAMPLES):
        count = min(SHARD_SAMPLES, len(source) - first)
        with h5py.File(out / "train" / f"shard-{first // SHARD_SAMPLES:05}.h5", "w") as file:
            arrays = [file.create_dataset(name, (count, *shape), "uint16") for name, shape in SHAPES.items()]
            for index in range(count):
                for array, values in zip(arrays, source[first + index]):
                    array[index] = values


def write_mds(source, out):
    from streaming import MDSWriter
    columns = {name: "ndarray:uint16:" + ",".join(map(str, shape)) for name, shape in SHAPES.items()}
    with MDSWriter(out=str(out), columns=columns) as writer:
        for index in range(len(source)):
            writer.write(dict(zip(SHAPES, source[index])))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="+", metavar="h5py|mds|none FOLDER | write h5py|mds FROM TO")
    parser.add_argument("--samples", type=int, default=4096)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="torch's own, without workers")
    parser.add_argument("--transformed", action="store_true")
    options = parser.parse_args()
    if options.words[0] == "write":
        source, out = (pathlib.Path(word) for word in options.words[2:])
        return {"h5py": write_h5py, "mds": write_mds}[options.words[1]](H5pySamples(source, options.samples), out)
    torch.set_num_threads(options.threads)
    dataset = READERS[options.words[0]](pathlib.Path(options.words[1]), options.samples)
    speed = images_per_second(dataset, options.workers, transform if options.transformed else stack)
    print(json.dumps({"images_per_second": speed}))


if __name__ == "__main__":
    main()
