"""--append adds products behind the samples of a dataset, whose indices and bytes stay."""
import pathlib
import shutil
import signal
import sys

import h5py
import hdf5plugin  # noqa: F401 (registers the zstd filter)
import numpy as np
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import GROUPS, SPLITS  # noqa: E402

KILLER = harness.BIN.parent / "tests" / "libkill_at_call.so"
ARRAYS = [*GROUPS, "classes", "patch_id"]
KEEP_ALL = ["--max-cloud-percent", 100, "--max-snow-percent", 100, "--max-nodata-percent", 100, "--min-labelled-percent", 0,
            "--keep-zero-pixels"]


class Append(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 3, "--size", 840, "--cloud-percent", 10)
        cls.base = cls.root / "base"
        cls.ingest(cls.base, cls.products[1:2])  # the middle one: neither first nor last by name
        cls.both = cls.root / "both"
        shutil.copytree(cls.base, cls.both)
        cls.append(cls.both)

    @classmethod
    def ingest(cls, out, products, *options, **how):
        return harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--format", "zarr,hdf5", "--out", out,
                           "--threads", 1, *options, *products, **how)

    @classmethod
    def append(cls, out, *options, **how):
        return cls.ingest(out, [cls.products[0], cls.products[2]], "--append", *options, **how)

    def values(self, dataset):
        """(split, array) -> (from Zarr, from HDF5)"""
        for split in SPLITS:
            group = zarr.open_group(dataset / f"{split}.zarr", mode="r")
            files = [h5py.File(path) for path in sorted((dataset / split).glob("*.h5"))]
            for array in ARRAYS:
                in_hdf5 = np.concatenate([file[array][:] for file in files]) if files else group[array][:]
                yield (split, array), (group[array][:], in_hdf5)

    def copy_of_base(self, name):
        shutil.copytree(self.base, self.folder / name)
        return self.folder / name

    def test_old_samples_stay_and_new_ones_follow(self):
        old, new = dict(self.values(self.base)), dict(self.values(self.both))
        more = 0
        for key, (from_zarr, from_hdf5) in new.items():
            before = len(old[key][0])
            np.testing.assert_array_equal(from_zarr[:before], old[key][0], err_msg=str(key))
            np.testing.assert_array_equal(from_hdf5, from_zarr, err_msg=str(key))
            more += len(from_zarr) - before
        self.assertGreater(more, 0)
        rows = harness.rows(self.both / "samples.csv")
        for split in SPLITS:
            of_split = [row for row in rows if row["split"] == split]
            self.assertEqual([int(row["index"]) for row in of_split], list(range(len(of_split))))
            ids = [bytes(value).rstrip(b"\0").decode() for value in new[split, "patch_id"][0]]
            self.assertEqual([row["patch_id"] for row in of_split], ids)
        self.assertEqual(harness.run("eoshard-info", self.both, "--verify").returncode, 0)

    def test_the_sums_are_those_of_one_run(self):
        together = self.folder / "together"
        self.ingest(together, self.products)
        one, appended = harness.manifest(together), harness.manifest(self.both)
        for key in ("splits", "rejected", "arrays", "classes", "values"):
            self.assertEqual(appended[key], one[key], key)
        by_name = lambda manifest: sorted(manifest["sources"], key=lambda source: source["product"])  # noqa: E731
        self.assertEqual(by_name(appended), by_name(one))
        for table in ("samples.csv", "rejected.csv"):
            ids = [sorted(row["patch_id"] for row in harness.rows(out / table)) for out in (together, self.both)]
            self.assertEqual(*ids)

    def test_ranks_do_not_matter(self):
        out = self.copy_of_base("ranks")
        self.append(out, ranks=3)
        self.assertEqual(harness.files_below(out), harness.files_below(self.both))

    def test_a_killed_append_goes_on_and_the_old_dataset_stays_readable(self):
        expected = harness.files_below(self.both)
        counted = self.copy_of_base("counted")
        calls = self.folder / "calls.txt"
        preloaded = {"LD_PRELOAD": str(KILLER), "EOSHARD_KILL_UNDER": str(self.folder)}
        self.append(counted, env={**preloaded, "EOSHARD_KILL_COUNT": str(calls), "EOSHARD_KILL_KIND": "rename"})
        renames = len(calls.read_text().split())
        self.assertGreater(renames, 40)
        for rename in range(3, renames + 1, renames // 6):
            with self.subTest(rename=rename):
                out = self.copy_of_base(f"killed{rename}")
                killed = self.append(out, check=False, env={**preloaded, "EOSHARD_KILL_KIND": "rename",
                                                            "EOSHARD_KILL_AT": str(rename)})
                self.assertEqual(killed.returncode, -signal.SIGKILL)
                self.assertEqual(harness.run("eoshard-info", out).returncode, 0)
                self.append(out, ranks=2 if rename % 2 else 0)
                self.assertEqual(harness.files_below(out), expected)

    def assert_refused(self, result, status, *words):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(len(harness.errors(result)), 1)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_what_does_not_fit_is_refused_and_nothing_is_lost(self):
        out = self.copy_of_base("refusals")
        before = harness.files_below(out)
        self.assert_refused(self.append(out, "--seed", 5, check=False), 2, "--append", "seed")
        self.assert_refused(self.append(out, "--overwrite", check=False), 2, "--overwrite")
        self.assert_refused(self.append(self.folder / "none", check=False), 2, "no finished dataset")
        self.assert_refused(self.append(out, "--hdf5-layout", "single", check=False), 2, "single")
        self.assert_refused(self.ingest(out, self.products[1:2], "--append", check=False, ranks=2), 1, "already")
        self.assertEqual(harness.files_below(out), before)
        self.append(out)  # the refused one is no obstacle
        self.assertEqual(harness.files_below(out), harness.files_below(self.both))

    def test_a_square_stays_in_its_split(self):
        """Rings of the same place with another side, and lists that have changed their mind, would part ground squares."""
        small, large = self.products_at_one_place()
        for order in ([large, small], [small, large]):
            with self.subTest(first=order[0].name):
                out = self.folder / order[0].name
                rings = ["--split", "rings", *KEEP_ALL]
                self.ingest(out, order[:1], *rings)
                before = harness.files_below(out)
                for ranks in (0, 2):
                    self.assert_refused(self.ingest(out, order[1:], "--append", *rings, check=False, ranks=ranks), 1,
                                        "--append", "ground square at EPSG:32632", "the dataset has it in")
                self.assertEqual(harness.files_below(out), before)
        lists = [self.folder / f"{split}.csv" for split in SPLITS]
        options = ["--split", f"lists:{','.join(map(str, lists))}", *KEEP_ALL]
        self.write_lists(lists, {"train": [(0, 0), (1, 0)], "test": [(2, 0)]}, small)
        out = self.folder / "lists"
        self.ingest(out, [small], *options)
        self.write_lists(lists, {"train": [(0, 0)], "validation": [(1, 0)], "test": [(3, 0)]}, large)
        self.assert_refused(self.ingest(out, [large], "--append", *options, check=False), 1, "into validation", "has it in train")
        self.write_lists(lists, {"train": [(0, 0)], "validation": [(4, 0)], "test": [(3, 0)]}, large)
        self.ingest(out, [large], "--append", *options)
        self.assertEqual([row["split"] for row in harness.rows(out / "samples.csv")],
                         ["train"] * 3 + ["validation"] + ["test"] * 2)

    def products_at_one_place(self):
        """Two dates of different sides, whose upper left corners are the same."""
        place = ["--products", 1, "--epsg", 32632, "--origin", "300000,5500020", "--tile", "T32ULV", "--cloud-percent", 0,
                 "--snow-percent", 0, "--nodata-percent", 0]
        (small,) = harness.synthesise(self.folder / "small", *place, "--size", 600)
        (large,) = harness.synthesise(self.folder / "large", *place, "--size", 1440)
        later = large.parent / large.name.replace("20220607", "20230607")
        large.rename(later)
        for path in (later / "MTD_MSIL2A.xml", *later.glob("GRANULE/*/MTD_TL.xml")):
            path.write_text(path.read_text().replace("2022-06-07", "2023-06-07").replace("20220607", "20230607"))
        return small, later

    def write_lists(self, paths, patches, product):
        stem = product.name.split("_")
        for path, split in zip(paths, SPLITS):
            path.write_text("".join(f"{'_'.join(stem[:6])}_{column:02}_{row:02}\n" for column, row in patches.get(split, [])))


harness.main()
