"""A run that is killed, stopped or cannot save, and then goes on: the weights of the uninterrupted run to the last bit."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import training

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

OPTIONS = dict(epochs=4, batch_size=24, micro_batch_size=4, learning_rate=0.05, threads=1, seed=3, mixup_alpha=0.2,
               checkpoint_every_steps=1, trace=True)
STEPS = 4 * (103 // 24)
LONG = 6000  # samples of an evaluation that takes seconds


def traced_steps(out):
    return [json.loads(line)["step"] for line in (out / "trace.jsonl").read_text().splitlines()]


def lets_signals_wait(process):
    """Whether just SIGUSR1 and SIGTERM are blocked: the program has begun, and loads its libraries for the second time."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    [blocked] = [line.split()[1] for line in status.splitlines() if line.startswith("SigBlk")]
    return int(blocked, 16) == sum(1 << (number - 1) for number in (signal.SIGUSR1, signal.SIGTERM))


def step_of(path):
    return int(path.stem.removeprefix("step-"))


class Restart(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = training.make_dataset(cls.root / "data", 103, 21, 10)
        training.small_network(cls.root / "model.pt")
        OPTIONS["model"] = cls.root / "model.pt"
        cls.whole = cls.root / "run"
        training.succeed(cls.data, cls.whole, **OPTIONS)
        cls.random = random.Random(7)

    def interrupted(self, out, ranks=1, number=signal.SIGKILL, step=1, **options):
        """The run's exit status; the signal goes to all of its processes once a checkpoint of that step is there."""
        process = subprocess.Popen(training.command(self.data, out, ranks, **{**OPTIONS, **options}), text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + 100
        while process.poll() is None and time.monotonic() < deadline:
            saved = training.checkpoints(out)
            if saved and step_of(saved[-1]) >= step:
                # mpirun passes SIGUSR1 on; what is killed is killed at once, as by a power cut.
                subprocess.run(["pkill", f"-{number.value}", "-s", str(process.pid)] if number == signal.SIGKILL
                               else ["kill", f"-{number.value}", str(process.pid)], check=False)
                break
            time.sleep(0.002)
        process.communicate(timeout=100)
        return process.returncode

    def assert_as_whole(self, out):
        self.assertEqual(training.weights(out), training.weights(self.whole))
        self.assertEqual(training.metrics(out), training.metrics(self.whole))
        self.assertEqual(traced_steps(out), list(range(1, STEPS + 1)))

    def test_killed_at_any_step_and_resumed_on_other_ranks(self):
        for attempt in range(2):
            out = self.folder / f"run{attempt}"
            for ranks, limit in ((1, STEPS // 3), (2, 2 * STEPS // 3)):
                saved = training.checkpoints(out)
                first = step_of(saved[-1]) if saved else 0
                self.interrupted(out, ranks, step=self.random.randint(first + 1, max(first + 1, limit)))
                self.assertFalse((out / "result.json").exists())
            training.succeed(self.data, out, 4, **OPTIONS)
            self.assert_as_whole(out)

    def test_stopped_between_and_resumed(self):
        out = self.folder / "run"
        self.assertEqual(self.interrupted(out, 2, signal.SIGUSR1, 6, checkpoint_every_steps=3), 75)
        training.succeed(self.data, out, **{**OPTIONS, "checkpoint_every_steps": 0})
        self.assert_as_whole(out)

    def test_stopped_before_there_is_anything_to_save(self):
        """From the moment that the program itself runs; before, its libraries are loaded."""
        environment = {name: value for name, value in os.environ.items() if name not in ("GLIBC_TUNABLES", "OMP_WAIT_POLICY")}
        for number, delay_s in ((signal.SIGUSR1, 0), (signal.SIGTERM, 0.1), (signal.SIGUSR1, 0.3), (signal.SIGTERM, 1)):
            process = subprocess.Popen(training.command(self.data, self.folder / "run", **{**OPTIONS, "epochs": 5000}),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
            deadline = time.monotonic() + 60
            while process.poll() is None and not lets_signals_wait(process.pid):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.001)
            time.sleep(delay_s)
            process.send_signal(number)
            self.assertEqual(process.wait(100), 75, process.communicate()[1])
            process.stderr.close()

    def test_stopped_in_an_evaluation(self):
        """By all ranks, or by one that the others wait for: what is being evaluated is scored anew when the run goes on."""
        data = training.make_dataset(self.folder / "long", 48, LONG, LONG)
        options = {**OPTIONS, "epochs": 2, "micro_batch_size": 1, "checkpoint_every_steps": 0}
        whole = self.folder / "long-whole"
        training.succeed(data, whole, **options)
        for name, lines, is_for_all in (("all", 1, True), ("one", 3, False), ("scores", 4, True)):
            with self.subTest(name):
                out = self.folder / name
                process = subprocess.Popen(training.command(data, out, 2, **options), stdout=subprocess.DEVNULL,
                                           stderr=subprocess.PIPE, text=True)
                while process.poll() is None and len(training.metrics(out)) < lines:
                    time.sleep(0.002)
                os.kill(process.pid if is_for_all else training.ranks_below(process.pid)[1], signal.SIGUSR1)
                errors = process.communicate(timeout=100)[1]
                self.assertEqual(process.returncode, 75, errors)
                self.assertEqual(len(training.metrics(out)), lines, "the evaluation was not broken off")
                stopped = training.run(data, out, **options, time_limit=0.001)  # it begins with an evaluation, which is ended
                self.assertEqual(stopped.returncode, 75 if lines < 3 else 0, stopped.stderr)
                self.assertGreater(len(training.metrics(out)), lines)
                if lines < 3:
                    training.succeed(data, out, **options)
                self.assertEqual(training.weights(out), training.weights(whole))
                self.assertEqual(training.metrics(out), training.metrics(whole))

    def test_a_trace_that_cannot_be_written_ends_nothing(self):
        out = self.folder / "run"
        self.assertEqual(self.interrupted(out, 1, signal.SIGTERM, 8), 75)
        (out / "trace.jsonl").unlink()
        (out / "trace.jsonl").mkdir()
        result = training.run(self.data, out, **OPTIONS)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.count("TRACE NOT WRITTEN"), 1, result.stderr)
        self.assertEqual(training.weights(out), training.weights(self.whole))

    def test_the_last_few_are_kept(self):
        names = [path.name for path in training.checkpoints(self.whole)]
        self.assertEqual([step_of(path) for path in training.checkpoints(self.whole)], [STEPS - 1, STEPS], names)
        self.assertTrue((self.whole / "checkpoints" / "best.ckpt").exists())

    def test_a_cut_or_flipped_newest_is_passed_over(self):
        for name in ("cut", "flipped"):
            out = self.folder / name
            self.interrupted(out, step=5)
            newest = training.checkpoints(out)[-1]
            content = bytearray(newest.read_bytes())
            content[len(content) // 3] ^= 16
            newest.write_bytes(content[:len(content) // 2] if name == "cut" else content)
            (newest.parent / "step-000000000099.ckpt.tmp").write_bytes(content)  # as a killed write leaves it
            result = training.run(self.data, out, 2, **OPTIONS)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(newest.name, result.stderr)
            self.assertIn("the checkpoint before it", result.stderr)
            self.assert_as_whole(out)
            self.assertEqual(list((out / "checkpoints").glob("*.tmp")), [])

    def obstruct(self, out, steps):
        """Folders where the writer wants its temporary files."""
        for step in steps:
            place = out / "checkpoints" / f"step-{step:012d}.ckpt.tmp"
            place.unlink(missing_ok=True)  # what the kill has interrupted
            (place / "x").mkdir(parents=True)

    def test_training_goes_on_where_a_checkpoint_cannot_be_written(self):
        out = self.folder / "run"
        self.interrupted(out, step=2)
        before = training.checkpoints(out)[-1]
        self.obstruct(out, range(step_of(before) + 1, STEPS + 1))
        result = training.run(self.data, out, **OPTIONS)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("CHECKPOINT NOT SAVED at step", result.stderr)
        self.assertIn("Training goes on", result.stderr)
        self.assertTrue(before.exists())
        self.assert_as_whole(out)

    def test_a_stop_that_cannot_be_saved_is_a_failure(self):
        out = self.folder / "run"
        self.interrupted(out, step=2)
        before = training.checkpoints(out)[-1]
        self.obstruct(out, range(step_of(before) + 1, STEPS + 1))
        result = training.run(self.data, out, **OPTIONS, time_limit=0.01)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("could not be saved", result.stderr)
        self.assertIn(str(before), result.stderr)

    def test_lost_best_weights_are_replaced_by_the_last(self):
        out = self.folder / "run"
        self.assertEqual(self.interrupted(out, 1, signal.SIGTERM, 10), 75)
        (out / "checkpoints" / "best.ckpt").write_bytes(b"nothing")
        result = training.run(self.data, out, **OPTIONS)
        self.assertEqual(result.returncode, 0, result.stderr)
        scores = json.loads(result.stdout)
        if scores["chosen_by"].startswith("last"):  # else a later epoch was better
            self.assertIn("best weights are lost", result.stderr)
            self.assertEqual(scores["f1_micro"], scores["last"]["f1_micro"])

    def unfinished_copy(self, name):
        """The whole run before its last scores: only those are left to do."""
        out = self.folder / name
        shutil.copytree(self.whole, out)
        (out / "result.json").unlink()
        return out

    def test_weights_of_another_epoch_are_not_taken_for_the_best(self):
        epoch = json.loads((self.whole / "result.json").read_text())["epoch"]
        other = self.folder / "other"
        training.succeed(self.data, other, **{**OPTIONS, "epochs": 1 if epoch > 1 else 2, "checkpoint_every_steps": 0})
        out = self.unfinished_copy("run")
        shutil.copy(other / "checkpoints" / "best.ckpt", out / "checkpoints" / "best.ckpt")
        result = training.run(self.data, out, **OPTIONS)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"epoch {epoch} was the best", result.stderr)
        scores = json.loads(result.stdout)
        self.assertEqual(scores["chosen_by"], "last (the best weights are lost)")
        self.assertEqual(scores["f1_micro"], scores["last"]["f1_micro"])

    def test_the_best_is_scored_though_it_could_not_be_written(self):
        out = self.folder / "run"
        self.interrupted(out, step=1)
        shutil.rmtree(out / "checkpoints")
        (out / "checkpoints" / "best.ckpt.tmp" / "x").mkdir(parents=True)
        result = training.run(self.data, out, **OPTIONS)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("CHECKPOINT NOT SAVED", result.stderr)
        self.assert_as_whole(out)

    def test_damaged_states_do_not_keep_a_new_run_from_being_saved(self):
        out = self.folder / "run"
        self.assertEqual(self.interrupted(out, 1, signal.SIGTERM, 8), 75)
        for path in training.checkpoints(out):
            path.write_bytes(path.read_bytes()[:1000])
        result = training.run(self.data, out, **OPTIONS, time_limit=0.01)
        self.assertEqual(result.returncode, 75, result.stderr)
        self.assertIn("STARTING ANEW", result.stderr)
        result = training.run(self.data, out, **OPTIONS)
        self.assertIn("going on from step ", result.stderr)
        self.assert_as_whole(out)


harness.main()
