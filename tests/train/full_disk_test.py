"""The disk is full while a checkpoint is written: training goes on and says so, the checkpoint before it stays as it was,
and with room again the run ends with the weights of one that nothing disturbed."""
import pathlib
import signal
import subprocess
import sys
import time

import training

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import small_disk  # noqa: E402

OPTIONS = dict(epochs=100, batch_size=24, micro_batch_size=4, learning_rate=0.05, threads=1, seed=3, checkpoint_every_steps=1,
               progress="never")


class FullDisk(small_disk.SmallDiskTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = training.make_dataset(cls.root / "data", 103, 21, 10)
        training.small_network(cls.root / "model.pt")
        OPTIONS["model"] = cls.root / "model.pt"

    def used(self):
        return sum(path.stat().st_blocks * 512 for path in self.disk.rglob("*"))

    def fill(self, process):
        """Leaves no room for another file while the process stands; the checkpoints that are there."""
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        self.leave_room(self.used() + 2 * small_disk.KIB)
        return {path: path.read_bytes() for path in training.checkpoints(self.disk / "run")}

    def test_training_goes_on(self):
        process = subprocess.Popen(training.command(self.data, self.disk / "run", **OPTIONS), text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while process.poll() is None and not training.checkpoints(self.disk / "run"):
            time.sleep(0.002)
        before = self.fill(process)
        process.send_signal(signal.SIGCONT)
        said = ""
        while "CHECKPOINT NOT SAVED" not in said:
            said = process.stderr.readline()
            self.assertNotEqual(said, "", "the run ended without a word")
        for word in ("No space left on device", "Training goes on", str(self.disk / "run" / "checkpoints")):
            self.assertIn(word, said)
        kept = training.checkpoints(self.disk / "run")
        self.assertTrue(set(kept) & set(before), (kept, before.keys()))
        for path in set(kept) & set(before):
            self.assertEqual(path.read_bytes(), before[path])
        self.leave_room(64 << 20)
        errors = process.communicate(timeout=300)[1]
        self.assertEqual(process.returncode, 0, errors)
        whole = self.folder / "whole"
        training.succeed(self.data, whole, **{**OPTIONS, "checkpoint_every_steps": 0})
        self.assertEqual(training.weights(self.disk / "run"), training.weights(whole))
        self.assertEqual(training.metrics(self.disk / "run"), training.metrics(whole))


small_disk.main()
