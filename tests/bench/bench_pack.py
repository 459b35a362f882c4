"""eoshard-pack of a synthetic BigEarthNet v1 beside its floor and a Python script, in turns, and its memory. By hand:

  EOSHARD_BIN=build/release/bin .deps/venv/bin/python tests/bench/bench_pack.py [--patches 20000] [--pairs 3] tree tar gz memory

Cases:
  tree    the folder tree; floor: tiff_floor reads the same files and decodes them with libtiff; the same with zstd
          (tiff_floor --zstd); Python: rasterio and h5py, two processes
  cold    the same two without Python, the files' contents dropped from the page cache before each run
  tar     the tar of it; floor: tiff_floor reads it with libarchive
  gz      the tar.gz; floor: gzip -dc
  memory  peak memory of a rank at a tenth, a half and all of the patches
Figures are worth something only on a quiet machine.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ.get("EOSHARD_BIN", "build/release/bin"))
FLOOR = BIN.parent / "bench" / "tiff_floor"
MAKE = BIN.parent / "tests" / "make_bigearthnet"
GROUPS = {"data_10m": ["B02", "B03", "B04", "B08"], "data_20m": ["B05", "B06", "B07", "B8A", "B11", "B12"],
          "data_60m": ["B01", "B09"]}


def measure(*command):
    """Wall and CPU seconds and peak memory of a command that must succeed."""
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed: {message.decode()}")
    return {"wall_s": time.monotonic() - start, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def python_share(folders, out):
    """What a script would do: rasterio, and an HDF5 file of zstd chunks."""
    import h5py
    import hdf5plugin
    import numpy as np
    import rasterio
    with h5py.File(out, "w") as file:
        arrays = {}
        for index, folder in enumerate(folders):
            for name, bands in GROUPS.items():
                images = []
                for band in bands:
                    with rasterio.open(folder / f"{folder.name}_{band}.tif") as image:
                        images.append(image.read(1))
                cube = np.stack(images)
                if name not in arrays:
                    arrays[name] = file.create_dataset(name, (len(folders), *cube.shape), np.uint16, chunks=(1, *cube.shape),
                                                       shuffle=True, **hdf5plugin.Zstd(clevel=3))
                arrays[name][index] = cube
            json.loads((folder / f"{folder.name}_labels_metadata.json").read_text())


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        subprocess.run([MAKE, folder / "in", "--patches", str(options.patches)], check=True)
        self.tree = folder / "in/BigEarthNet-v1.0"
        self.results = {"patches": options.patches}

    def pack(self, source):
        out = self.folder / "out"
        result = measure(BIN / "eoshard-pack", "bigearthnet-v1", "--unlisted", "train", "--threads", 2, "--out", out, source)
        shutil.rmtree(out)
        return result

    def compare(self, name, source, floors, before=lambda: None):
        """Runs pack and each of the floors (name -> command) in turns."""
        found = {"pack": [], **{floor: [] for floor in floors}}
        for _ in range(self.options.pairs):
            for floor, command in floors.items():
                before()
                found[floor].append(measure(*command))
            before()
            found["pack"].append(self.pack(source))
        self.results[name] = found
        for floor in floors:
            for quantity in ("wall_s", "cpu_s"):
                ratios = [run[quantity] / low[quantity] for run, low in zip(found["pack"], found[floor])]
                found[f"{quantity}_over_{floor}"] = statistics.median(ratios)

    def tar(self, name, *options):
        path = self.folder / name
        if not path.exists():
            subprocess.run(["tar", "-C", self.tree.parent, *options, "-cf", path, self.tree.name], check=True)
        return path

    def case_tree(self):
        floor = [FLOOR, "--threads", 2, self.tree]
        self.compare("tree", self.tree, {"floor": floor, "floor_zstd": [*floor, "--zstd"]})
        self.results["tree"]["python"] = measure(sys.executable, __file__, "--python", self.tree, "--out", self.folder)

    def case_cold(self):
        self.compare("cold", self.tree, {"floor": [FLOOR, "--threads", 2, self.tree]}, self.drop_from_page_cache)

    def drop_from_page_cache(self):
        os.sync()
        for file in self.tree.glob("*/*"):
            descriptor = os.open(file, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)

    def case_tar(self):
        path = self.tar("v1.tar")
        self.compare("tar", path, {"floor": [FLOOR, "--threads", 2, path]})

    def case_gz(self):
        path = self.tar("v1.tar.gz", "-z")
        self.compare("gz", path, {"floor": ["gzip", "-dc", path]})

    def case_memory(self):
        names = sorted(folder.name for folder in self.tree.iterdir())
        for share in (10, 2, 1):
            count = len(names) // share
            listed = self.folder / "listed.csv"
            listed.write_text("\n".join(names[:count]) + "\n")
            out = self.folder / "out"
            result = measure(BIN / "eoshard-pack", "bigearthnet-v1", "--split", f"lists:{listed},,", "--threads", 2, "--out",
                             out, self.tree)
            shutil.rmtree(out)
            self.results.setdefault("memory", {})[count] = result["peak_mb"]


def run_python(tree, out):
    from concurrent.futures import ProcessPoolExecutor
    folders = sorted(pathlib.Path(tree).iterdir())
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(python_share, [folders[0::2], folders[1::2]], [f"{out}/0.h5", f"{out}/1.h5"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["tree"])
    parser.add_argument("--patches", type=int, default=20000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--folder", help="where to work; default: the system's folder for temporary files")
    parser.add_argument("--python", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.python:
        return run_python(options.python, options.out)
    with tempfile.TemporaryDirectory(prefix="bench-pack-", dir=options.folder) as folder:
        bench = Bench(options, pathlib.Path(folder))
        for case in options.cases:
            getattr(bench, f"case_{case}")()
            print(json.dumps({case: bench.results[case]}), flush=True)


main()
