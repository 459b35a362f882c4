"""eoshard-train beside plain PyTorch (torch_train.py) on EuroSAT RGB, packed by eoshard-pack. By hand:

  EOSHARD_BIN=build/release/bin .deps/venv/bin/python tests/bench/bench_train.py --images eurosat-rgb.tar --work DIR accuracy

Cases:
  accuracy     ResNet-18 from the same weights by both programs, the same recipe, three seeds each: held-out accuracy
  speed        images a second of both in turn, five pairs of two epochs of which the second counts
  large-batch  16 times the batch: SGD, LARS and LAMB, three learning rates each

Every run's result stays in DIR, and a run that is there is not made again: an interrupted bench goes on. Speeds are worth
something only on a quiet machine; accuracies do not mind.
"""
import argparse
import json
import pathlib
import random
import shutil
import statistics
import sys
import tarfile

import safetensors.torch
import torch
import torchvision

from bench_tools import BIN, Results, call

HERE = pathlib.Path(__file__).resolve().parent
RECIPE = HERE.parents[1] / "docs" / "recipes" / "eurosat-resnet18.toml"
HELD_OUT = 200  # images a class
LARGE_BATCH = {"sgd": (0.2, 0.4, 0.8), "lars": (4, 8, 16), "lamb": (0.005, 0.01, 0.02)}


class Bench:
    def __init__(self, options):
        self.work = options.work
        self.threads = options.threads
        self.epochs = options.epochs
        self.results = Results(self.work)
        self.dataset = self.work / "dataset"
        if not (self.dataset / "dataset.json").exists():
            self.pack(options.images)

    def pack(self, images):
        """The same number of images of each class, drawn, are held out."""
        with tarfile.open(images) as file:
            names = sorted(pathlib.Path(name).name for name in file.getnames() if name.endswith(".jpg"))
        random.Random(0).shuffle(names)
        lists = {"train": [], "test": []}
        held_out = {}
        for name in names:
            kind = name.split("_")[0]
            held_out[kind] = held_out.get(kind, 0) + 1
            lists["test" if held_out[kind] <= HELD_OUT else "train"].append(name)
        for split, chosen in lists.items():
            (self.work / f"{split}.txt").write_text("\n".join(sorted(chosen)) + "\n")
        call(BIN / "eoshard-pack", "images", "--split", f"lists:{self.work}/train.txt,,{self.work}/test.txt", "--out",
             self.dataset, images)

    def initial_weights(self, seed):
        path = self.work / f"init-{seed}.safetensors"
        if not path.exists():
            torch.manual_seed(seed)
            safetensors.torch.save_file(torchvision.models.resnet18(num_classes=10).state_dict(), path)
        return path

    def train_ours(self, name, seed, *arguments):
        out = self.work / f"run-{name}"
        shutil.rmtree(out, ignore_errors=True)
        call(BIN / "eoshard-train", "--config", RECIPE, "--data", self.dataset, "--out", out, "--seed", seed, "--threads",
             self.threads, "--epochs", self.epochs, "--init", self.initial_weights(seed), "--init-head", "keep", *arguments)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        test = next(line for line in lines if line["split"] == "test" and line["weights"] == "last")
        shutil.rmtree(out)
        return {"images_per_second": [line["images_per_second"] for line in lines if line["split"] == "train"],
                "accuracy": test["accuracy"], "f1_macro": test["f1_macro"]}

    def train_torch(self, seed):
        rates = self.work / f"rates-{seed}.csv"
        rates.write_text(call(BIN / "eoshard-train", "--config", RECIPE, "--data", self.dataset, "--out", self.work / "none",
                              "--epochs", self.epochs, "--print-schedule"))
        return json.loads(call(sys.executable, HERE / "torch_train.py", self.dataset, "--init", self.initial_weights(seed),
                               "--rates", rates, "--seed", seed, "--threads", self.threads))

    def accuracy(self):
        once = self.results.once
        runs = {"eoshard": [], "torch": []}
        for seed in (1, 2, 3):
            runs["eoshard"].append(once(f"accuracy-eoshard-{seed}", lambda: self.train_ours(f"eoshard-{seed}", seed)))
            runs["torch"].append(once(f"accuracy-torch-{seed}", lambda: self.train_torch(seed)))
        for key in ("accuracy", "f1_macro"):
            values = {program: [run[key] for run in of] for program, of in runs.items()}
            means = {program: statistics.mean(of) for program, of in values.items()}
            pooled = (sum(statistics.variance(of) for of in values.values()) / 2) ** 0.5
            print(f"{key}: eoshard {means['eoshard']:.4f} {values['eoshard']}, torch {means['torch']:.4f} {values['torch']}; "
                  f"difference {abs(means['eoshard'] - means['torch']) / pooled:.2f} pooled standard deviations", flush=True)

    def speed(self):
        self.epochs = 2
        pairs = []
        for number in range(5):
            ours, theirs = (
                self.results.once(f"speed-{program}-{number}", run)["images_per_second"][-1]
                for program, run in (("eoshard", lambda: self.train_ours(f"speed-{number}", 1)),
                                     ("torch", lambda: self.train_torch(1))))
            pairs.append((ours, theirs))
            print(f"pair {number}: eoshard {ours:.1f}, torch {theirs:.1f} images/s, {ours / theirs:.3f}", flush=True)
        print(f"median ratio {statistics.median(ours / theirs for ours, theirs in pairs):.3f}", flush=True)

    def large_batch(self):
        for optimizer, rates in LARGE_BATCH.items():
            runs = {rate: self.results.once(
                f"large-batch-{optimizer}-{rate}",
                lambda: self.train_ours(f"{optimizer}-{rate}", 1, "--batch-size", 1024, "--optimizer", optimizer,
                                        "--learning-rate", rate)) for rate in rates}
            best = max(runs, key=lambda rate: runs[rate]["accuracy"])
            print(f"batch 1024, {optimizer}: " + ", ".join(f"{rate}: {run['accuracy']:.4f}" for rate, run in runs.items()) +
                  f"; best rate {best}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", choices=["accuracy", "speed", "large-batch"])
    parser.add_argument("--images", type=pathlib.Path, required=True, help="tar with a folder of JPEG images a class")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the dataset, runs and results")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    bench = Bench(options)
    for case in options.cases:
        getattr(bench, case.replace("-", "_"))()


if __name__ == "__main__":
    main()
