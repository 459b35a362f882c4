"""eoshard-ingest beside the decoding floor, in alternating pairs, and its memory and cost per patch. By hand:

  EOSHARD_BIN=build/release/bin .deps/venv/bin/python tests/bench/bench_ingest.py --product S2A_….SAFE native upsample

Without --product a synthetic full granule is made (minutes). Cases:
  native    the native grids against the floor: ratios of CPU time and wall time, medians over the pairs
  upsample  the same with --upsample bilinear
  zip       the same from a deflated archive
  rejected  a bank of cloud over 70 % of the granule: tiles without a kept patch cost nothing
  granules  1, 2 and 4 granules: CPU per patch and peak memory
  small     200 products of 64 patches in two zones: CPU per patch
Figures are worth something only on a quiet machine; CPU time suffers less from neighbours than wall time.
"""
import argparse
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

import numpy as np
import rasterio
import rasterio.warp

BIN = pathlib.Path(os.environ.get("EOSHARD_BIN", "build/release/bin"))
FLOOR = BIN.parent / "bench" / "decode_floor"


def measure(*command):
    """Wall and CPU seconds (children included) and peak memory of a command that must succeed."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        if status != 0:
            output.seek(0)
            sys.exit(f"{command[0]} failed:\n{output.read().decode()}")
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "system_s": usage.ru_stime,
            "peak_mb": usage.ru_maxrss / 1024}


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.product = options.product or self.synthesise("granule", 10980)
        self.results = {}

    def synthesise(self, name, size, epsg=32632):
        """One clear product of `size` pixels a side."""
        out = self.folder / name
        measure(BIN / "eoshard-synth", "--out", out, "--products", 1, "--size", size, "--epsg", epsg, "--cloud-percent", 0,
                "--snow-percent", 0, "--nodata-percent", 0)
        return next(out.glob("*.SAFE"))

    def floor(self):
        return measure(FLOOR, *(["--threads", self.options.threads] if self.options.threads else []), self.product)

    def ingest(self, *arguments, products=None, covering=None):
        """One run into a fresh folder, which is removed again. `covering`: folders of products to label, if other ones."""
        products = products or [self.product]
        labels = self.options.labels or self.make_labels(covering or products)
        out = self.folder / "dataset"
        result = measure(BIN / "eoshard-ingest", "--labels", labels, "--threads", self.options.threads, "--out", out,
                         *arguments, *products)
        manifest = json.loads((out / "dataset.json").read_text())
        result["kept"] = sum(split["samples"] for split in manifest["splits"].values())
        result["patches"] = sum(source["patches"] for source in manifest["sources"])
        shutil.rmtree(out)
        return result

    def make_labels(self, products):
        """A patchwork of CORINE grid codes in EPSG:3035 at 100 m under all the products."""
        path = self.folder / "labels.tif"
        bounds = np.array([bounds_3035(product) for product in products])
        west, south = bounds[:, 0].min() - 1000, bounds[:, 1].min() - 1000
        width, height = (math.ceil((high + 1000 - low) / 100)
                         for low, high in ((west, bounds[:, 2].max()), (south, bounds[:, 3].max())))
        row, column = np.ogrid[:height, :width]
        codes = 1 + (row // 7 * 31 + column // 9 * 17) % 33
        transform = rasterio.transform.from_origin(west, south + 100 * height, 100, 100)
        with rasterio.open(path, "w", driver="GTiff", width=width, height=height, count=1, dtype="uint8", crs="EPSG:3035",
                           transform=transform, compress="lzw", tiled=True) as file:
            file.write(codes.astype(np.uint8), 1)
        return path

    def pairs(self, *arguments, **products):
        """Floor and ingest in turn; medians of the ratios within a pair."""
        rounds = [(self.floor(), self.ingest(*arguments, **products)) for _ in range(self.options.pairs)]
        ratio = lambda key: statistics.median(run[key] / floor[key] for floor, run in rounds)  # noqa: E731
        return {"cpu_ratio": ratio("cpu_s"), "wall_ratio": ratio("wall_s"),
                "floor": {key: statistics.median(floor[key] for floor, _ in rounds) for key in rounds[0][0]},
                "ingest": {key: statistics.median(run[key] for _, run in rounds) for key in rounds[0][1]}}

    def native(self):
        return self.pairs()

    def upsample(self):
        return self.pairs("--upsample", "bilinear")

    def zip(self):
        archive = self.folder / (self.product.name.removesuffix(".SAFE") + ".zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(self.product.rglob("*")):
                file.write(path, pathlib.Path(self.product.name) / path.relative_to(self.product))
        return self.pairs(products=[archive], covering=[self.product])

    def rejected(self):
        banked = clone(self.product, self.folder / "bank", "20010101")
        plant_bank(banked, 0.7)
        return self.pairs(products=[banked])

    def granules(self):
        return per_patch({count: self.ingest(products=self.clones(self.product, count)) for count in (1, 2, 4)})

    def small(self):
        bases = [self.synthesise(f"small-{epsg}", 1020, epsg) for epsg in (32632, 32633)]
        return per_patch({count: self.ingest(products=[clone_ for base in bases
                                                       for clone_ in self.clones(base, count // 2)]) for count in (50, 200)})

    def clones(self, product, count):
        """The same granule on `count` days; files are hard links."""
        return [clone(product, self.folder / "clones", f"{2001 + day // 28}01{1 + day % 28:02}") for day in range(count)]


def per_patch(runs):
    for result in runs.values():
        result["cpu_ms_per_patch"] = 1000 * result["cpu_s"] / result["patches"]
    return runs


def bounds_3035(product):
    text = next(product.glob("GRANULE/*/MTD_TL.xml")).read_text()
    read = lambda pattern: re.search(pattern, text, re.DOTALL).group(1)  # noqa: E731
    left, top = (float(read(rf'<Geoposition resolution="10">.*?<{tag}>([^<]+)')) for tag in ("ULX", "ULY"))
    side = 10 * int(read(r'<Size resolution="10">.*?<NROWS>(\d+)'))
    epsg = read(r"<HORIZONTAL_CS_CODE>([^<]+)")
    return rasterio.warp.transform_bounds(epsg, "EPSG:3035", left, top - side, left + side, top)


def clone(product, folder, day):
    """The product as if it had been taken on another day: new name and metadata, hard links to the images."""
    fields = product.name.split("_")
    taken = fields[2]
    fields[2] = day + taken[8:]
    copy = folder / "_".join(fields)
    if copy.exists():
        return copy
    shutil.copytree(product, copy, copy_function=os.link)
    xml = copy / "MTD_MSIL2A.xml"
    text = xml.read_text().replace(product.name, copy.name).replace(product.name.removesuffix(".SAFE"), copy.name.removesuffix(".SAFE"))
    text = text.replace(f"{taken[:4]}-{taken[4:6]}-{taken[6:8]}", f"{day[:4]}-{day[4:6]}-{day[6:]}")
    xml.unlink()  # the link, not the original
    xml.write_text(text)
    return copy


def plant_bank(product, share):
    """Cloud over the upper `share` of the scene classification."""
    path = next(product.glob("GRANULE/*/IMG_DATA/R20m/*SCL_20m.jp2"))
    with rasterio.open(path) as file:
        profile, classes = file.profile, file.read()
    classes[:, : int(share * classes.shape[1])] = 9
    profile.update(driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES", blockxsize=640, blockysize=640)
    path.unlink()
    with rasterio.open(path, "w", **profile) as file:
        file.write(classes)


def show(case, result):
    if "cpu_ratio" in result:
        floor, run = result["floor"], result["ingest"]
        print(f"{case}: CPU {result['cpu_ratio']:.3f}x ({run['cpu_s']:.1f} / {floor['cpu_s']:.1f} s), wall "
              f"{result['wall_ratio']:.3f}x ({run['wall_s']:.1f} / {floor['wall_s']:.1f} s), peak {run['peak_mb']:.0f} MB, "
              f"{run['kept']:.0f} of {run['patches']:.0f} patches kept", flush=True)
        return
    for count, run in result.items():
        print(f"{case} {count}: {run['cpu_ms_per_patch']:.2f} CPU ms a patch, {run['wall_s']:.1f} s wall, "
              f"peak {run['peak_mb']:.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["native", "upsample", "zip", "rejected", "granules", "small"])
    parser.add_argument("--product", type=lambda text: pathlib.Path(text).resolve(), help="full granule, a .SAFE folder")
    parser.add_argument("--labels", help="land-cover raster that covers the products (default: a patchwork is made)")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="threads of both programs (default: all cores)")
    parser.add_argument("--work", help="folder for datasets and copies, on the products' file system (default: beside them)")
    parser.add_argument("--json", help="write the results here too")
    options = parser.parse_args()
    base = options.work or (options.product.parent if options.product else None)
    with tempfile.TemporaryDirectory(prefix="eoshard-bench-", dir=base) as folder:
        bench = Bench(options, pathlib.Path(folder))
        for case in options.cases:
            bench.results[case] = getattr(bench, case)()
            show(case, bench.results[case])
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(bench.results, indent=1) + "\n")


if __name__ == "__main__":
    main()
