"""The quickstart's training learns what only a network can learn: texture. A linear model on band means stays behind,
and with shuffled labels the same training is no better than a predictor that sees no pixels."""
import json
import pathlib
import shutil
import sys

import numpy as np
import zarr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import GROUPS, SPLITS  # noqa: E402

# tools/quickstart.sh trains with the same settings.
TRAINING = ["--model", "resnet18", "--batch-size", 32, "--learning-rate", 0.05, "--warmup-epochs", 1, "--augment", "flip,rotate90"]
WHOLE = ["--epochs", 10, "--milestones", "6,9"]
HALF = ["--epochs", 5, "--milestones", "3,4"]  # enough to find that there is nothing to learn


def precision():
    """bf16 where the processor multiplies in it, as in the quickstart."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return "bf16" if "avx512_bf16" in flags or "amx_bf16" in flags else "fp32"


def train(dataset, run, length):
    result = harness.run("eoshard-train", "--data", dataset, "--out", run, "--precision", precision(), *TRAINING, *length,
                         timeout=1500)
    return json.loads(result.stdout)


def labels(dataset, split):
    return zarr.open_group(dataset / f"{split}.zarr", mode="r")["classes"][:]


def band_means(dataset, split):
    group = zarr.open_group(dataset / f"{split}.zarr", mode="r")
    return np.concatenate([group[name][:].mean((2, 3)) for name in GROUPS], axis=1)


def linear_f1(dataset):
    model = make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression(max_iter=2000)))
    seen = labels(dataset, "train").any(0)  # a class that never occurs cannot be fitted
    model.fit(band_means(dataset, "train"), labels(dataset, "train")[:, seen])
    return f1_score(labels(dataset, "test")[:, seen], model.predict(band_means(dataset, "test")), average="micro")


def best_constant_f1(dataset):
    """The best that a predictor can do that gives every patch the same set of classes: some of the most frequent."""
    truth = labels(dataset, "test")
    order = np.argsort(-truth.sum(0, dtype=int))
    scores = []
    for size in range(1, truth.shape[1] + 1):
        guess = np.zeros_like(truth)
        guess[:, order[:size]] = 1
        scores.append(f1_score(truth, guess, average="micro", zero_division=0))
    return max(scores)


def shuffle_labels(dataset, seed):
    for split in SPLITS:
        classes = zarr.open_group(dataset / f"{split}.zarr", mode="r+")["classes"]
        classes[:] = classes[:][np.random.default_rng(seed).permutation(classes.shape[0])]


class Learnability(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        products = harness.synthesise(cls.root / "in", "--products", 4, "--size", 2400, "--seed", 0,
                                      "--baseline", "02.06,02.14,04.00,05.11")
        cls.dataset = cls.root / "dataset"
        harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--out", cls.dataset, *products, ranks=2)

    def test_the_network_beats_a_linear_model(self):
        network = train(self.dataset, self.folder / "run", WHOLE)["f1_micro"]
        linear = linear_f1(self.dataset)
        print(f"F1 micro on test: network {network:.3f}, linear model on band means {linear:.3f}")
        self.assertGreaterEqual(network, 0.9)
        self.assertLessEqual(linear, network - 0.1)

    def test_shuffled_labels_teach_nothing(self):
        shuffled = self.folder / "shuffled"
        shutil.copytree(self.dataset, shuffled)
        shuffle_labels(shuffled, seed=1)
        network = train(shuffled, self.folder / "run", HALF)["f1_micro"]
        constant = best_constant_f1(shuffled)
        print(f"F1 micro on test with shuffled labels: network {network:.3f}, best constant {constant:.3f}")
        self.assertLessEqual(abs(network - constant), 0.05)


harness.main()
