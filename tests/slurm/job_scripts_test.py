"""The job scripts of slurm/ with stand-ins for Slurm and the programs: what they launch, and when they put a job back."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

STAND_INS = {"scontrol": '[ "$1" = requeue ] && { echo "$2" >"$PUT_BACK"; exit; }; echo "   Command=$SUBMITTED"; echo "   Partition=x"',
             "srun": 'while [[ $1 = --* ]]; do shift; done; exec "$@"',
             "sleep": 'exec /bin/sleep 0.05',
             "program": '[ -z "$HANGS" ] || trap "" USR1; echo "RESULT"; printf "<%s>" "${0##*/}" "$@" >&2; echo >&2; '
                        '[ -z "$HANGS$LOADS" ] || exec /bin/sleep 1; exit "$STATUS"'}


class JobScripts(harness.FolderTest):
    def setUp(self):
        super().setUp()
        self.bin, self.scripts = self.folder / "bin", self.folder / "a folder with blanks"
        shutil.copytree(harness.SOURCE / "slurm", self.scripts)
        self.bin.mkdir()
        for name, text in STAND_INS.items():
            (self.bin / name).write_text(f"#!/bin/bash\n{text}\n")
            (self.bin / name).chmod(0o755)
        for name in ("eoshard-train", "eoshard-ingest"):
            (self.bin / name).symlink_to("program")

    def start(self, script, *arguments, restarts=0, status=0, **environment):
        path = self.scripts / script
        submitted = " ".join(map(str, [path, *arguments]))
        spooled = self.folder / "slurm_script"  # as Slurm runs it: a copy elsewhere
        shutil.copy(path, spooled)
        return subprocess.Popen(["bash", spooled, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={
            "PATH": f"{self.bin}:{os.environ['PATH']}", "SUBMITTED": submitted, "PUT_BACK": str(self.folder / "put-back"),
            "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "node1", "SLURM_ARRAY_TASK_ID": "0", "SLURM_RESTART_COUNT": str(restarts),
            "STATUS": str(status), **environment})

    def log(self, *arguments, exit_status=0, **options):
        job = self.start(*arguments, **options)
        log = job.communicate(timeout=30)[0]
        self.assertEqual(job.returncode, exit_status, log)
        return log

    def was_put_back(self):
        return (self.folder / "put-back").exists()

    def test_arguments_reach_the_program_and_only_a_score_the_log(self):
        log = self.log("train.sh", "--where", "a=b c")
        self.assertIn("<eoshard-train><--data></path/to/dataset>", log)
        self.assertIn("<--where><a=b c>", log)
        self.assertNotIn("RESULT", log)
        self.assertNotIn("RESULT", self.log("search.sh"))
        self.assertIn("RESULT", self.log("evaluate.sh"))
        self.assertIn("RESULT", self.log("train.sh", "--benchmark-step"))
        self.assertFalse(self.was_put_back())

    def test_a_restart_does_not_start_anew(self):
        for script in ("train.sh", "search.sh", "ingest.sh"):
            self.assertIn("<--overwrite>", self.log(script, "--overwrite"))
            self.assertNotIn("<--overwrite>", self.log(script, "--overwrite", "--seed", "3", restarts=1))
            self.assertIn("<--seed><3>", self.log(script, "--overwrite", "--seed", "3", restarts=1))

    def test_75_puts_the_job_back_and_nothing_else_does(self):
        self.log("train.sh", status=1, exit_status=1)
        self.assertFalse(self.was_put_back())
        self.log("train.sh", status=75, exit_status=75)
        self.assertTrue(self.was_put_back())

    def test_a_job_has_only_so_many_starts(self):
        self.assertIn("start 3 of at most 3", self.log("train.sh", status=75, exit_status=75, restarts=2, EOSHARD_STARTS="3"))
        self.assertFalse(self.was_put_back())
        self.log("train.sh", status=75, exit_status=75, restarts=1, EOSHARD_STARTS="3")
        self.assertTrue(self.was_put_back())

    def signalled(self, line, **environment):
        """The rest of the log of a job that gets SIGUSR1 as soon as it says `line`."""
        job = self.start("train.sh", EOSHARD_STOP="2", **environment)
        while line not in job.stdout.readline():
            pass
        job.send_signal(signal.SIGUSR1)
        return job.communicate(timeout=30)[0]

    def test_of_an_array_one_task_is_put_back(self):
        self.log("search.sh", status=75, exit_status=75, SLURM_ARRAY_JOB_ID="7")
        self.assertEqual((self.folder / "put-back").read_text(), "7_0\n")
        self.log("train.sh", status=75, exit_status=75)
        self.assertEqual((self.folder / "put-back").read_text(), "7\n")

    def test_a_program_that_does_not_stop_is_put_back(self):
        self.assertIn("has not stopped in time", self.signalled("<eoshard-train>", HANGS="1"))
        self.assertTrue(self.was_put_back())

    def test_a_signal_that_comes_before_the_program_listens_puts_the_job_back(self):
        for line in ("<eoshard-train>", "start 1"):  # while it loads, and before it is launched
            self.assertIn("ended with 138", self.signalled(line, LOADS="1"))
            self.assertTrue(self.was_put_back())
            (self.folder / "put-back").unlink()

    def test_what_is_missing_is_named(self):
        (self.bin / "eoshard-ingest").unlink()
        self.assertIn("set EOSHARD_BIN", self.log("ingest.sh", exit_status=127))
        job_functions = self.scripts / "job.sh"
        job_functions.rename(self.folder / "job.sh")
        self.assertIn("copy job.sh along", self.log("train.sh", exit_status=1))
        self.assertIn("<eoshard-train>", self.log("train.sh", EOSHARD_SCRIPTS=str(self.folder)))


harness.main()
