"""eoshard-pack of BigEarthNet v1 and v2: trees and tars, ranks, lists, labels and values."""
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pyarrow
import pyarrow.parquet
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.bigearthnet import band_image, make, pack, tar, write_lists  # noqa: E402

PATCHES = 16
TO_19 = {"Non-irrigated arable land": "Arable land", "Water bodies": "Inland waters",
         "Discontinuous urban fabric": "Urban fabric"}
COUNTRIES = ["Austria", "Belgium"]


class Version1(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.patches = make(cls.root / "in", 1, PATCHES)
        cls.tree = cls.root / "in/BigEarthNet-v1.0"
        cls.lists = write_lists(cls.root, cls.patches)
        cls.whole = cls.root / "whole"
        cls.result = pack(cls.whole, "bigearthnet-v1", "--split", cls.lists, "--format", "zarr,hdf5", cls.tree)
        cls.expected = harness.files_below(cls.whole)

    def pack(self, *arguments, out="out", **settings):
        return pack(self.folder / out, "bigearthnet-v1", *arguments, **settings)

    def train(self):
        return [patch["patch_id"] for patch in self.patches if patch["split"] == "train"]

    def test_values_are_those_of_rasterio(self):
        rows = harness.rows(self.whole / "samples.csv")
        self.assertEqual(len(rows), PATCHES)
        for row in rows:
            group = zarr.open_group(self.whole / f"{row['split']}.zarr", mode="r")
            for array, bands in harness.GROUPS.items():
                expected = np.stack([band_image(self.tree / row["patch_id"], row["patch_id"], band) for band in bands])
                np.testing.assert_array_equal(group[array][int(row["index"])], expected)

    def test_samples_are_sorted_and_carry_what_the_json_says(self):
        rows = harness.rows(self.whole / "samples.csv")
        classes = harness.manifest(self.whole)["classes"]
        for split in harness.SPLITS:
            expected = sorted(patch["patch_id"] for patch in self.patches if patch["split"] == split)
            self.assertEqual([row["patch_id"] for row in rows if row["split"] == split], expected)
        for row in rows:
            metadata = json.loads((self.tree / row["patch_id"] / f"{row['patch_id']}_labels_metadata.json").read_text())
            labels = {TO_19.get(label, label) for label in metadata["labels"]}
            self.assertEqual(set(row["labels"].split(";")), labels)
            multi_hot = zarr.open_group(self.whole / f"{row['split']}.zarr", mode="r")["classes"][int(row["index"])]
            self.assertEqual({classes[index] for index in np.flatnonzero(multi_hot)}, labels)
            self.assertEqual((row["epsg"], row["mgrs_tile"], row["acquired"]),
                             ("32633", "T33UUP", "2017-06-01T10:10:31Z"))
            self.assertEqual((float(row["ulx"]), float(row["uly"])),
                             (metadata["coordinates"]["ulx"], metadata["coordinates"]["uly"]))

    def test_statistics_are_exact(self):
        statistics = harness.manifest(self.whole)["splits"]["train"]["statistics"]
        self.assertEqual(list(statistics), ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"])
        names = [patch["patch_id"] for patch in self.patches if patch["split"] == "train"]
        for band in ("B01", "B8A", "B08"):
            values = np.stack([band_image(self.tree / name, name, band) for name in names]).astype(np.uint64)
            self.assertEqual(int(statistics[band]["sum"]), int(values.sum()))
            self.assertEqual(int(statistics[band]["sum_of_squares"]), int((values * values).sum()))
            self.assertAlmostEqual(statistics[band]["standard_deviation"], values.astype(float).std(), places=6)

    def test_tars_and_any_ranks_give_the_same_bytes(self):
        options = ["--split", self.lists, "--format", "zarr,hdf5"]
        for name, compression, ranks in [("a.tar", [], 2), ("b.tar.gz", ["-z"], 3), ("c.tar.zst", ["--zstd"], 0)]:
            path = tar(self.tree, self.folder / name, *compression)
            self.pack(*options, path, out=name + ".out", ranks=ranks)
            self.assertEqual(harness.files_below(self.folder / (name + ".out")), self.expected, name)
        self.pack(*options, self.tree.parent, out="tree3", ranks=3)
        self.assertEqual(harness.files_below(self.folder / "tree3"), self.expected)

    def test_files_of_a_patch_need_not_be_adjacent(self):
        names = sorted(str(file.relative_to(self.tree.parent)) for file in self.tree.rglob("*") if file.is_file())
        names.sort(key=lambda name: name[-8:])  # all B01 first, then all B02, ...
        for name, compression in (("mixed.tar", []), ("mixed.tar.gz", ["-z"])):
            subprocess.run(["tar", "-C", self.tree.parent, *compression, "-cf", self.folder / name, *names], check=True)
            self.pack("--split", self.lists, "--format", "zarr,hdf5", self.folder / name, out=name + ".out")
            self.assertEqual(harness.files_below(self.folder / (name + ".out")), self.expected, name)

    def test_info_verifies_and_reports(self):
        told = harness.run("eoshard-info", "--verify", self.whole).stdout
        self.assertIn("from an archive of kind bigearthnet-v1", told)
        self.assertIn("all are whole", told)
        page = self.folder / "report.html"
        harness.run("eoshard-info", "--report", page, self.whole)
        self.assertIn("Pastures", page.read_text())

    def test_lists_decide_and_say_what_they_miss(self):
        excluded = self.folder / "snow.csv"
        excluded.write_text(self.train()[0] + "\nS2A_MSIL2A_20190613T101031_87_48\n")
        short = self.folder / "short.csv"
        short.write_text("".join(name + "\n" for name in self.train()))
        result = self.pack("--split", f"lists:{short},,", "--exclude-list", excluded, self.tree)
        train = len(self.train())
        manifest = harness.manifest(self.folder / "out")
        self.assertEqual(manifest["splits"]["train"]["samples"], train - 1)
        self.assertEqual(manifest["rejected"], {"excluded": 1, "unlisted": PATCHES - train, "no_label": 0, "bad_member": 0})
        self.assertIn("snow.csv: 1 of 2 names are not in the archive", result.stderr)
        self.assertIn(f"short.csv: 0 of {train} names are not in the archive", result.stderr)
        self.pack("--split", f"lists:{short},,", "--exclude-list", excluded, tar(self.tree, self.folder / "in.tar"), out="tar")
        self.assertEqual(harness.files_below(self.folder / "tar"), harness.files_below(self.folder / "out"))
        self.pack("--split", f"lists:{short},,", "--unlisted", "test", self.tree, out="kept")
        self.assertEqual(harness.manifest(self.folder / "kept")["splits"]["test"]["samples"], PATCHES - train)

    def test_bands_and_upsampling(self):
        self.pack("--split", self.lists, "--bands", "B04,B01,B11", "--upsample", "nearest", self.tree)
        arrays = {array["name"]: array["bands"] for array in harness.manifest(self.folder / "out")["arrays"]}
        self.assertEqual(arrays, {"data_10m": ["B04"], "data_20m": ["B11"], "data_60m": ["B01"],
                                  "data_super": ["B01", "B04", "B11"]})
        row = harness.rows(self.folder / "out/samples.csv")[0]
        cube = zarr.open_group(self.folder / "out/train.zarr", mode="r")["data_super"][0]
        for plane, (band, factor) in enumerate([("B01", 6), ("B04", 1), ("B11", 2)]):
            image = band_image(self.tree / row["patch_id"], row["patch_id"], band)
            np.testing.assert_array_equal(cube[plane], np.kron(image, np.ones((factor, factor), np.uint16)))
        self.pack("--split", self.lists, "--upsample", "bilinear", "--no-native", self.tree, out="super")
        self.assertEqual([array["name"] for array in harness.manifest(self.folder / "super")["arrays"]], ["data_super"])

    def test_43_classes(self):
        self.pack("--split", self.lists, "--nomenclature", "bigearthnet-43", self.tree)
        labels = {row["patch_id"]: set(row["labels"].split(";")) for row in harness.rows(self.folder / "out/samples.csv")}
        self.assertEqual(labels, {patch["patch_id"]: set(patch["labels"].split(";")) for patch in self.patches})

    def test_kinds_are_listed(self):
        lines = harness.run("eoshard-pack", "--list-kinds").stdout.splitlines()
        self.assertLessEqual({"bigearthnet-v1", "bigearthnet-v2", "sat4", "sat6", "images"}, {line.split()[0] for line in lines})


class Version2(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.patches = make(cls.root / "in", 2, PATCHES)
        cls.tree = cls.root / "in/BigEarthNet-S2"
        cls.clear, cls.snow = cls.patches[:-6], cls.patches[-6:]
        cls.metadata = cls.write_table("metadata.parquet", cls.clear)
        cls.snow_metadata = cls.write_table("snow.parquet", cls.snow)
        cls.whole = cls.root / "whole"
        pack(cls.whole, "bigearthnet-v2", "--metadata", cls.metadata, "--reference-maps", cls.root / "in/Reference_Maps",
             cls.tree)

    @classmethod
    def write_table(cls, name, patches):
        table = pyarrow.table({"patch_id": [patch["patch_id"] for patch in patches],
                               "labels": [patch["labels"].split(";") for patch in patches],
                               "split": [patch["split"] for patch in patches],
                               "country": [COUNTRIES[index % 2] for index in range(len(patches))]})
        pyarrow.parquet.write_table(table, cls.root / name)
        return cls.root / name

    def pack(self, *arguments, out="out", **settings):
        return pack(self.folder / out, "bigearthnet-v2", *arguments, **settings)

    def test_table_gives_split_labels_and_country(self):
        rows = {row["patch_id"]: row for row in harness.rows(self.whole / "samples.csv")}
        self.assertEqual(set(rows), {patch["patch_id"] for patch in self.clear})
        for index, patch in enumerate(self.clear):
            row = rows[patch["patch_id"]]
            self.assertEqual(row["split"], patch["split"])
            self.assertEqual(set(row["labels"].split(";")), set(patch["labels"].split(";")))
            self.assertEqual(row["country"], COUNTRIES[index % 2])
            self.assertEqual((row["epsg"], row["mgrs_tile"], row["acquired"]), ("32633", "T33UUP", "2017-06-01T10:10:31Z"))
        rejected = harness.rows(self.whole / "rejected.csv")
        self.assertEqual([row["patch_id"] for row in rejected], sorted(patch["patch_id"] for patch in self.snow))

    def test_values_and_reference_maps(self):
        for row in harness.rows(self.whole / "samples.csv"):
            product = row["patch_id"].rsplit("_", 2)[0]
            group = zarr.open_group(self.whole / f"{row['split']}.zarr", mode="r")
            for array, bands in harness.GROUPS.items():
                folder = self.tree / product / row["patch_id"]
                expected = np.stack([band_image(folder, row["patch_id"], band) for band in bands])
                np.testing.assert_array_equal(group[array][int(row["index"])], expected)
            codes = band_image(self.root / "in/Reference_Maps" / product / row["patch_id"], row["patch_id"], "reference_map")
            np.testing.assert_array_equal(group["label_map"][int(row["index"])], codes)

    def test_the_second_table_adds_snow_and_cloud(self):
        self.pack("--metadata", self.metadata, "--metadata", self.snow_metadata, self.tree)
        manifest = harness.manifest(self.folder / "out")
        self.assertEqual(sum(split["samples"] for split in manifest["splits"].values()), PATCHES)
        self.pack("--metadata", self.metadata, "--exclude-list", self.snow_metadata, self.tree, out="without")
        self.assertEqual(harness.manifest(self.folder / "without")["rejected"]["excluded"], len(self.snow))

    def test_tars_and_ranks_give_the_same_bytes(self):
        folder = self.root / "in/Reference_Maps"
        maps = tar(folder, self.folder / "maps.tar.zst", "--zstd")
        patches = tar(self.tree, self.folder / "s2.tar.zst", "--zstd")
        plain = tar(self.tree, self.folder / "s2.tar")
        for name, maps, source, ranks in (("tar", maps, patches, 2), ("tree", maps, self.tree, 0), ("maps", folder, patches, 0),
                                          ("plain", folder, plain, 3)):
            self.pack("--metadata", self.metadata, "--reference-maps", maps, source, out=name, ranks=ranks)
            self.assertEqual(harness.files_below(self.folder / name), harness.files_below(self.whole), name)

    def test_tars_of_maps_that_are_damaged_or_lack_one(self):
        folder = self.folder / "Reference_Maps"
        shutil.copytree(self.root / "in/Reference_Maps", folder)
        name = self.clear[0]["patch_id"]
        next(folder.rglob(f"{name}_reference_map.tif")).unlink()
        lacking, cut, other = self.folder / "lacking.tar", self.folder / "cut.tar", self.folder / "other.tar"
        tar(folder, lacking)
        cut.write_bytes(lacking.read_bytes()[:lacking.stat().st_size // 2])
        tar(self.tree, other)
        for maps, words in ((lacking, f"lacking.tar: {name}_reference_map.tif is missing"), (cut, "cut.tar: the archive is damaged"),
                            (other, "other.tar: no reference map is there")):
            result = self.pack("--metadata", self.metadata, "--reference-maps", maps, "--overwrite", self.tree, check=False)
            self.assertEqual((result.returncode, len(harness.errors(result))), (1, 1), result.stderr)
            self.assertIn(words, harness.errors(result)[0])

    def test_bad_input(self):
        result = self.pack(self.tree, check=False)
        self.assertEqual((result.returncode, "--metadata" in result.stderr), (2, True), result.stderr)
        (self.folder / "none").mkdir()
        result = self.pack("--metadata", self.metadata, "--reference-maps", self.folder / "none", self.tree, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("_reference_map.tif is missing", harness.errors(result)[0])
        result = self.pack("--metadata", self.metadata, self.root / "in/Reference_Maps", check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("_B", harness.errors(result)[0])


harness.main()
