"""SIGKILL of eoshard-pack, of a tree and of its tar: the same command goes on and ends in the same bytes.

Parts of a whole shard, and parts of a stream that were full when it was killed, are pack_sat's matter.
"""
import pathlib
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.bigearthnet import make, pack, tar, write_lists  # noqa: E402

KILL = harness.BIN.parent / "tests" / "libkill_at_call.so"
PATCHES = 40  # a part for each of the three splits


class KilledRuns(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tree = cls.root / "in/BigEarthNet-v1.0"
        cls.lists = write_lists(cls.root, make(cls.root / "in", 1, PATCHES))
        cls.pack(cls.root / "whole", cls.tree)
        cls.expected = harness.files_below(cls.root / "whole")
        cls.pack(cls.root / "zarr", cls.tree, formats="zarr")
        cls.expected_zarr = harness.files_below(cls.root / "zarr")

    @classmethod
    def pack(cls, out, source, formats="zarr,hdf5", **settings):
        return pack(out, "bigearthnet-v1", "--bands", "B01,B05", "--split", cls.lists, "--format", formats, "--threads", 1,
                    source, **settings)

    def renames_of(self, source, under="", **settings):
        """How many files get their names in a folder of the dataset while all is packed."""
        out, calls = self.folder / "out", self.folder / "calls.txt"
        calls.write_text("")
        result = self.pack(out, source, env={"LD_PRELOAD": str(KILL), "EOSHARD_KILL_UNDER": str(out / under),
                                             "EOSHARD_KILL_KIND": "rename", "EOSHARD_KILL_COUNT": str(calls)}, **settings)
        return len(calls.read_text().split()), result

    def kill(self, source, rename, **settings):
        out = self.folder / "out"
        killed = self.pack(out, source, check=False, env={
            "LD_PRELOAD": str(KILL), "EOSHARD_KILL_UNDER": str(out), "EOSHARD_KILL_KIND": "rename", "EOSHARD_KILL_AT": str(rename),
            "EOSHARD_KILL_AFTER": "1"}, **settings)
        self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)

    def check(self, source, expected, fractions, **settings):
        out = self.folder / "out"
        whole, _ = self.renames_of(source, **settings)
        self.assertEqual(harness.files_below(out), expected)
        for fraction in fractions:
            shutil.rmtree(out)
            self.kill(source, 1 + int(fraction * (whole - 2)), **settings)  # the first is the configuration, the last the manifest
            tallies = len(list((out / "unfinished").glob("*.samples.part")))
            again, result = self.renames_of(source, "unfinished", **settings)
            self.assertEqual(harness.files_below(out), expected, f"{fraction} of {whole} renames")
            if tallies:
                self.assertIn("going on", result.stderr)
                self.assertEqual(again, 3 * (3 - tallies), "parts (two arrays, a tally) that were there are made again")
        shutil.rmtree(out)

    def test_tree(self):
        self.check(self.tree, self.expected, (0.15, 0.25, 0.4, 0.6, 1))

    def test_tree_without_hdf5(self):
        """Shards that have taken their place stay."""
        self.check(self.tree, self.expected_zarr, (0.35, 0.5, 0.6, 0.7, 0.9), formats="zarr")

    def test_tars(self):
        self.check(tar(self.tree, self.folder / "v1.tar.gz", "-z"), self.expected, (0.25, 0.7))
        self.check(tar(self.tree, self.folder / "v1.tar"), self.expected_zarr, (0.35, 0.6), formats="zarr")

    def refusal(self, source):
        refused = self.pack(self.folder / "out", source, check=False)
        self.assertEqual((refused.returncode, len(harness.errors(refused))), (2, 1), refused.stderr)
        return harness.errors(refused)[0]

    def goes_on(self, source):
        self.pack(self.folder / "out", source)
        self.assertEqual(harness.files_below(self.folder / "out"), self.expected)
        shutil.rmtree(self.folder / "out")

    def test_an_archive_that_was_exchanged(self):
        archive, other = self.folder / "v1.tar.gz", self.folder / "other"
        tar(self.tree, archive, "-z")
        tree = pathlib.Path(shutil.copytree(self.tree, self.folder / "BigEarthNet-v1.0"))
        for source in (archive, tree):
            self.kill(source, 8)
            source.rename(other)
            shutil.copytree(other, source) if other.is_dir() else shutil.copy(other, source)
            self.assertIn(f"began with another {source} (by its contents, or its size and time); put that back", self.refusal(source))
            shutil.rmtree(source) if source.is_dir() else source.unlink()
            other.rename(source)
            self.goes_on(source)

    def test_a_list_that_has_changed(self):
        listed = pathlib.Path(self.lists.removeprefix("lists:").split(",")[2])
        before = listed.read_bytes()
        self.kill(self.tree, 8)
        listed.write_bytes(before.split(b"\n", 1)[1])
        self.assertIn(f"began with another {listed} (by", self.refusal(self.tree))
        listed.write_bytes(before)
        self.goes_on(self.tree)

    def test_other_numbers_of_ranks_go_on(self):
        self.kill(self.tree, 6)
        self.pack(self.folder / "out", self.tree, ranks=3)
        self.assertEqual(harness.files_below(self.folder / "out"), self.expected)

    def test_parts_that_a_power_cut_spoiled_are_made_again(self):
        for spoil in (lambda part: part.write_bytes(bytes(part.stat().st_size)), lambda part: part.unlink()):
            self.kill(self.tree, 8)
            spoil(min((self.folder / "out/unfinished").glob("*.data_20m.part")))
            self.pack(self.folder / "out", self.tree)
            self.assertEqual(harness.files_below(self.folder / "out"), self.expected)
            shutil.rmtree(self.folder / "out")

    def test_a_tree_that_has_changed(self):
        tree = self.folder / "BigEarthNet-v1.0"
        shutil.copytree(self.tree, tree)
        last = max(tree.iterdir())
        shutil.move(last, self.folder / last.name)
        self.kill(tree, 8)
        shutil.move(self.folder / last.name, last)
        self.pack(self.folder / "out", tree)
        self.assertEqual(harness.files_below(self.folder / "out"), self.expected)


harness.main()
