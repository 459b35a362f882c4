"""Real pixels: a real Sentinel-2 crop wrapped as products of three eras, labelled with the real CORINE raster, compared
with what rasterio reads from the crop and with labels and filters worked out here by other means."""
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import numpy as np
import rasterio
import rasterio.warp
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import GROUPS, RESOLUTION_M, SHARED, SPLITS  # noqa: E402

CROP = "data/crops/S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419"
CORINE = "data/corine/clc100m_gridcodes_lorraine.tif"
ERAS = ["02.06", "02.14", "04.00"]
EPSG, ULX, ULY, SIZE = 32632, 300000, 5500020, 1020
CODES = [111, 112, 121, 122, 123, 124, 131, 132, 133, 141, 142, 211, 212, 213, 221, 222, 223, 231, 241, 242, 243, 244,
         311, 312, 313, 321, 322, 323, 324, 331, 332, 333, 334, 335, 411, 412, 421, 422, 423, 511, 512, 521, 522, 523]


def make_safe(out, era, *options):
    # The tool that wraps the crop needs GDAL's Python bindings, which are the system interpreter's.
    result = subprocess.run(["/usr/bin/python3", SHARED / "tools/make_safe.py", SHARED / CROP, out, "--baseline", era,
                             "--size", str(SIZE), *options], capture_output=True, text=True, check=True)
    return pathlib.Path(result.stdout.strip())


def read_band(path):
    with rasterio.open(path) as file:
        return file.read(1)


def crop_band(band):
    """The crop's DN at the product's pixel indices; the crop is of baseline 04.00, so its DN carry +1000."""
    size = SIZE * 10 // {"B01": 60, "B09": 60}.get(band, 10 if band in GROUPS["data_10m"] else 20)
    return read_band(SHARED / CROP / f"{band}.tif")[:size, :size].astype(int)


def corine_codes():
    """CORINE grid code under every 10 m pixel centre, through an exact transformation of every point."""
    x, y = np.meshgrid(ULX + 10 * (np.arange(SIZE) + 0.5), ULY - 10 * (np.arange(SIZE) + 0.5))
    with rasterio.open(SHARED / CORINE) as raster:
        east, north = rasterio.warp.transform(f"EPSG:{EPSG}", raster.crs, x.ravel(), y.ravel())
        column, row = ~raster.transform * (np.array(east), np.array(north))
        values = raster.read(1)
    return values[np.floor(row).astype(int), np.floor(column).astype(int)].reshape(SIZE, SIZE)


