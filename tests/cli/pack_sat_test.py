"""eoshard-pack of SAT-4 and SAT-6: .mat files and CSV pairs, ranks, restart and damaged files."""
import pathlib
import shutil
import signal
import sys

import h5py
import hdf5plugin  # noqa: F401
import numpy as np
import scipy.io
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness, sat_files  # noqa: E402

KILL = harness.BIN.parent / "tests" / "libkill_at_call.so"
SAT6 = ["building", "barren land", "trees", "grassland", "road", "water"]
COUNTS = {"train": 2100, "validation": 0, "test": 1050}


class Sat(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = sat_files.make(6, COUNTS["train"], COUNTS["test"])
        cls.mat = cls.root / "sat-6-full.mat"
        sat_files.write_mat(cls.mat, cls.data, 6, compress=True)
        cls.whole = cls.root / "whole"
        harness.run("eoshard-pack", "sat6", "--format", "zarr,hdf5", "--out", cls.whole, cls.mat)
        cls.expected = harness.files_below(cls.whole)

    def pack(self, *arguments, out="out", **settings):
        return harness.run("eoshard-pack", *arguments, "--out", self.folder / out, **settings)

    def error_of(self, *arguments, status=1):
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        result = self.pack(*arguments, check=False)
        self.assertEqual((result.returncode, len(harness.errors(result))), (status, 1), result.stderr)
        self.assertFalse((self.folder / "out/dataset.json").exists())
        return harness.errors(result)[0]

    def csv(self, data=None):
        folder = self.folder / "csv"
        sat_files.write_csv(folder, data or self.data, 6, "sat6")
        return folder

    def check_values(self, dataset, data):
        for split, (pixels, numbers) in data.items():
            group = zarr.open_group(dataset / f"{split}.zarr", mode="r")
            np.testing.assert_array_equal(group["data"][:], pixels)
            np.testing.assert_array_equal(group["classes"][:], sat_files.one_hot(numbers, 6).T)
            keys = [f"{split}_{index:07}" for index in range(len(numbers))]
            self.assertEqual([bytes(row).rstrip(b"\0").decode() for row in group["patch_id"][:]], keys)

    def test_values_are_those_of_scipy(self):
        found = scipy.io.loadmat(self.mat)
        self.check_values(self.whole, {split: (found[f"{split}_x"].transpose(3, 2, 0, 1), found[f"{split}_y"].argmax(0))
                                       for split in self.data})

    def test_real_samples(self):
        harness.need_shared("data/sat6-csv")
        folder = harness.SHARED / "data/sat6-csv"
        self.pack("sat6", folder)
        data = {}
        for split in ("train", "test"):
            rows = np.loadtxt(folder / f"{split}_X_200.csv", np.uint8, delimiter=",")
            hot = np.loadtxt(folder / f"{split}_y_200.csv", np.uint8, delimiter=",")
            data[split] = rows.reshape(-1, 28, 28, 4).transpose(0, 3, 1, 2), hot.argmax(1)
        self.check_values(self.folder / "out", data)

    def test_manifest_and_table(self):
        manifest = harness.manifest(self.whole)
        self.assertEqual((manifest["task"], manifest["nomenclature"], manifest["classes"]), ("single-label", "sat-6", SAT6))
        self.assertEqual([(array["name"], array["bands"], array["sample_shape"], array["dtype"]) for array in manifest["arrays"]],
                         [("data", ["R", "G", "B", "NIR"], [4, 28, 28], "uint8")])
        self.assertEqual({split: found["samples"] for split, found in manifest["splits"].items()}, COUNTS)
        pixels, numbers = self.data["train"]
        train = manifest["splits"]["train"]
        self.assertEqual(train["class_counts"], np.bincount(numbers, minlength=6).tolist())
        for band, name in enumerate(["R", "G", "B", "NIR"]):
            self.assertEqual(int(train["statistics"][name]["sum"]), int(pixels[:, band].sum(dtype=np.uint64)))
        rows = harness.rows(self.whole / "samples.csv")
        self.assertEqual([row["labels"] for row in rows if row["split"] == "train"], [SAT6[number] for number in numbers])

    def test_both_forms_and_any_ranks_give_the_same_bytes(self):
        plain = self.folder / "plain.mat"
        sat_files.write_mat(plain, self.data, 6)
        for name, source, ranks in (("plain", plain, 0), ("mat", self.mat, 3), ("folder", self.root, 0), ("csv", self.csv(), 2)):
            self.pack("sat6", "--format", "zarr,hdf5", source, out=f"{name}.out", ranks=ranks)
            self.assertEqual(harness.files_below(self.folder / f"{name}.out"), self.expected, name)

    def test_a_file_of_annotations_says_the_order_of_classes(self):
        folder = self.csv(sat_files.make(6, 30, 20))
        order = ["water", "barren_land", "trees", "grassland", "road", "building"]
        annotations = folder / "sat6annotations.csv"
        rows = [f"{name}," + ",".join(str(int(column == at)) for column in range(6)) for at, name in enumerate(order)]
        annotations.write_text("\r\n".join(rows) + "\r\n")
        self.pack("sat6", folder)
        self.assertEqual(harness.manifest(self.folder / "out")["classes"], [name.replace("_", " ") for name in order])
        annotations.write_text("\n".join(rows[:5]) + "\n")
        self.assertIn("sat6annotations.csv names fewer than 6 classes", self.error_of("sat6", folder))
        annotations.write_text("\n".join([*rows[:5], "ice,1,0,0,0,0,1"]) + "\n")
        self.assertIn("sat6annotations.csv: line 6: 'ice,1,0,0,0,0,1' is not", self.error_of("sat6", folder))
        annotations.rename(folder / "sat4annotations.csv")
        self.pack("sat6", "--overwrite", folder)
        self.assertEqual(harness.manifest(self.folder / "out")["classes"], SAT6)

    def test_hdf5_and_verification(self):
        with h5py.File(self.whole / "train/00001.h5") as file:
            np.testing.assert_array_equal(file["data"][:], self.data["train"][0][1024:2048])
        self.assertIn("all are whole", harness.run("eoshard-info", "--verify", self.whole).stdout)

    def test_some_bands(self):
        self.pack("sat6", "--bands", "NIR,R", self.mat)
        array = harness.manifest(self.folder / "out")["arrays"][0]
        order = [["R", "G", "B", "NIR"].index(band) for band in array["bands"]]
        values = zarr.open_group(self.folder / "out/test.zarr", mode="r")["data"][:]
        self.assertEqual(sorted(array["bands"]), ["NIR", "R"])
        np.testing.assert_array_equal(values, self.data["test"][0][:, order])

    def test_a_validation_split_may_be_drawn(self):
        self.pack("sat6", "--split", "random:60/20/20", self.mat)
        splits = harness.manifest(self.folder / "out")["splits"]
        self.assertEqual(sum(split["samples"] for split in splits.values()), 3150)
        self.assertGreater(splits["validation"]["samples"], 500)

    def test_killed_runs_go_on(self):
        calls = self.folder / "calls.txt"
        preload = {"LD_PRELOAD": str(KILL), "EOSHARD_KILL_UNDER": str(self.folder / "out")}
        command = ["sat6", "--format", "zarr,hdf5", "--threads", 1, self.mat]
        self.pack(*command, env={**preload, "EOSHARD_KILL_COUNT": str(calls)})
        total = len(calls.read_text().split())
        for call in range(2, total + 1, max(total // 3, 1)):
            shutil.rmtree(self.folder / "out")
            killed = self.pack(*command, check=False, env={**preload, "EOSHARD_KILL_AT": str(call)})
            self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
            self.pack(*command)
            self.assertEqual(harness.files_below(self.folder / "out"), self.expected, f"call {call}")

    def test_bad_files_are_refused(self):
        self.assertIn("train_y 6x2100, but sat-4 is 28x28x4xN and 4xN", self.error_of("sat4", self.mat))
        wrong = self.folder / "wrong.mat"
        scipy.io.savemat(wrong, {"images": self.data["test"][0]})
        self.assertIn("wrong.mat has no variable 'train_x'; its variables are: images", self.error_of("sat6", wrong))
        wrong.write_bytes(self.mat.read_bytes()[:1 << 20])
        self.assertIn("wrong.mat is cut", self.error_of("sat6", wrong))
        damaged = bytearray(self.mat.read_bytes())
        damaged[len(damaged) // 2] ^= 4
        wrong.write_bytes(damaged)
        self.assertIn("wrong.mat is damaged", self.error_of("sat6", wrong))
        (self.folder / "empty").mkdir()
        self.assertIn("looked for sat-6-full.mat", self.error_of("sat6", self.folder / "empty"))
        self.assertIn("absent.mat does not exist", self.error_of("sat6", self.folder / "absent.mat"))

    def test_bad_lines_are_named_or_skipped(self):
        folder = self.csv(sat_files.make(6, 30, 20))
        file = folder / "X_train_sat6.csv"
        lines = file.read_text().splitlines()
        lines[6] = lines[6].rpartition(",")[0]
        lines[11] = "grey" + lines[11]
        file.write_text("\n".join(lines) + "\n")
        self.assertIn("X_train_sat6.csv: line 7 has 3135 columns instead of 3136", self.error_of("sat6", folder))
        self.pack("sat6", "--skip-bad", "--overwrite", folder)
        manifest = harness.manifest(self.folder / "out")
        self.assertEqual(manifest["splits"]["train"]["samples"], 28)
        self.assertEqual(manifest["rejected"]["bad_member"], 2)
        found = {member["member"]: member["reason"] for member in manifest["bad_members"]}
        self.assertEqual(set(found), {"train_0000006", "train_0000011"})
        self.assertIn("line 12: column 1: 'grey", found["train_0000011"])


harness.main()
