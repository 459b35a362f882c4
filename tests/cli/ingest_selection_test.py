"""Which patches are kept and where they go: probabilities, lists, splits, raw values and the dry run, judged here from
the products' own rasters by rasterio and numpy."""
import bz2
import collections
import json
import math
import pathlib
import shutil
import sys

import numpy as np
import rasterio
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

SCL = "IMG_DATA/R20m/*SCL_20m.jp2"
KEEP_ALL = ["--max-nodata-percent", 100, "--max-cloud-percent", 100, "--max-snow-percent", 100, "--min-labelled-percent", 0]


def read(path):
    with rasterio.open(path) as file:
        return file.read(1)


def layer(product, pattern):
    return read(next(product.glob(f"GRANULE/*/{pattern}")))


def write_layer(product, pattern, values):
    path = next(product.glob(f"GRANULE/*/{pattern}"))
    path.unlink()
    profile = {"driver": "JP2OpenJPEG", "width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": "uint8",
               "REVERSIBLE": "YES", "QUALITY": "100"}
    with rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)


def squares(raster, side=60):
    """{(column, row): the patch's pixels}"""
    count = raster.shape[0] // side
    return {(c, r): raster[r * side:(r + 1) * side, c * side:(c + 1) * side] for c in range(count) for r in range(count)}


def probability(product, kind):
    """The pattern of a probability raster, "CLD" or "SNW", by the names of the product's era."""
    return f"QI_DATA/{f'MSK_{kind}PRB' if '_N0400_' in product.name else f'*_{kind}'}_20m.jp2"


def product_part(product):
    return product.stem.rsplit("_", 1)[0]


