"""Damaged samples: an error, or with --skip-damaged counted, listed and replaced; files that are gone."""
import json
import pathlib
import shutil
import subprocess
import sys
import time

import training

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

OPTIONS = dict(epochs=2, batch_size=8, micro_batch_size=4, threads=1, learning_rate=0.01, seed=5, mixup_alpha=0.3)


class Damage(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.whole = training.make_dataset(cls.root / "whole", 24, 9, 9)
        rows = [f"{split},{index},S2A_SYNTHETIC_{split}_{index}" for split, count in (("train", 24), ("validation", 9), ("test", 9))
                for index in range(count)]
        (cls.root / "whole" / "samples.csv").write_text("\n".join(["split,index,patch_id", *rows, ""]))
        cls.data = cls.root / "data"
        shutil.copytree(cls.whole, cls.data)
        training.damage(cls.data, "train", 5, 11)
        training.damage(cls.data, "validation", 8)  # a ragged micro-batch's only sample
        training.damage(cls.data, "test", 0)

    def test_without_the_option_it_is_an_error(self):
        for cache in ("none", "compressed", "decoded"):
            result = training.run(self.data, self.folder / "run", ranks=2, cache=cache, **OPTIONS)
            self.assertEqual(result.returncode, 1, result.stderr)
            for text in ("train.zarr/data_10m/c/0/0/0/0", "sample", "S2A_SYNTHETIC_train_", "CRC-32C", "--skip-damaged"):
                self.assertIn(text, result.stderr)

    def test_skipped_samples_are_listed_and_counted_the_same_on_any_ranks(self):
        results = {}
        for ranks in (1, 2, 3):
            out = self.folder / f"ranks{ranks}"
            run = training.run(self.data, out, ranks=ranks, skip_damaged=True, **OPTIONS)
            self.assertEqual(run.returncode, 0, run.stderr)
            for sample in ("train_5)", "train_11)", "validation_8)", "test_0)"):
                self.assertEqual(run.stderr.count(f"S2A_SYNTHETIC_{sample}"), 1, run.stderr)
            result = json.loads(run.stdout)
            self.assertEqual(result["damaged"], {"train": 2, "test": 1})
            self.assertEqual(result["samples"], 8)
            results[ranks] = (training.weights(out), training.metrics(out), result["per_class"], result["loss"])
            self.assertEqual([line["damaged"] for line in results[ranks][1]], [2, 1, 2, 1, 1, 1])
        self.assertEqual(results[2], results[1])
        self.assertEqual(results[3], results[1])
        training.succeed(self.whole, self.folder / "whole", **OPTIONS)
        self.assertNotEqual(training.weights(self.folder / "whole"), results[1][0])

    def test_predictions_leave_them_out(self):
        run = self.folder / "run"
        training.succeed(self.whole, run, **{**OPTIONS, "epochs": 1})
        tables = {}
        for data in (self.whole, self.data):
            table = self.folder / "predictions.csv"
            result = training.succeed(data, None, 2, evaluate=run, predictions=table, embeddings=self.folder / "e.npy",
                                      skip_damaged=True, threads=1)
            tables[data] = harness.rows(table)
        self.assertEqual((result["samples"], result["damaged"]), (8, 1))
        self.assertEqual([row["patch_id"] for row in tables[self.data]], [row["patch_id"] for row in tables[self.whole]][1:])

    def test_whole_micro_batches_of_damage_are_an_error(self):
        data = self.folder / "data"
        shutil.copytree(self.whole, data)
        training.damage(data, "train", *range(24))
        result = training.run(data, self.folder / "run", skip_damaged=True, **OPTIONS)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("all 4 samples of a micro-batch are damaged", result.stderr)

    def test_a_file_that_is_gone_is_no_damage(self):
        data = self.folder / "data"
        shutil.copytree(self.whole, data)
        shard = data / "validation.zarr/data_20m/c/0/0/0/0"
        shard.unlink()
        result = training.run(data, self.folder / "run", ranks=2, skip_damaged=True, **OPTIONS)
        self.assertEqual(result.returncode, 1, result.stderr)
        for text in (str(shard), "No such file", "validation sample"):
            self.assertIn(text, result.stderr)

    def test_files_that_disappear_in_training_end_all_ranks(self):
        """Fewer may be open than there are, so that every rank opens some again and again."""
        data = pathlib.Path(training.make_dataset(self.folder / "many", 16 * 1024, 8, 8, "sentinel", 12))
        out = self.folder / "run"
        training.small_network(self.folder / "model.pt")
        line = training.command(data, out, ranks=2, epochs=100, batch_size=16, micro_batch_size=8, threads=1,
                                learning_rate=0.01, model=self.folder / "model.pt", trace=True)
        program = line.index(training.TRAIN)
        line[program:program] = ["bash", "-c", 'ulimit -n 64; exec "$@"', "bash"]
        process = subprocess.Popen(line, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while process.poll() is None and not (out / "trace.jsonl").exists():
            time.sleep(0.002)
        shutil.rmtree(data / "train.zarr")
        output, errors = process.communicate(timeout=100)
        self.assertEqual((process.returncode, output), (1, ""), errors)
        said = [one for one in errors.splitlines() if "eoshard-train: error:" in one]
        self.assertGreaterEqual(len(said), 1, errors)  # two where both ranks come upon it before one ends the other
        for word in ("train sample", str(data / "train.zarr"), "No such file"):
            self.assertIn(word, said[0])


harness.main()
