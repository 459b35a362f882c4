"""Training on one GPU beside PyTorch's ways to take the same step (torch_step.py), 12 bands, 120 x 120 pixels. By hand:

  EOSHARD_BIN=build/release/bin .deps/venv/bin/python tests/bench/bench_gpu.py --work DIR

Images a second of ResNet-50 in bf16 at each batch size, as one micro-batch: eoshard-train with everything on (samples
read, decoded, transformed on the GPU, metrics, checkpoints; the first two of its epochs do not count), eager and graphed;
eoshard-train --benchmark-step on a resident batch; PyTorch eager, graphed, compiled and max-autotuned on a resident
batch. Ratios are medians over rounds, whose order alternates. Every figure stays in DIR: an interrupted bench goes on.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import sys

from bench_tools import BIN, Results, call, synthetic_dataset

HERE = pathlib.Path(__file__).resolve().parent
TORCH_MODES = ("eager", "graphed", "compile", "max-autotune")
WARM_EPOCHS = 2


class Bench:
    def __init__(self, options):
        self.options = options
        self.results = Results(options.work / "results")
        self.dataset = synthetic_dataset(options.work, options.side)

    def options_of_ours(self, batch):
        return ["--data", self.dataset, "--model", self.options.model, "--precision", "bf16", "--batch-size", batch,
                "--micro-batch-size", batch, "--device", self.options.device, "--schedule", "constant", "--warmup-epochs", 0,
                "--learning-rate", 0.01]

    def ours(self, batch, step):
        out = self.options.work / "run"
        shutil.rmtree(out, ignore_errors=True)
        call(BIN / "eoshard-train", *self.options_of_ours(batch), "--out", out, "--epochs", WARM_EPOCHS + self.options.epochs,
             *(["--step", step] if self.options.device == "cuda" else []))
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        shutil.rmtree(out)
        return statistics.harmonic_mean([line["images_per_second"] for line in lines if line["split"] == "train"][WARM_EPOCHS:])

    def resident(self, batch):
        limit = ["--max-steps", self.options.steps]
        return json.loads(call(BIN / "eoshard-train", *self.options_of_ours(batch), "--benchmark-step", *limit))["images_per_second"]

    def torch(self, batch, mode):
        return json.loads(call(sys.executable, HERE / "torch_step.py", "--model", self.options.model, "--precision", "bf16",
                               "--batch-size", batch, "--steps", self.options.steps, "--device", self.options.device, "--mode",
                               mode))["images_per_second"]

    def programs(self, batch):
        steps = ("eager", "graphed") if self.options.device == "cuda" else ("eager",)
        ours = {f"eoshard-{step}": lambda step=step: self.ours(batch, step) for step in steps}
        torch = {f"torch-{mode}": lambda mode=mode: self.torch(batch, mode) for mode in self.options.modes}
        return ours | {"resident": lambda: self.resident(batch)} | torch

    def measure(self, batch):
        programs = self.programs(batch)
        figures = []
        for number in range(self.options.rounds):
            order = list(programs.items())[::-1 if number % 2 else 1]
            figures.append({name: self.results.once(f"{batch}-{number}-{name}", run) for name, run in order})
            print(f"batch {batch} round {number}: " + ", ".join(f"{name} {figures[-1][name]:.0f}" for name in programs), flush=True)
        for name in programs:
            if name.startswith("eoshard"):
                best = statistics.median(speeds[name] / max(speeds[other] for other in speeds if other.startswith("torch"))
                                         for speeds in figures)
                resident = statistics.median(speeds[name] / speeds["resident"] for speeds in figures)
                print(f"batch {batch} {name}: {best:.3f} of the best of PyTorch, {resident:.3f} of the resident batch", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the dataset and the figures")
    parser.add_argument("--batches", type=lambda text: [int(word) for word in text.split(",")], default=[256, 1024])
    parser.add_argument("--modes", type=lambda text: text.split(","), default=TORCH_MODES, help=f"of {','.join(TORCH_MODES)}")
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60, help="of PyTorch and the resident batch")
    parser.add_argument("--epochs", type=int, default=6, help="of eoshard-train that count")
    parser.add_argument("--side", type=int, default=6000, help="of the synthetic product, 10 m pixels")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="cpu: to try the script")
    options = parser.parse_args()
    bench = Bench(options)
    for batch in options.batches:
        bench.measure(batch)


if __name__ == "__main__":
    main()