class Selection(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Two neighbours of 6 x 6 patches with a rest, old and new file names.
        cls.products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 780, "--cloud-percent", 15,
                                          "--snow-percent", 10, "--baseline", "02.06,04.00")
        # Probabilities that have nothing to do with the classes, and some saturated pixels.
        random = np.random.default_rng(7)
        for product in cls.products:
            for kind in ("CLD", "SNW"):
                values = np.kron(random.integers(0, 101, (13, 13)) * random.integers(0, 2, (13, 13)), np.ones((30, 30)))
                write_layer(product, probability(product, kind), values.astype(np.uint8))
            scl = layer(product, SCL)
            for line in range(6):
                scl[60 * line + 10:60 * line + 12, 190:195] = 1
            write_layer(product, SCL, scl)
        cls.clc = cls.root / "in/clc.tif"

    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"

    def ingest(self, *options, products=None, **how):
        return harness.run("eoshard-ingest", "--labels", self.clc, "--out", self.out, *options, *(products or self.products), **how)

    def refuse(self, *message, options=(), products=None, status=1):
        result = self.ingest(*options, products=products, ranks=2, check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(len(harness.errors(result)), 1, result.stderr)
        for part in message:
            self.assertIn(str(part), harness.errors(result)[0])
        self.assertFalse((self.out / "dataset.json").exists())

    def reasons(self):
        """{patch id: reason or 'kept'}"""
        found = {row["patch_id"]: row["reason"] for row in harness.rows(self.out / "rejected.csv")}
        return found | {row["patch_id"]: "kept" for row in harness.rows(self.out / "samples.csv")}

    def splits(self):
        return {row["patch_id"]: row["split"] for row in harness.rows(self.out / "samples.csv")}

    def write_list(self, name, ids, end="\r\n"):
        path = self.folder / name
        text = "".join(f"{patch}{end}" for patch in ids).encode()
        path.write_bytes(bz2.compress(text) if name.endswith(".bz2") else text)
        return path

    def test_probabilities_count_as_numpy_counts_them(self):
        self.ingest("--cloud-probability", 70, "--snow-probability", 80, "--max-cloud-percent", 20, "--max-shadow-percent", 4,
                    "--max-snow-percent", 5, "--max-saturated-percent", 0.1, "--min-labelled-percent", 0, ranks=2)
        reasons, expected = self.reasons(), {}
        rows = {row["patch_id"]: row for name in ("samples", "rejected") for row in harness.rows(self.out / f"{name}.csv")}
        for product in self.products:
            scl = squares(layer(product, SCL))
            cloud_raster = squares(layer(product, probability(product, "CLD")))
            snow_raster = squares(layer(product, probability(product, "SNW")))
            for (column, line), classes in scl.items():
                valid = classes != 0
                cloud = valid & (np.isin(classes, (8, 9, 10)) | (cloud_raster[column, line] >= 70))
                shadow = (classes == 3) & ~cloud
                snow = valid & ((classes == 11) | (snow_raster[column, line] >= 80))
                name = f"{product_part(product)}_{column:02}_{line:02}"
                for field, pixels in (("cloud", cloud), ("shadow", shadow), ("snow", snow), ("no_data", ~valid)):
                    self.assertAlmostEqual(float(rows[name][f"{field}_fraction"]), pixels.mean(), places=6)
                expected[name] = ("no_data" if not valid.all() else "cloud" if cloud.mean() > .2 else "shadow" if shadow.mean() > .04
                                  else "snow" if snow.mean() > .05 else "saturated" if (classes == 1).mean() > .001 else reasons[name])
        self.assertEqual(reasons, expected)
        self.assertGreaterEqual({*expected.values()}, {"kept", "cloud", "shadow", "snow", "saturated"})

    def test_probabilities_above_100_are_refused(self):
        product = self.folder / self.products[1].name
        shutil.copytree(self.products[1], product)
        values = layer(product, "QI_DATA/MSK_CLDPRB_20m.jp2")
        values[100, 200] = 101
        write_layer(product, "QI_DATA/MSK_CLDPRB_20m.jp2", values)
        self.refuse("MSK_CLDPRB_20m.jp2", "101", options=["--cloud-probability", 50], products=[self.products[0], product])
        self.ingest(products=[self.products[0], product])  # not asked for, not read

    def test_a_product_without_the_raster_is_refused(self):
        product = self.folder / self.products[1].name
        shutil.copytree(self.products[1], product)
        next(product.glob("GRANULE/*/QI_DATA/MSK_SNWPRB_20m.jp2")).unlink()
        self.refuse(product_part(product), "no snow probability", "--snow-probability", options=["--snow-probability", 50],
                    products=[self.products[0], product])

    def test_scene_classes_above_11_are_refused(self):
        product = self.folder / self.products[0].name
        shutil.copytree(self.products[0], product)
        values = layer(product, SCL)
        values[10, 20] = 12
        write_layer(product, SCL, values)
        self.refuse("SCL_20m.jp2", "holds 12", products=[product, self.products[1]])

    def test_lists_exclude_and_include(self):
        first, second = map(product_part, self.products)
        other_baseline = first.replace("_N0206_", "_N9999_")
        excluded = self.write_list("excluded.csv.bz2", [f"{other_baseline}_00_00", f"{other_baseline}_5_4"])
        included = self.write_list("included.txt", ["patch_id", f"{first}_00_00", f"{first}_01_00", f"{second}_02_02",
                                                    "S2A_MSIL2A_20150704T101031_N9999_R022_T33UUP_26_57"], end="\n")
        result = self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--exclude-list", excluded, ranks=2)
        dropped = {name for name, reason in self.reasons().items() if reason == "excluded"}
        self.assertEqual(dropped, {f"{first}_00_00", f"{first}_05_04"})
        self.assertNotIn("match no product", result.stderr)
        result = self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--exclude-list", excluded, "--include-list", included,
                             "--overwrite", ranks=2)
        self.assertEqual({name for name, reason in self.reasons().items() if reason == "kept"}, {f"{first}_01_00", f"{second}_02_02"})
        self.assertEqual(result.stderr.count("1 of 4 names match no product"), 1, result.stderr)
        self.assertEqual(harness.manifest(self.out)["rejected"]["excluded"], 70)

    def one_overpass(self):
        """The second product as if it had been sensed together with the first: both parts of names, and their overpass."""
        first, second = (product_part(product) for product in self.products)
        overpass, other = ("_".join(part.split("_")[:3]) for part in (first, second))
        product = self.folder / self.products[1].name.replace(other, overpass)
        shutil.copytree(self.products[1], product)
        xml = product / "MTD_MSIL2A.xml"
        text = xml.read_text().replace(f"{other}_", f"{overpass}_").replace("Sentinel-2B", "Sentinel-2A")
        xml.write_text(text.replace("2022-06-12T10:26:02", "2017-06-07T10:26:01"))
        self.products = [self.products[0], product]
        return first, second.replace(other, overpass), overpass

    def test_v1_names(self):
        first, second, overpass = self.one_overpass()
        names = self.write_list("v1.csv", [f"{overpass}_1_2"])
        self.refuse(f"{overpass}_1_2 matches", f"{first}_01_02 and {second}_01_02", "--v2-metadata", options=["--exclude-list", names])
        result = self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--exclude-list", names, products=self.products[:1])
        self.assertEqual({name for name, reason in self.reasons().items() if reason == "excluded"}, {f"{first}_01_02"})
        self.assertIn("joined by satellite and time alone", result.stderr)
        row = next(row for row in harness.rows(self.out / "samples.csv") if row["patch_id"] == f"{first}_03_04")
        square = self.write_list("square.csv", ["patch,epsg,ulx,uly", f"{overpass}_3_4,{row['epsg']},{row['ulx']},{row['uly']}"])
        result = self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--exclude-list", square, "--overwrite")
        self.assertEqual({name for name, reason in self.reasons().items() if reason == "excluded"}, {f"{first}_03_04"})
        self.assertNotIn("joined by", result.stderr)

    @harness.needs_parquet
    def test_v1_names_through_the_table_of_v2(self):
        pyarrow = __import__("pyarrow", fromlist=["parquet"])
        from pyarrow import parquet
        first, second, overpass = self.one_overpass()
        table = self.folder / "metadata.parquet"
        ids = [f"{second}_{c:02}_{r:02}" for c in range(6) for r in range(6)]
        parquet.write_table(pyarrow.table({"patch_id": ids, "s2v1_name": [f"{overpass}_{c}_{r}" for c in range(6) for r in range(6)]}), table)
        names = self.write_list("v1.csv", [f"{overpass}_1_2", f"{overpass}_77_2"])
        result = self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--exclude-list", names, "--v2-metadata", table, ranks=2)
        self.assertEqual({name for name, reason in self.reasons().items() if reason == "excluded"}, {f"{second}_01_02"})
        self.assertIn("1 of 2 names in BigEarthNet v1's form are in no table", result.stderr)
        self.assertNotIn("match no product", result.stderr)

    def test_bad_lists_are_refused(self):
        first, second = map(product_part, self.products)
        self.refuse("nothing.csv", options=["--exclude-list", self.folder / "nothing.csv"])
        self.refuse("bad.csv", "row 2", "'hello_1_2'", options=["--exclude-list", self.write_list("bad.csv", [f"{first}_00_00", "hello_1_2"])])
        self.refuse(f"{first}_06_00 is no patch", "6 columns", options=["--include-list", self.write_list("far.csv", [f"{first}_06_00"])])
        cut = self.write_list("cut.csv.bz2", [f"{first}_00_00"] * 50)
        cut.write_bytes(cut.read_bytes()[:-10])
        self.refuse("cut.csv.bz2", options=["--exclude-list", cut])

    def test_splits_of_lists(self):
        first, second = map(product_part, self.products)
        train = self.write_list("train.csv", [f"{first}_{c:02}_{r:02}" for c in range(6) for r in range(6)])
        test = self.write_list("test.csv.bz2", [f"{second}_00_00", f"{second}_01_01"])
        self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--split", f"lists:{train},,{test}", ranks=2)
        self.assertEqual(collections.Counter(self.splits().values()), {"train": 36, "test": 2})
        self.assertEqual(collections.Counter(self.reasons().values())["excluded"], 34)
        both = self.write_list("both.csv", [f"{first}_02_03"])
        self.refuse("two splits", f"{first}_02_03 (train)", "(validation)", options=["--split", f"lists:{train},{both},", "--overwrite"])

    def test_rules_of_splits(self):
        side = 7800.0
        outer, inner = side * (2 - math.sqrt(2)) / 4, side * (math.sqrt(2) - 1) / 4

        def ring(row):
            x, y = 1200 * int(row["column"]) + 600, 1200 * int(row["row"]) + 600
            depth = min(x, y, side - x, side - y)
            return "train" if depth < outer else "validation" if depth < outer + inner else "test"

        self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--split", "rings", ranks=2)
        rows = harness.rows(self.out / "samples.csv")
        self.assertEqual([row["split"] for row in rows], [ring(row) for row in rows])
        self.assertEqual({row["split"] for row in rows}, {"train", "validation", "test"})
        self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--split", "products:50/25/25", "--overwrite")
        of_tile = collections.defaultdict(set)
        for row in harness.rows(self.out / "samples.csv"):
            of_tile[row["mgrs_tile"]].add(row["split"])
        self.assertEqual([len(names) for names in of_tile.values()], [1, 1])
        self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--split", "blocks:2.4:34/33/33", "--overwrite", ranks=3)
        of_block = collections.defaultdict(set)
        for row in harness.rows(self.out / "samples.csv"):
            of_block[row["epsg"], (int(row["ulx"]) + 600) // 2400, (int(row["uly"]) - 600) // 2400].add(row["split"])
        self.assertTrue(all(len(names) == 1 for names in of_block.values()))
        self.assertEqual(set().union(*of_block.values()), {"train", "validation", "test"})

    def test_dry_run_counts_what_a_run_keeps(self):
        options = ["--split", "blocks:2.4:34/33/33", "--cloud-probability", 50]
        result = self.ingest("--dry-run", "--json", *options, ranks=2)
        self.assertFalse(self.out.exists())
        counts = json.loads(result.stdout)
        self.assertIn("candidate", self.ingest("--dry-run", *options).stdout)
        self.ingest(*options)
        reasons = collections.Counter(self.reasons().values())
        zeros = reasons.pop("zero_pixels", 0)  # seen only when bands are decoded
        self.assertEqual(counts["total"]["candidates"], reasons.pop("kept") + zeros)
        self.assertEqual({name: n for name, n in counts["total"]["rejected"].items() if n}, reasons)
        self.assertEqual(sum(counts["total"]["splits"].values()), counts["total"]["candidates"])
        self.assertEqual([product["product"] for product in counts["products"]], sorted(product.stem for product in self.products))

    def test_a_dry_run_reads_no_10_m_band(self):
        product = self.folder / self.products[0].name
        shutil.copytree(self.products[0], product)
        for band in product.glob("GRANULE/*/IMG_DATA/R10m/*.jp2"):
            band.write_bytes(b"no picture")
        self.ingest("--dry-run", products=[product])

    def test_a_dry_run_warns_of_mixed_offsets_too(self):
        self.assertIn("BOA_ADD_OFFSET", self.ingest("--dry-run", "--raw-dn").stderr)

    def test_a_dataset_without_a_sample_is_warned_of(self):
        (self.folder / "list.txt").write_text("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_03_01\n")
        result = self.ingest("--include-list", self.folder / "list.txt")
        self.assertIn("no patch was kept", result.stderr)
        self.assertEqual(harness.rows(self.out / "samples.csv"), [])

    def test_raw_dn(self):
        result = self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--raw-dn")
        self.assertIs(harness.manifest(self.out)["values"]["harmonised"], False)
        self.assertIn("BOA_ADD_OFFSET", result.stderr)  # 02.06 and 04.00 together: said, not refused
        groups = {split: zarr.open_group(self.out / f"{split}.zarr", mode="r") for split in harness.SPLITS}
        files = {product.stem: layer(product, "IMG_DATA/R20m/*B11_20m.jp2") for product in self.products}
        for row in harness.rows(self.out / "samples.csv"):
            stored = groups[row["split"]]["data_20m"][int(row["index"])][harness.GROUPS["data_20m"].index("B11")]
            np.testing.assert_array_equal(stored, squares(files[row["product"]])[int(row["column"]), int(row["row"])])

    def test_patches_with_zeros_are_kept_when_asked(self):
        self.ingest(*KEEP_ALL)
        zeros = {name for name, reason in self.reasons().items() if reason == "zero_pixels"}
        self.assertTrue(zeros)
        self.ingest(*KEEP_ALL, "--keep-zero-pixels", "--overwrite")
        self.assertEqual({*self.reasons().values()}, {"kept"})
        self.assertTrue(harness.manifest(self.out)["configuration"]["keep_zero_pixels"])


harness.main()
