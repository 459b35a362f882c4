"""--benchmark-step: the speed of steps on one resident batch, for which nothing is written."""
import pathlib
import sys

import training

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


class StepBenchmark(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = training.make_dataset(cls.root / "data", 16, 4, 4)

    def test_takes_as_many_steps_as_it_is_told(self):
        result = training.succeed(self.data, None, benchmark_step=True, model="resnet18", batch_size=8, micro_batch_size=4,
                                  max_steps=3, threads=1, precision="bf16")
        speed = result.pop("images_per_second")
        self.assertEqual(result, {"model": "resnet18", "precision": "bf16", "input": "bfloat16", "device": "cpu", "threads": 1,
                                  "batch_size": 8, "micro_batch_size": 4, "steps": 3})
        self.assertGreater(speed, 0)

    def test_what_it_does_not_measure_is_refused(self):
        for said, ranks, options in (("without mpirun", 2, {}), ("eager steps only", 1, {"step": "graphed"})):
            result = training.run(self.data, None, ranks=ranks, benchmark_step=True, **options)
            self.assertEqual(result.returncode, 2)
            self.assertIn(said, result.stderr)


harness.main()
