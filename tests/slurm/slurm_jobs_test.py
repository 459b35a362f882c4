"""The job scripts of slurm/, submitted to a real Slurm of two nodes on this machine, with their three lines edited as a
user edits them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.train import training  # noqa: E402

SCRIPTS = harness.SOURCE / "slurm"
CLUSTER = harness.SHARED / "tools" / "local_slurm.sh"
# A task a node, on pretended cores: nothing to bind to.
SMALL = ["--ntasks-per-node=1", "--cpus-per-task=1", "--mem-per-cpu=1G", "--time=20"]
TRAINING = dict(epochs=4, batch_size=24, micro_batch_size=4, learning_rate=0.05, threads=1, seed=3)
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"}


def slurm(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def state(job):
    """Fields of a job: JobState, Restarts, ExitCode …"""
    return dict(re.findall(r"(\w+)=(\S+)", slurm("scontrol", "show", "job", job)))


class SlurmJobs(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        harness.need_shared("tools/local_slurm.sh")
        if os.geteuid() != 0:
            raise unittest.SkipTest("a Slurm of one's own needs root")
        super().setUpClass()
        os.environ["LOCAL_SLURM_DIR"] = f"/tmp/eoshard-slurm-{os.getpid()}"
        started = subprocess.run([CLUSTER, "start", "--nodes", "2"], capture_output=True, text=True)
        if "could not install" in started.stderr:
            raise unittest.SkipTest("no Slurm here, and it cannot be installed: " + started.stderr.strip())
        if started.returncode != 0:
            raise AssertionError(started.stderr)
        cls.addClassCleanup(subprocess.run, [CLUSTER, "stop"], capture_output=True)
        os.environ.update(re.findall(r"export (\w+)=(\S+)", started.stdout))
        os.environ.update(EOSHARD_BIN=str(harness.BIN), EOSHARD_BIND="none", PYTHONUNBUFFERED="1")
        cls.data = training.make_dataset(cls.root / "data", 96, 24, 24)

    def submit(self, script, lines, *options, arguments=()):
        """Job number of a script of slurm/ of which `lines` (name -> value in bash) were edited."""
        folder = self.folder / "slurm"
        if not folder.exists():
            shutil.copytree(SCRIPTS, folder)
        text = (folder / script).read_text()
        for name, value in lines.items():
            text, count = re.subn(rf"^{name}=.*$", lambda _: f"{name}={value}", text, flags=re.M)
            self.assertEqual(count, 1, f"{script} has no line {name}=")
        (folder / script).write_text(text)
        output = slurm("sbatch", "--parsable", "--chdir", self.folder, "--output", self.folder / "%j.log", *options, folder / script,
                       *arguments)
        return output.strip()

    def log(self, job):
        path = pathlib.Path(state(job)["StdOut"])
        return path.read_text() if path.exists() else f"no {path}"

    def wait(self, job, until=lambda fields: fields["JobState"] in ENDED, timeout=200):
        """Fields of a job once `until` holds of them."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            fields = state(job)
            if until(fields):
                return fields
            if fields["JobState"] in ENDED:
                break
            time.sleep(0.2)
        self.fail(f"job {job} waited for in vain:\n{state(job)}\n{self.log(job)}")

    def complete(self, job):
        fields = self.wait(job)
        self.assertEqual(fields["JobState"], "COMPLETED", self.log(job))
        return fields

    def test_ingest_over_two_nodes(self):
        products = harness.synthesise(self.folder / "in", "--products", 2, "--size", 720)
        (self.folder / "products.txt").write_text("".join(f"{product}\n" for product in products))
        alone = self.folder / "alone"
        harness.run("eoshard-ingest", "--labels", self.folder / "in/clc.tif", "--out", alone, *products)
        for launcher in ("srun", "mpirun"):
            out = self.folder / launcher
            lines = {"PRODUCTS": self.folder / "products.txt", "LABELS": self.folder / "in/clc.tif", "OUT": out}
            job = self.submit("ingest.sh", lines, *SMALL, f"--export=ALL,EOSHARD_LAUNCH={launcher}")
            self.complete(job)
            self.assertEqual(harness.files_below(out), harness.files_below(alone))
            for node in ("node1", "node2"):
                self.assertRegex(self.log(job), rf"task \d on {node}: cores ")

    def test_ingest_that_is_put_back_goes_on(self):
        products = harness.synthesise(self.folder / "in", "--products", 2, "--size", 1800)
        (self.folder / "products.txt").write_text("".join(f"{product}\n" for product in products))
        alone, out = self.folder / "alone", self.folder / "out"
        harness.run("eoshard-ingest", "--labels", self.folder / "in/clc.tif", "--out", alone, *products)
        job = self.submit("ingest.sh", {"PRODUCTS": self.folder / "products.txt", "LABELS": self.folder / "in/clc.tif", "OUT": out},
                          *SMALL)
        self.wait(job, lambda fields: (out / "unfinished").exists())
        slurm("scancel", "--batch", "--signal=USR1", job)
        self.wait(job, lambda fields: int(fields["Restarts"]) == 1)
        self.complete(job)
        self.assertEqual(harness.files_below(out), harness.files_below(alone))

    def test_training_that_is_put_back_twice_ends_with_the_same_weights(self):
        whole = self.folder / "whole"
        training.succeed(self.data, whole, 2, **TRAINING)
        options = training.command(None, None, **TRAINING)[1:]
        for launcher in ("srun", "mpirun"):
            out = self.folder / launcher
            lines = {"DATA": self.data, "OUT": out, "OPTIONS": f"({' '.join(options)})"}
            job = self.submit("train.sh", lines, *SMALL, "--gpus-per-node=1", f"--export=ALL,EOSHARD_LAUNCH={launcher}")
            for restarts, epochs in ((0, 1), (1, 2)):
                self.when_epochs_are_done(job, out, epochs, restarts)
                slurm("scancel", "--batch", "--signal=USR1", job)
                self.wait(job, lambda fields: int(fields["Restarts"]) > restarts)
            self.complete(job)
            self.assertEqual(self.log(job).count("back into the queue"), 2)
            self.assertEqual(training.weights(out), training.weights(whole))
            self.assertEqual(training.metrics(out), training.metrics(whole))

    def when_epochs_are_done(self, job, out, epochs, restarts):
        metrics = out / "metrics.jsonl"
        self.wait(job, lambda fields: int(fields["Restarts"]) == restarts and metrics.exists() and
                  metrics.read_text().count('"train"') >= epochs)

    def test_a_printed_script(self):
        whole, out = self.folder / "whole", self.folder / "run"
        training.succeed(self.data, whole, 2, **TRAINING)
        script = self.folder / "job.sh"
        script.write_text(training.run(self.data, out, print_slurm=True, nodes=2, **TRAINING).stdout)
        job = slurm("sbatch", "--parsable", "--output", self.folder / "%j.log", *SMALL, script).strip()
        self.complete(job)
        self.assertEqual(training.weights(out), training.weights(whole))

    def test_an_array_and_a_score(self):
        out = self.folder / "runs"
        options = training.command(None, None, **{**TRAINING, "epochs": 1})[1:]
        position = options.index("--learning-rate")
        del options[position : position + 2]
        lines = {"DATA": self.data, "OUT": out, "OPTIONS": f"({' '.join(options)})"}
        job = self.submit("search.sh", lines, *SMALL)
        for task in range(4):
            self.complete(f"{job}_{task}")
        self.assertEqual(sorted(run.name for run in out.iterdir() if (run / "result.json").exists()), ["0.025", "0.05", "0.1", "0.2"])
        job = self.submit("evaluate.sh", {"RUN": out / "0.1", "DATA": self.data, "OPTIONS": "(--split test)"}, *SMALL)
        self.complete(job)
        result = json.loads(re.search(r"^\{.*\}$", self.log(job), flags=re.M)[0])
        self.assertEqual((result["split"], result["samples"]), ("test", 24))


harness.main()
