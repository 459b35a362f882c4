"""eoshard-train on datasets of eoshard-pack: BigEarthNet, a folder of images a class, SAT-6's CSV files."""
import json
import math
import pathlib
import sys

import numpy as np
import training
from sklearn.metrics import accuracy_score, balanced_accuracy_score, cohen_kappa_score, confusion_matrix, f1_score

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import bigearthnet, harness, image_folders, sat_files  # noqa: E402

QUICK = dict(epochs=2, batch_size=8, micro_batch_size=8, threads=1, learning_rate=0.01, warmup_epochs=0, stem="small")


class Packed(harness.FolderTest):
    def check_single_label(self, data, classes, samples, **options):
        """Trains, and compares what result.json says with the predictions of a second look at the weights."""
        self.assertEqual(harness.manifest(data)["task"], "single-label")
        run = self.folder / "run"
        result = training.succeed(data, run, **QUICK, **options)
        table = self.folder / "predictions.csv"
        training.succeed(data, None, 2, evaluate=run, predictions=table, threads=1)
        rows = harness.rows(table)
        self.assertEqual([len(rows), result["samples"]], [samples, samples])
        self.assertEqual([one["name"] for one in result["per_class"]], classes)
        scores = np.array([[float(row[name]) for name in classes] for row in rows])
        truth = np.array([classes.index(row["labels"]) for row in rows])
        predicted = scores.argmax(1)
        self.assertEqual([row["predicted"] for row in rows], [classes[index] for index in predicted])
        np.testing.assert_allclose(scores.sum(1), 1, atol=1e-5)
        self.assertAlmostEqual(result["loss"], -np.log(scores[np.arange(samples), truth]).mean(), delta=1e-4)
        numbers = list(range(len(classes)))
        self.assertEqual(result["true_and_predicted"], confusion_matrix(truth, predicted, labels=numbers).tolist())
        for name, expected in (("accuracy", accuracy_score(truth, predicted)),
                               ("balanced_accuracy", balanced_accuracy_score(truth, predicted)),
                               ("kappa", cohen_kappa_score(truth, predicted)),
                               ("f1_macro", f1_score(truth, predicted, labels=numbers, average="macro", zero_division=0))):
            self.assertAlmostEqual(result[name], expected, delta=1e-9, msg=name)
        self.assertIn("balanced_accuracy", json.loads((run / "metrics.jsonl").read_text().splitlines()[-1]))
        return result

    def test_bigearthnet(self):
        patches = bigearthnet.make(self.folder / "in", 1, 16)
        lists = bigearthnet.write_lists(self.folder, patches)
        bigearthnet.pack(self.folder / "data", "bigearthnet-v1", "--split", lists, self.folder / "in")
        quick = dict(epochs=1, batch_size=4, max_steps=2, seed=1, threads=1)
        scores = training.succeed(self.folder / "data", self.folder / "run", **quick)
        self.assertEqual(scores["samples"], sum(patch["split"] == "test" for patch in patches))
        self.assertTrue(math.isfinite(scores["loss"]))
        self.assertEqual(len(scores["per_class"]), 19)
        supports = {entry["name"]: entry["support"] for entry in scores["per_class"]}
        self.assertEqual(supports["Pastures"], sum("Pastures" in patch["labels"] for patch in patches if patch["split"] == "test"))
        # The same patches with 43 classes, brought to the 19 by the trainer: the very same run.
        bigearthnet.pack(self.folder / "data43", "bigearthnet-v1", "--nomenclature", "bigearthnet-43", "--split", lists,
                         self.folder / "in")
        self.assertEqual(len(harness.manifest(self.folder / "data43")["classes"]), 43)
        mapped = training.succeed(self.folder / "data43", self.folder / "run43", **quick, nomenclature="bigearthnet-19")
        self.assertEqual(training.weights(self.folder / "run43"), training.weights(self.folder / "run"))
        self.assertEqual(mapped["per_class"], scores["per_class"])

    def test_hdf5_trains_as_zarr_does(self):
        patches = bigearthnet.make(self.folder / "in", 1, 16)
        lists = bigearthnet.write_lists(self.folder, patches)
        weights = {}
        for name, formats in (("zarr", ("--format", "zarr")),
                              ("shards", ("--format", "hdf5")),
                              ("plain", ("--format", "hdf5", "--hdf5-compression", "none")),
                              ("single", ("--format", "hdf5", "--hdf5-layout", "single"))):
            data, run = self.folder / name, self.folder / f"run-{name}"
            bigearthnet.pack(data, "bigearthnet-v1", *formats, "--split", lists, self.folder / "in")
            self.assertEqual((data / "train.zarr").exists(), name == "zarr")
            scores = training.succeed(data, run, epochs=1, batch_size=4, max_steps=2, seed=1, threads=1, loader_threads=2,
                                      cache="compressed" if name == "plain" else "none")
            weights[name] = (training.weights(run), scores["per_class"], scores["loss"])
        for name in ("shards", "plain", "single"):
            self.assertEqual(weights[name], weights["zarr"], name)

    def test_images(self):
        classes = ["forest", "river", "sea lake"]
        image_folders.make(self.folder / "in", classes, count=16)
        harness.run("eoshard-pack", "images", "--out", self.folder / "data", "--split", "random:50/25/25", self.folder / "in")
        splits = harness.manifest(self.folder / "data")["splits"]
        self.assertTrue(all(splits[name]["samples"] > 0 for name in harness.SPLITS))
        result = self.check_single_label(self.folder / "data", classes, splits["test"]["samples"], mixup_alpha=0.2,
                                         label_smoothing=0.1, class_weights="balanced")
        self.assertEqual(result["chosen_by"], "best f1_micro on validation")

    def test_sat(self):
        sat_files.write_csv(self.folder / "in", sat_files.make(6, 24, 18), 6, "sat6")
        harness.run("eoshard-pack", "sat6", "--out", self.folder / "data", self.folder / "in")
        classes = ["building", "barren land", "trees", "grassland", "road", "water"]
        result = self.check_single_label(self.folder / "data", classes, 18, bands="NIR,R,G")
        self.assertEqual(result["chosen_by"], "last (no validation split)")


harness.main()
