"""The same dataset, byte for byte, for any number of ranks and threads and any order of products."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


class Ranks(harness.FolderTest):
    def setUp(self):
        super().setUp()
        self.products = harness.synthesise(self.folder / "in", "--products", 3, "--size", 1440,
                                           "--baseline", "02.06,02.14,04.00", "--cloud-percent", 20)

    def ingest(self, name, *options, ranks=0, products=None):
        out = self.folder / name
        harness.run("eoshard-ingest", "--labels", self.folder / "in/clc.tif", "--out", out, *options,
                    *(products or self.products), ranks=ranks)
        return out

    def test_bytes_do_not_depend_on_ranks_threads_or_order(self):
        one = self.ingest("one", "--threads", 1)
        expected = harness.files_below(one)
        self.assertIn("train.zarr/data_10m/c/0/0/0/0", expected)
        self.assertFalse((one / "unfinished").exists())
        variants = {"two": {"ranks": 2}, "three": {"ranks": 3}, "idle": {"ranks": 12},
                    "reversed": {"products": self.products[::-1]}}
        for name, how in variants.items():
            with self.subTest(name):
                out = self.ingest(name, "--threads", 3, **how)
                self.assertEqual(harness.files_below(out), expected)
                for key in ("splits", "rejected", "classes", "arrays"):
                    self.assertEqual(harness.manifest(out)[key], harness.manifest(one)[key])

    def test_the_seed_changes_the_split_alone(self):
        ids = {}
        for seed in (0, 1):
            rows = harness.rows(self.ingest(f"seed{seed}", "--seed", seed) / "samples.csv")
            ids[seed] = {row["patch_id"]: row["split"] for row in rows}
        self.assertEqual(ids[0].keys(), ids[1].keys())
        self.assertNotEqual(ids[0], ids[1])


harness.main()
