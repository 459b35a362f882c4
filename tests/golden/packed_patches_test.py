"""Real patches of BigEarthNet v1 and v2 through eoshard-pack: every value, label and split against others' readers.

Needs EOSHARD_SHARED (data/bigearthnet).
"""
import bz2
import json
import pathlib
import subprocess
import sys

import h5py
import hdf5plugin  # noqa: F401
import numpy as np
import pyarrow.parquet
import rasterio
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

DATA = harness.SHARED / "data/bigearthnet"


def read(path):
    with rasterio.open(path) as image:
        return image.read(1)


def stack(folder, patch, bands):
    return np.stack([read(folder / f"{patch}_{band}.tif") for band in bands])


def names_in(name):
    return set(bz2.decompress((DATA / name).read_bytes()).decode().split())


class RealPatches(harness.ClassFolderTest):
    def check_values(self, out, folder_of):
        rows = harness.rows(out / "samples.csv")
        for row in rows:
            patch, index = row["patch_id"], int(row["index"])
            group = zarr.open_group(out / f"{row['split']}.zarr", mode="r")
            with h5py.File(out / row["split"] / "00000.h5") as file:
                for array, bands in harness.GROUPS.items():
                    expected = stack(folder_of(patch), patch, bands)
                    np.testing.assert_array_equal(group[array][index], expected)
                    np.testing.assert_array_equal(file[array][index], expected)
        self.assertIn("all are whole", harness.run("eoshard-info", "--verify", out).stdout)
        return rows


class Version1(RealPatches):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        harness.need_shared("data/bigearthnet/v1", "data/bigearthnet/train.csv.bz2")
        lists = ",".join(str(DATA / f"{name}.csv.bz2") for name in ("train", "val", "test"))
        cls.out = cls.root / "out"
        cls.options = ["bigearthnet-v1", "--split", f"lists:{lists}", "--format", "zarr,hdf5",
                       "--exclude-list", DATA / "patches_with_seasonal_snow.csv.bz2",
                       "--exclude-list", DATA / "patches_with_cloud_and_shadow.csv.bz2"]
        harness.run("eoshard-pack", *cls.options, "--out", cls.out, DATA / "v1")

    def test_values(self):
        self.assertEqual(len(self.check_values(self.out, lambda patch: DATA / "v1" / patch)), 8)

    def test_labels_follow_the_published_conversion(self):
        known = json.loads((DATA / "label_indices.json").read_text())
        original = known["original_labels"]
        to_19 = {}
        for name, index in known["BigEarthNet-19_labels"].items():
            to_19[index] = name
        merged = {label: index for index, labels in enumerate(known["label_conversion"]) for label in labels}
        classes = harness.manifest(self.out)["classes"]
        self.assertEqual(classes, [to_19[index] for index in range(19)])
        for row in harness.rows(self.out / "samples.csv"):
            metadata = json.loads((DATA / "v1" / row["patch_id"] / f"{row['patch_id']}_labels_metadata.json").read_text())
            indices = {merged[original[label]] for label in metadata["labels"] if original[label] in merged}
            self.assertEqual(row["labels"], ";".join(to_19[index] for index in sorted(indices)))

    def test_splits_are_those_of_the_lists(self):
        lists = {"train": names_in("train.csv.bz2"), "validation": names_in("val.csv.bz2"), "test": names_in("test.csv.bz2")}
        for row in harness.rows(self.out / "samples.csv"):
            self.assertEqual([split for split, names in lists.items() if row["patch_id"] in names], [row["split"]])
        self.assertEqual(harness.rows(self.out / "rejected.csv"),
                         [{"patch_id": "S2B_MSIL2A_20180204T94161_57_38", "reason": "excluded"}])

    def test_tar_gives_the_same_bytes(self):
        path = self.folder / "v1.tar.gz"
        subprocess.run(["tar", "-C", DATA, "-czf", path, "v1"], check=True)
        harness.run("eoshard-pack", *self.options, "--out", self.folder / "out", path, ranks=2)
        self.assertEqual(harness.files_below(self.folder / "out"), harness.files_below(self.out))


class Version2(RealPatches):
    def test_values_and_table(self):
        harness.need_shared("data/bigearthnet/v2", "data/bigearthnet/metadata.parquet")
        tables = [DATA / "metadata.parquet", DATA / "metadata_for_patches_with_snow_cloud_or_shadow.parquet"]
        out = self.folder / "out"
        options = [option for table in tables for option in ("--metadata", table)]
        harness.run("eoshard-pack", "bigearthnet-v2", *options, "--format", "zarr,hdf5", "--out", out, DATA / "v2/BigEarthNet-S2")
        rows = self.check_values(out, lambda patch: DATA / "v2/BigEarthNet-S2" / patch.rsplit("_", 2)[0] / patch)
        self.assertEqual(len(rows), 1)
        listed = [entry for table in tables
                  for entry in pyarrow.parquet.read_table(table, filters=[("patch_id", "==", rows[0]["patch_id"])]).to_pylist()]
        self.assertEqual(len(listed), 1)
        self.assertEqual((rows[0]["split"], rows[0]["country"]), (listed[0]["split"], listed[0]["country"]))
        self.assertEqual(set(rows[0]["labels"].split(";")), set(listed[0]["labels"]))


harness.main()
