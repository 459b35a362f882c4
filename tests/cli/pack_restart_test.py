"""SIGKILL of eoshard-pack, of a tree and of its tar: the same command goes on and ends in the same bytes."""
import pathlib
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.bigearthnet import make, pack, tar, write_lists  # noqa: E402

KILL = harness.BIN.parent / "tests" / "libkill_at_call.so"
PATCHES = 1100  # three parts of 512


class KilledRuns(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tree = cls.root / "in/BigEarthNet-v1.0"
        cls.lists = write_lists(cls.root, make(cls.root / "in", 1, PATCHES))
        cls.pack(cls.root / "whole", cls.tree)
        cls.expected = harness.files_below(cls.root / "whole")

    @classmethod
    def pack(cls, out, source, **settings):
        return pack(out, "bigearthnet-v1", "--bands", "B01,B05", "--split", cls.lists, "--format", "zarr,hdf5", "--threads", 1,
                    source, **settings)

    def check(self, source):
        out = self.folder / "out"
        preload = {"LD_PRELOAD": str(KILL), "EOSHARD_KILL_UNDER": str(out), "EOSHARD_KILL_KIND": "rename"}
        calls = self.folder / "calls.txt"
        self.pack(out, source, env={**preload, "EOSHARD_KILL_COUNT": str(calls)})
        self.assertEqual(harness.files_below(out), self.expected)
        renames = len(calls.read_text().split())
        resumed = 0
        for rename in (2, 4, renames - 1):  # 1 is the configuration, then come three parts; the last is the manifest
            shutil.rmtree(out)
            killed = self.pack(out, source, check=False, env={**preload, "EOSHARD_KILL_AT": str(rename), "EOSHARD_KILL_AFTER": "1"})
            self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
            parts = list((out / "unfinished").glob("*.part"))
            before = {part: part.stat().st_mtime_ns for part in parts}
            resumed += bool(parts)
            again = self.pack(out, source, env={"LD_PRELOAD": str(KILL), "EOSHARD_KILL_UNDER": str(out / "unfinished"),
                                                "EOSHARD_KILL_KIND": "rename", "EOSHARD_KILL_COUNT": str(self.folder / f"again{rename}")})
            self.assertEqual(harness.files_below(out), self.expected, f"rename {rename}")
            written = self.folder / f"again{rename}"
            if parts:
                self.assertIn("going on", again.stderr)
                count = len(written.read_text().split()) if written.exists() else 0
                self.assertLessEqual(count, 3 - len(before), "parts that were there are not made again")
        self.assertEqual(resumed, 3)
        shutil.rmtree(out)

    def test_tree(self):
        self.check(self.tree)

    def test_tar(self):
        self.check(tar(self.tree, self.folder / "v1.tar.gz", "-z"))

    def test_other_numbers_of_ranks_go_on(self):
        out = self.folder / "out"
        killed = self.pack(out, self.tree, check=False, env={"LD_PRELOAD": str(KILL), "EOSHARD_KILL_UNDER": str(out),
                                                             "EOSHARD_KILL_KIND": "rename", "EOSHARD_KILL_AT": "3"})
        self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
        self.pack(out, self.tree, ranks=3)
        self.assertEqual(harness.files_below(out), self.expected)


harness.main()
