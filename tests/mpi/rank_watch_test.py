"""A rank of which nothing was ever heard is judged like one that falls silent; where nothing comes through at all, nobody
is."""
import os
import pathlib
import subprocess
import sys
import unittest

PROGRAM = pathlib.Path(os.environ["EOSHARD_BIN"]).parent / "tests" / "watched_ranks"
TIMEOUT_S = 2


def start(*arguments):
    return subprocess.Popen(["mpirun", "-n", "3", "--bind-to", "none", PROGRAM, *map(str, arguments)], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class RankWatch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Most of the time they wait: all at once."""
        started = {"one": start(TIMEOUT_S, 20, 2), "root": start(TIMEOUT_S, 20, 0),
                   "late": start(TIMEOUT_S, 20, "late", 1),
                   "all": start(TIMEOUT_S, TIMEOUT_S + 1, 0, 1, 2), "none": start(1000, 0.1)}
        cls.said = {name: process.communicate(timeout=100) for name, process in started.items()}
        cls.status = {name: process.returncode for name, process in started.items()}

    def test_a_rank_that_was_never_heard_ends_all(self):
        for name, rank in (("one", 2), ("root", 0)):
            errors = self.said[name][1]
            self.assertNotEqual(self.status[name], 0, errors)
            self.assertIn(f"rank {rank} (process", errors)
            self.assertIn("is lost: nothing was heard from it", errors)

    def test_a_rank_that_hangs_before_the_watch_ends_all(self):
        errors = self.said["late"][1]
        self.assertNotEqual(self.status["late"], 0, errors)
        self.assertIn("another rank is lost: it has not begun within 2 s", errors)

    def test_where_no_datagram_comes_through_nobody_is_judged(self):
        errors = self.said["all"][1]
        self.assertEqual(self.status["all"], 0, errors)
        self.assertIn("no datagram (UDP) of rank 2", errors)

    def test_signs_begin_at_once(self):
        output, errors = self.said["none"]
        self.assertEqual(self.status["none"], 0, errors)
        self.assertGreaterEqual(int(output), 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
