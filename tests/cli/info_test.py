"""eoshard-info --verify finds every kind of damage and names the sample."""
import json
import pathlib
import shutil
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


def chunk_range(shard, index):
    """(offset, bytes) of a sample's chunk, from the shard's index."""
    data = shard.read_bytes()
    return struct.unpack_from("<QQ", data, len(data) - 4 - 1024 * 16 + index * 16)


def flip_bit(path, offset, bit=3):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(data)


class Verify(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        products = harness.synthesise(cls.root / "in", "--size", 960)
        harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--out", cls.root / "good", *products)

    def setUp(self):
        super().setUp()
        self.dataset = self.folder / "data"
        shutil.copytree(self.root / "good", self.dataset)

    def verify(self):
        result = harness.run("eoshard-info", self.dataset, "--verify", "--json", check=False)
        verification = json.loads(result.stdout)["verification"]
        self.assertEqual(result.returncode, 0 if verification["ok"] else 1)
        return verification["damages"]

    def patch_id(self, split, index):
        return next(row["patch_id"] for row in harness.rows(self.dataset / "samples.csv")
                    if (row["split"], row["index"]) == (split, str(index)))

    def test_a_whole_dataset_is_whole(self):
        self.assertEqual(self.verify(), [])
        self.assertIn("all are whole", harness.run("eoshard-info", self.dataset, "--verify").stdout)

    def test_a_flipped_bit_names_its_sample(self):
        for array in ("data_10m", "data_20m", "data_60m"):
            shard = self.dataset / f"train.zarr/{array}/c/0/0/0/0"
            offset, length = chunk_range(shard, 5)
            for place in (0, length // 2, length - 1):
                with self.subTest(array=array, place=place):
                    flip_bit(shard, offset + place)
                    (damage,) = self.verify()
                    self.assertEqual((damage["split"], damage["array"], damage["index"]), ("train", array, 5))
                    self.assertEqual(damage["patch_id"], self.patch_id("train", 5))
                    flip_bit(shard, offset + place)
        text = harness.run("eoshard-info", self.dataset, "--verify", check=False)
        self.assertEqual(text.returncode, 0)

    def test_text_output_names_the_sample_too(self):
        shard = self.dataset / "test.zarr/data_20m/c/0/0/0/0"
        flip_bit(shard, chunk_range(shard, 1)[0] + 30)
        result = harness.run("eoshard-info", self.dataset, "--verify", check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"test data_20m sample 1 ({self.patch_id('test', 1)})", result.stdout)

    def test_labels_and_ids_are_checked(self):
        for array in ("classes", "patch_id"):
            shard = self.dataset / f"test.zarr/{array}/c/0/0"
            flip_bit(shard, 20)
            damages = self.verify()
            self.assertEqual({damage["array"] for damage in damages}, {array})
            for damage in damages:
                self.assertEqual(damage["patch_id"], self.patch_id("test", damage["index"]))
            flip_bit(shard, 20)

    def test_ids_that_differ_are_found(self):
        table = self.dataset / "samples.csv"
        table.write_text(table.read_text().replace(self.patch_id("test", 0) + ",", "another,", 1))
        (damage,) = self.verify()
        self.assertEqual((damage["split"], damage["array"], damage["index"]), ("test", "patch_id", 0))

    def test_metadata_and_the_other_table_are_checked(self):
        group = self.dataset / "train.zarr/zarr.json"
        good = group.read_bytes()
        group.write_bytes(good[:-4] + b"\xff\xfe{}")
        self.assertEqual([damage["array"] for damage in self.verify()], ["zarr.json"])
        group.write_bytes(good)
        metadata = self.dataset / "train.zarr/data_20m/zarr.json"
        metadata.write_bytes(b"\xff" + metadata.read_bytes())
        self.assertEqual([damage["array"] for damage in self.verify()], ["data_20m"])
        metadata.write_bytes(metadata.read_bytes()[1:])
        (self.dataset / "rejected.csv").unlink()
        self.assertEqual([damage["array"] for damage in self.verify()], ["rejected.csv"])

    def test_an_inconsistent_manifest_is_named(self):
        manifest = harness.manifest(self.dataset)
        manifest["splits"]["test"]["class_counts"] = []
        (self.dataset / "dataset.json").write_text(json.dumps(manifest))
        result = harness.run("eoshard-info", self.dataset, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("split 'test' counts 0 classes", result.stderr)

    def test_a_missing_shard_is_found(self):
        (self.dataset / "validation.zarr/data_60m/c/0/0/0/0").unlink()
        samples = harness.manifest(self.dataset)["splits"]["validation"]["samples"]
        self.assertEqual(len(self.verify()), samples)

    def test_a_cut_table_is_found(self):
        table = self.dataset / "samples.csv"
        table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
        (damage,) = self.verify()
        self.assertEqual(damage["array"], "samples.csv")

    def test_it_is_no_mpi_program(self):
        result = harness.run("eoshard-info", self.dataset, ranks=2, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(len(harness.errors(result)), 1)

    def test_a_damaged_manifest_is_named(self):
        (self.dataset / "dataset.json").write_text("{")
        result = harness.run("eoshard-info", self.dataset, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("dataset.json", result.stderr)


harness.main()
