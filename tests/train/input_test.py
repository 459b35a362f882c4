"""The input pipeline of eoshard-train: its speed alone (--benchmark-input), and samples kept in memory (--cache)."""
import pathlib
import subprocess
import sys

import training

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


class Input(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = training.make_dataset(cls.root / "data", 40, 8, 8)

    def test_prints_both_speeds(self):
        result = training.succeed(self.data, None, benchmark_input=True, loader_threads=2, bands="B04,B11", precision="bf16")
        self.assertEqual((result["samples"], result["threads"], result["bands"]), (40, 2, 2))
        self.assertEqual(result["type"], "bfloat16")
        self.assertGreater(result["raw_images_per_second"], 0)
        self.assertGreater(result["transformed_images_per_second"], 0)

    def test_several_ranks_are_refused(self):
        result = training.run(self.data, None, ranks=2, benchmark_input=True)
        self.assertEqual(result.returncode, 2)
        self.assertIn("without mpirun", result.stderr)

    def test_a_cache_changes_nothing_but_time(self):
        weights = {}
        for cache in ("none", "compressed", "decoded"):
            out = self.folder / cache
            training.succeed(self.data, out, epochs=2, batch_size=8, seed=3, cache=cache, loader_threads=2)
            weights[cache] = training.weights(out)
        self.assertEqual(weights["compressed"], weights["none"])
        self.assertEqual(weights["decoded"], weights["none"])

    def test_more_shards_than_files_may_be_open(self):
        """40 shards of three arrays each, read in every step."""
        data = training.make_dataset(self.folder / "many", 40 * 1024, 8, 8, "sentinel", 12)
        weights = []
        for limit in (80, 4096):
            out = self.folder / str(limit)
            line = training.command(data, out, batch_size=1024, micro_batch_size=256, max_steps=2, seed=3, learning_rate=0.01,
                                    loader_threads=2)
            limited = ["bash", "-c", f'ulimit -n {limit}; exec "$@"', "bash", *line]
            result = subprocess.run(limited, capture_output=True, text=True, timeout=200)
            self.assertEqual(result.returncode, 0, result.stderr)
            weights.append(training.weights(out))
        self.assertEqual(*weights)


harness.main()