class RealProducts(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        harness.need_shared(CROP, CORINE, "tools/make_safe.py")
        super().setUpClass()
        place = ["--at", f"{EPSG},{ULX},{ULY}", "--tile", "T32ULV"]
        cls.products = {era: make_safe(cls.root / "in", era, *place) for era in ERAS}
        for era, product in cls.products.items():
            harness.run("eoshard-ingest", "--labels", SHARED / CORINE, "--nomenclature", "bigearthnet-19",
                        "--out", cls.root / era, product, ranks=2)

    def samples(self, era):
        """(row of samples.csv, {array: values}) of every sample."""
        dataset = self.root / era
        groups = {split: zarr.open_group(dataset / f"{split}.zarr", mode="r") for split in SPLITS}
        for row in harness.rows(dataset / "samples.csv"):
            group = groups[row["split"]]
            index = int(row["index"])
            yield row, {name: group[name][index] for name in [*GROUPS, "classes", "patch_id"]}

    def position(self, row):
        return int(row["column"]), int(row["row"])

    def test_values_are_the_crop_s(self):
        bands = {band: crop_band(band) for names in GROUPS.values() for band in names}
        for era in ERAS:
            count = 0
            for row, arrays in self.samples(era):
                column, line = self.position(row)
                for name, names in GROUPS.items():
                    side = 1200 // RESOLUTION_M[name]
                    where = np.s_[line * side:(line + 1) * side, column * side:(column + 1) * side]
                    for plane, band in enumerate(names):
                        expected = np.maximum(bands[band][where] - 1000, 1)
                        if band == "B08":  # the planted dark water lies below the offset: 1 in every era
                            dark = np.zeros((SIZE, SIZE), bool)
                            dark[int(.45 * SIZE):int(.5 * SIZE), int(.45 * SIZE):int(.5 * SIZE)] = True
                            expected = np.where(dark[where], 1, expected)
                        np.testing.assert_array_equal(arrays[name][plane], expected, err_msg=f"{era} {row['patch_id']} {band}")
                count += 1
            self.assertGreater(count, 30)

    def test_eras_give_the_same_samples(self):
        reference = [(self.position(row), row["split"], row["labels"], arrays) for row, arrays in self.samples(ERAS[0])]
        for era in ERAS[1:]:
            for (position, split, labels, expected), (row, arrays) in zip(reference, self.samples(era), strict=True):
                self.assertEqual((position, split, labels), (self.position(row), row["split"], row["labels"]))
                for name in [*GROUPS, "classes"]:
                    np.testing.assert_array_equal(arrays[name], expected[name])

    def test_patch_ids(self):
        for era in ERAS:
            stem = self.products[era].name.removesuffix(".SAFE").rsplit("_", 1)[0]
            for row, arrays in self.samples(era):
                column, line = self.position(row)
                self.assertEqual(row["patch_id"], f"{stem}_{column:02}_{line:02}")
                self.assertEqual(bytes(arrays["patch_id"]).rstrip(b"\0").decode(), row["patch_id"])
                self.assertEqual((row["epsg"], row["ulx"], row["uly"]),
                                 (str(EPSG), str(ULX + 1200 * column), str(ULY - 1200 * line)))
                self.assertEqual(row["mgrs_tile"], "T32ULV")

    def test_reject_reasons(self):
        """Every planted area, judged here from the product's own rasters."""
        for era, product in self.products.items():
            scl = read_band(next(product.glob("GRANULE/*/IMG_DATA/R20m/*SCL_20m.jp2")))
            b05 = read_band(next(product.glob("GRANULE/*/IMG_DATA/R20m/*B05_20m.jp2")))
            expected = {}
            for line in range(8):
                for column in range(8):
                    where = np.s_[line * 60:(line + 1) * 60, column * 60:(column + 1) * 60]
                    share = {value: np.mean(scl[where] == value) for value in range(12)}
                    if share[0] > 0:
                        expected[column, line] = "no_data"
                    elif share[3] + share[8] + share[9] + share[10] > 0.1:
                        expected[column, line] = "cloud"
                    elif share[11] > 0.1:
                        expected[column, line] = "snow"
                    elif (b05[where] == 0).any():
                        expected[column, line] = "zero_pixels"
            found = {self.position(row): row["reason"] for row in harness.rows(self.root / era / "rejected.csv")}
            self.assertEqual(found, expected)
            self.assertEqual({*expected.values()}, {"no_data", "cloud", "snow", "zero_pixels"})
            counts = {reason: count for reason, count in harness.manifest(self.root / era)["rejected"].items() if count}
            self.assertEqual(counts, dict(collections.Counter(expected.values())))

    def test_shadow_and_cirrus_alone(self):
        """The planted shadow under a limit of its own, and the cirrus that counts as cloud."""
        out = self.folder / "shadow"
        harness.run("eoshard-ingest", "--labels", SHARED / CORINE, "--max-shadow-percent", 5, "--out", out, self.products["04.00"])
        scl = read_band(next(self.products["04.00"].glob("GRANULE/*/IMG_DATA/R20m/*SCL_20m.jp2")))
        reasons = {self.position(row): row["reason"] for row in harness.rows(out / "rejected.csv")}
        share = lambda value, column, line: np.mean(scl[line * 60:line * 60 + 60, column * 60:column * 60 + 60] == value)  # noqa: E731
        shadowed = [(c, r) for c in range(8) for r in range(8) if share(3, c, r) > .05 and share(9, c, r) <= .1]
        cirrus = [(c, r) for c in range(8) for r in range(8) if share(10, c, r) > .1]
        self.assertTrue(shadowed and cirrus)
        for position in shadowed:
            self.assertEqual(reasons[position], "shadow")
        for position in cirrus:
            self.assertEqual(reasons[position], "cloud")

    def test_labels_are_corine_s(self):
        codes = corine_codes()
        classes = harness.manifest(self.root / "04.00")["classes"]
        self.assertEqual(len(classes), 19)
        merged = [[111, 112], [121], [211, 212, 213], [221, 222, 223, 241], [231], [242], [243], [244], [311], [312], [313],
                  [321, 333], [322, 323], [324], [331], [411, 412], [421, 422], [511, 512], [521, 522, 523]]
        for row, arrays in self.samples("04.00"):
            column, line = self.position(row)
            patch = codes[line * 120:(line + 1) * 120, column * 120:(column + 1) * 120]
            # The warp may be an eighth of a 100 m pixel off: a class on a sliver may be missed or gained, no other.
            around = codes[max(line * 120 - 2, 0):(line + 1) * 120 + 2, max(column * 120 - 2, 0):(column + 1) * 120 + 2]
            for index, members in enumerate(merged):
                grid_codes = [CODES.index(code) + 1 for code in members]
                if np.isin(patch, grid_codes).mean() > 0.005:
                    self.assertEqual(arrays["classes"][index], 1, f"{row['patch_id']} lacks {classes[index]}")
                if not np.isin(around, grid_codes).any():
                    self.assertEqual(arrays["classes"][index], 0, f"{row['patch_id']} has {classes[index]}")
            self.assertEqual(row["labels"].split(";"), [name for name, bit in zip(classes, arrays["classes"]) if bit])

    def test_statistics_are_numpy_s(self):
        dataset = self.root / "02.14"
        for split, described in harness.manifest(dataset)["splits"].items():
            group = zarr.open_group(dataset / f"{split}.zarr", mode="r")
            self.assertEqual(described["samples"], group["classes"].shape[0])
            self.assertEqual(described["class_counts"], group["classes"][:].sum(0).tolist())
            for name, bands in GROUPS.items():
                values = group[name][:].astype(np.int64)
                for plane, band in enumerate(bands):
                    statistics = described["statistics"][band]
                    self.assertEqual(int(statistics["sum"]), values[:, plane].sum())
                    self.assertEqual(int(statistics["sum_of_squares"]), (values[:, plane] ** 2).sum())
                    self.assertAlmostEqual(statistics["mean"], values[:, plane].mean(), places=9)
                    self.assertAlmostEqual(statistics["standard_deviation"], values[:, plane].std(), places=9)
                    self.assertEqual((statistics["minimum"], statistics["maximum"]),
                                     (values[:, plane].min(), values[:, plane].max()))

    def on_another_day(self, product, day):
        """The same pixels as another scene; processings of one scene would not all be taken."""
        copy = shutil.copytree(product, self.folder / f"{day}.SAFE")
        xml = copy / "MTD_MSIL2A.xml"
        text, changed = re.subn(r"(<PRODUCT_URI\w*>S2A_MSIL2A_202207)06", rf"\g<1>{day}", xml.read_text())
        self.assertEqual(changed, 1)
        xml.write_text(text)
        return copy

    def test_no_ground_square_is_in_two_splits(self):
        out = self.folder / "together"
        dates = [self.on_another_day(product, day) for day, product in enumerate(self.products.values(), start=11)]
        harness.run("eoshard-ingest", "--labels", SHARED / CORINE, "--out", out, *dates, ranks=3)
        splits = collections.defaultdict(set)
        for row in harness.rows(out / "samples.csv"):
            splits[row["epsg"], row["ulx"], row["uly"]].add(row["split"])
        self.assertTrue(all(len(names) == 1 for names in splits.values()))
        self.assertEqual({len(harness.rows(out / "samples.csv"))}, {3 * len(splits)})

    def test_a_product_without_its_10_m_bands_is_refused(self):
        product = next((SHARED / "data/products").glob("*T33TVM*.SAFE"))
        result = harness.run("eoshard-ingest", "--labels", SHARED / CORINE, "--out", self.folder / "out", product, ranks=2, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(harness.errors(result)), 1, result.stderr)
        self.assertIn("lacks B02 at 10 m", result.stderr)
        self.assertFalse((self.folder / "out" / "dataset.json").exists())


class RealProduct(harness.FolderTest):
    def test_the_bands_that_it_has_are_read_and_checked(self):
        """A real product of baseline 05.11 as ESA made it: names, metadata, tiling and SHA3-256 checksums."""
        harness.need_shared("data/products")
        product = next((SHARED / "data/products").glob("*T33TVM*.SAFE"))
        labels, out = self.folder / "labels.tif", self.folder / "out"
        subprocess.run(["gdal_create", "-q", "-ot", "Byte", "-burn", "23", "-outsize", "1200", "1200", "-a_srs", "EPSG:3035",
                        "-a_ullr", "4000000", "3000000", "5200000", "1800000", labels], check=True)
        harness.run("eoshard-ingest", "--labels", labels, "--out", out, "--bands", "B01,B09,SCL", "--check-source",
                    "--max-cloud-percent", 100, "--max-snow-percent", 100, product)
        bands = {name: read_band(next(product.glob(f"GRANULE/*/IMG_DATA/R{metres}m/*_{name}_{metres}m.jp2")))
                 for name, metres in (("B01", 60), ("B09", 60), ("SCL", 20))}
        full = {(c, r) for c in range(91) for r in range(91) if bands["SCL"][r * 60:r * 60 + 60, c * 60:c * 60 + 60].all()
                and all(bands[name][r * 20:r * 20 + 20, c * 20:c * 20 + 20].all() for name in ("B01", "B09"))}
        rows = harness.rows(out / "samples.csv")
        self.assertEqual({(int(row["column"]), int(row["row"])) for row in rows}, full)
        groups = {split: zarr.open_group(out / f"{split}.zarr", mode="r") for split in SPLITS}
        for row in rows[::97]:
            c, r = int(row["column"]), int(row["row"])
            group, index = groups[row["split"]], int(row["index"])
            for plane, name in enumerate(("B01", "B09")):
                expected = np.maximum(bands[name][r * 20:r * 20 + 20, c * 20:c * 20 + 20].astype(int) - 1000, 1)
                np.testing.assert_array_equal(group["data_60m"][index][plane], expected)
            np.testing.assert_array_equal(group["scl"][index].squeeze(), bands["SCL"][r * 60:r * 60 + 60, c * 60:c * 60 + 60])


harness.main()
