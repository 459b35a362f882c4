"""A full or read-only disk under the output: one error that names the file and the reason, nothing that was committed is
lost, and the same command goes on when there is room."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness, small_disk  # noqa: E402
from tests.support.small_disk import KIB, mount  # noqa: E402

# Of the finished dataset's size: too little for the parts, for the first shards, for the last.
SHARES = {"zarr": (0.2, 1.8), "hdf5": (0.9, 1.2), "single": (1.2,)}
OPTIONS = {"zarr": ["--format", "zarr"], "hdf5": ["--format", "hdf5"], "single": ["--format", "hdf5", "--hdf5-layout", "single"]}


class FullDisk(small_disk.SmallDiskTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 480)
        cls.expected = {}
        for name, options in OPTIONS.items():
            cls.ingest(cls.root / name, *options)
            cls.expected[name] = harness.files_below(cls.root / name)

    def setUp(self):
        super().setUp()
        self.out = self.disk / "out"

    @classmethod
    def ingest(cls, out, *options, products=None, check=True):
        return harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--threads", 1, "--out", out, *options,
                           *(products or cls.products), ranks=2, check=check, timeout=60)

    def fails(self, *options, reason="No space left on device", **how):
        result = self.ingest(self.out, *options, check=False, **how)
        self.assertEqual(result.returncode, 1, result.stderr)
        lines = harness.errors(result)
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertIn(str(self.out), lines[0])
        self.assertIn(reason, lines[0])
        for crash in ("Segmentation", "Aborted", "terminate called"):
            self.assertNotIn(crash, result.stderr)

    def parts(self):
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in self.out.glob("unfinished/*.part")}

    def test_goes_on_when_there_is_room(self):
        for name, shares in SHARES.items():
            for share in shares:
                with self.subTest(format=name, share=share):
                    self.leave_room(share * sum(map(len, self.expected[name].values())))
                    self.fails(*OPTIONS[name], reason="disk is full" if name == "single" else "No space left on device")
                    self.assertFalse((self.out / "dataset.json").exists())
                    kept = self.parts()
                    self.assertEqual(bool(kept), share > 0.2)
                    self.leave_room(64 * KIB * KIB)
                    again = self.ingest(self.out, *OPTIONS[name])
                    self.assertIn("going on with the unfinished run", again.stderr)
                    self.assertEqual(harness.files_below(self.out), self.expected[name])
                    harness.run("eoshard-info", self.out, "--verify")
                    subprocess.run(["rm", "-r", self.out], check=True)

    def test_what_is_committed_stays(self):
        """Twice too little room: the second run leaves the first one's parts as they are."""
        whole = sum(map(len, self.expected["hdf5"].values()))
        self.leave_room(0.9 * whole)
        self.fails(*OPTIONS["hdf5"])
        first = self.parts()
        self.assertGreater(len(first), 0)
        self.leave_room(1.2 * whole)
        self.fails(*OPTIONS["hdf5"])
        self.assertEqual({name: self.parts()[name] for name in first}, first)

    def test_an_append_leaves_the_old_dataset_readable(self):
        self.ingest(self.out, *OPTIONS["hdf5"], products=self.products[:1])
        old = harness.files_below(self.out)
        append = [*OPTIONS["hdf5"], "--append"]
        for share in (1.3, 3):
            self.leave_room(share * sum(map(len, old.values())))
            self.fails(*append, products=self.products[1:])
            self.assertTrue((self.out / "dataset.json").exists())
        harness.run("eoshard-info", self.out)
        self.leave_room(64 * KIB * KIB)
        self.ingest(self.out, *append, products=self.products[1:])
        self.assertEqual(harness.files_below(self.out), self.expected["hdf5"])

    def test_a_read_only_disk(self):
        whole = sum(map(len, self.expected["hdf5"].values()))
        for name in ("hdf5", "single"):
            with self.subTest(name):
                mount("-o", "remount,ro", self.disk)
                self.fails(*OPTIONS[name], reason="Read-only file system")
                mount("-o", "remount,rw", self.disk)
                self.leave_room(1.2 * whole)
                self.fails(*OPTIONS[name], reason="")  # now some of it is there
                mount("-o", "remount,ro", self.disk)
                self.fails(*OPTIONS[name], reason="Read-only file system")
                mount("-o", "remount,rw,size=64m", self.disk)
                self.ingest(self.out, *OPTIONS[name])
                self.assertEqual(harness.files_below(self.out), self.expected[name])
                subprocess.run(["rm", "-r", self.out], check=True)


small_disk.main()
