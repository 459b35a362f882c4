"""A killed ingest goes on when the same command is given again, and ends in the bytes of an uninterrupted run."""
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


class Restart(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 1200)
        cls.whole = cls.root / "whole"
        start = time.monotonic()
        harness.run(*cls.command(cls.whole), ranks=2)
        cls.seconds = time.monotonic() - start

    @classmethod
    def command(cls, out, *options):
        return ["eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--threads", 1, "--out", out, *options, *cls.products]

    def kill_when(self, is_time, out, *options):
        """Starts the ingest on two ranks and kills them without warning once `is_time()`. Returns whether it was still at
        work."""
        process = subprocess.Popen(["mpirun", "-n", "2", "--bind-to", "none", str(harness.BIN / "eoshard-ingest"),
                                    *map(str, self.command(out, *options)[1:])], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        while process.poll() is None and not is_time():
            time.sleep(0.002)
        was_running = process.poll() is None
        # mpirun starts every rank in a process group of its own.
        ranks = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        for pid in [*map(int, ranks), process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()
        return was_running

    def kill_after(self, seconds, out):
        end = time.monotonic() + seconds
        return self.kill_when(lambda: time.monotonic() >= end, out)

    def kill_with_a_part(self, out, *options):
        """An interrupted run that has committed a part or more; they are returned."""
        parts = lambda: list(out.glob("unfinished/*.part"))  # noqa: E731
        self.assertTrue(self.kill_when(parts, out, *options), "the run ended before it could be killed")
        return parts()

    def test_killed_runs_end_in_the_same_bytes(self):
        expected = harness.files_below(self.whole)
        interrupted = 0
        for attempt in range(6):
            out = self.folder / f"killed{attempt}"
            interrupted += self.kill_after((attempt + 1) / 7 * self.seconds, out)
            if (out / "dataset.json").exists():  # it was done before the kill
                continue
            harness.run(*self.command(out), ranks=1 + attempt % 3)
            self.assertEqual(harness.files_below(out), expected, f"attempt {attempt}")
        self.assertGreaterEqual(interrupted, 3)

    def test_committed_parts_are_not_made_again(self):
        out = self.folder / "out"
        parts = {part: part.stat().st_mtime_ns for part in self.kill_with_a_part(out)}
        process = subprocess.Popen([str(harness.BIN / "eoshard-ingest"), *map(str, self.command(out)[1:])], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        seen = {}
        while process.poll() is None:
            for part in parts:
                try:
                    seen[part] = part.stat().st_mtime_ns
                except FileNotFoundError:
                    pass
        self.assertEqual(process.wait(), 0)
        self.assertIn("going on with the unfinished run", process.stderr.read())
        for part, changed in seen.items():
            self.assertEqual(changed, parts[part], part.name)

    def test_resume_takes_the_options_of_the_run(self):
        out = self.folder / "out"
        self.kill_with_a_part(out)
        refused = harness.run("eoshard-ingest", "--resume", out, "--seed", 3, ranks=2, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--seed", refused.stderr)
        harness.run("eoshard-ingest", "--resume", out, ranks=2)
        self.assertEqual(harness.files_below(out), harness.files_below(self.whole))
        finished = harness.run("eoshard-ingest", "--resume", out, check=False)
        self.assertEqual(finished.returncode, 2)
        self.assertIn("finished", finished.stderr)

    def test_other_options_do_not_mix(self):
        out = self.folder / "out"
        self.kill_with_a_part(out)
        refused = harness.run(*self.command(out, "--max-cloud-percent", 50), ranks=2, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("they differ in: max_cloud_percent", refused.stderr)
        harness.run(*self.command(out), ranks=2)
        self.assertEqual(harness.files_below(out), harness.files_below(self.whole))

    def test_lists_that_have_changed_do_not_mix(self):
        """What a list says, not just its name, is part of what makes two runs the same."""
        ids = [row["patch_id"] for row in harness.rows(self.whole / "samples.csv")]
        excluded, lists = self.folder / "excluded.csv", [self.folder / f"{split}.csv" for split in harness.SPLITS]
        for option, changed in ((["--exclude-list", excluded], excluded),
                                (["--split", f"lists:{','.join(map(str, lists))}"], lists[2])):
            with self.subTest(option[0]):
                for number, path in enumerate([*lists, excluded]):
                    path.write_text("".join(f"{name}\n" for name in ids[number::4]))
                out = self.folder / option[0]
                self.kill_with_a_part(out, *option)
                before = changed.read_text()
                changed.write_text(before.split("\n", 1)[1])
                for command in (self.command(out, *option), ["eoshard-ingest", "--resume", out]):
                    refused = harness.run(*command, ranks=2, check=False)
                    self.assertEqual(refused.returncode, 2, refused.stderr)
                    self.assertIn(f"began with another {changed} (by", refused.stderr)
                changed.write_text(before)
                harness.run(*self.command(out, *option), ranks=2)
                left = {row["patch_id"] for row in harness.rows(out / "samples.csv")}
                self.assertEqual(left, set(ids) - set(ids[3::4]))

    def test_a_finished_dataset_needs_overwrite(self):
        refused = harness.run(*self.command(self.whole), ranks=2, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertEqual(len(harness.errors(refused)), 1)
        self.assertIn("--overwrite", refused.stderr)
        inside = harness.run(*self.command(self.whole / "inside"), check=False)
        self.assertIn(f"lies inside the dataset {self.whole}", inside.stderr)
        self.assertFalse((self.whole / "inside").exists())
        before = harness.files_below(self.whole)
        harness.run(*self.command(self.whole, "--overwrite"), ranks=2)
        self.assertEqual(harness.files_below(self.whole), before)


harness.main()
