"""SIGKILL at chosen write, rename and fsync calls of an ingest: the same command goes on and ends in the same bytes.

`ingest_kill_test.py` makes 30 kills; `ingest_kill_test.py all` kills at each of the first 200 calls, before and after
every rename, and at 30 random moments on two ranks.
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

WHOLE_CAMPAIGN = "all" in sys.argv
sys.argv = sys.argv[:1]
LIBRARY = harness.BIN.parent / "tests" / "libkill_at_call.so"
FIRST_CALLS = 200


def spread(numbers, count):
    """`count` of them from the first to the last."""
    return [numbers[place * (len(numbers) - 1) // (count - 1)] for place in range(count)]


def is_running(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end_within(seconds, processes):
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(map(is_running, processes)):
        time.sleep(0.05)
    return not any(map(is_running, processes))


def end_launcher(mpirun):
    """With all ranks gone. Open MPI 4.1.4's mpirun may wait for itself forever, in PMIx_server_finalize."""
    try:
        mpirun.wait(timeout=10)
    except subprocess.TimeoutExpired:
        mpirun.kill()
        mpirun.wait()


class KilledAtACall(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 3 if WHOLE_CAMPAIGN else 2, "--size", 360, "--cloud-percent", 0)
        cls.whole = cls.root / "whole"
        calls = cls.root / "calls.txt"
        cls.ingest(cls.whole, EOSHARD_KILL_COUNT=calls)
        cls.calls = calls.read_text().split()
        cls.expected = harness.files_below(cls.whole)

    @classmethod
    def ingest(cls, out, **settings):
        environment = {name: str(value) for name, value in settings.items()}
        if settings:
            environment |= {"LD_PRELOAD": str(LIBRARY), "EOSHARD_KILL_UNDER": str(out)}
        return harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--threads", 1, "--format", "zarr,hdf5",
                           "--out", out, *cls.products, check=False, env=environment)

    def assert_goes_on(self, name, **settings):
        out = self.folder / name
        killed = self.ingest(out, **settings)
        self.assertEqual(killed.returncode, -signal.SIGKILL, f"{name}: {killed.stderr}")
        again = self.ingest(out)
        self.assertEqual(again.returncode, 0, f"{name}: {again.stderr}")
        self.assertEqual(harness.files_below(out), self.expected, name)
        self.assertEqual(harness.run("eoshard-info", out, "--verify", check=False).returncode, 0, name)

    def test_at_write_rename_and_fsync_calls(self):
        first = range(1, min(FIRST_CALLS, len(self.calls)) + 1)
        chosen = first if WHOLE_CAMPAIGN else spread(first, 10)
        for call in chosen:
            with self.subTest(call=call, kind=self.calls[call - 1]):
                self.assert_goes_on(f"call{call}", EOSHARD_KILL_AT=call)

    def test_before_and_after_renames(self):
        renames = self.calls.count("rename")
        self.assertGreater(renames, 10)
        chosen = range(1, renames + 1) if WHOLE_CAMPAIGN else spread(range(1, renames + 1), 7)
        for rename in chosen:
            for after in ("", "1"):
                with self.subTest(rename=rename, after=after):
                    self.assert_goes_on(f"rename{rename}-{'after' if after else 'before'}", EOSHARD_KILL_KIND="rename", EOSHARD_KILL_AT=rename,
                                        EOSHARD_KILL_AFTER=after)

    def test_at_random_moments_on_two_ranks(self):
        """One of two ranks dies: mpirun ends the other, and the same command goes on."""
        moments = random.Random(7)
        for attempt in range(30 if WHOLE_CAMPAIGN else 6):
            with self.subTest(attempt=attempt):
                self.kill_one_rank(f"random{attempt}", moments.uniform(0.02, 0.9), moments.randrange(2))

    def kill_one_rank(self, name, seconds, rank):
        out = self.folder / name
        command = [str(harness.BIN / "eoshard-ingest"), "--labels", str(self.root / "in/clc.tif"), "--threads", "1", "--format", "zarr,hdf5",
                   "--out", str(out), *map(str, self.products)]
        process = subprocess.Popen(["mpirun", "-n", "2", "--bind-to", "none", *command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ranks = []
        while process.poll() is None and len(ranks) < 2:
            ranks = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        time.sleep(seconds)
        try:
            os.kill(int(ranks[rank]), signal.SIGKILL)
        except (ProcessLookupError, IndexError):
            pass
        self.assertTrue(end_within(30, ranks), f"{name}: the other rank went on")
        end_launcher(process)
        again = self.ingest(out)
        if again.returncode != 2 or "finished dataset" not in again.stderr:
            self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(harness.files_below(out), self.expected, name)


harness.main()
