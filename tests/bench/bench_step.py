"""Training steps of eoshard-train beside PyTorch eager (torch_step.py), 12 bands, 120 x 120 pixels, 19 labels. By hand:

  EOSHARD_BIN=build/release/bin .deps/venv/bin/python tests/bench/bench_step.py --work DIR step ddp

Cases, each for the networks and precisions of --runs:
  step  images a second of three programs in turn: eoshard-train with everything on (samples read, decoded, upsampled and
        flipped, the exact reduction, metrics, checkpoints; of two or more epochs the first does not count), PyTorch on one
        resident batch, and eoshard-train --benchmark-step, the same binary on one resident batch
  ddp   two processes of one thread each: eoshard-train under mpirun with either reduction, and PyTorch's
        DistributedDataParallel over gloo

Batches of 16 images a process, channels-last. PyTorch waits for its OpenMP threads as suits it best of passive and its
default, tried first; eoshard-train as it does by itself. Ratios are medians over rounds, whose order alternates. Every
figure stays in DIR, and what is there is not measured again: an interrupted bench goes on. Use a quiet machine.
"""
import argparse
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from bench_tools import BIN, Results, call, synthetic_dataset

HERE = pathlib.Path(__file__).resolve().parent
BATCH = 16
RUNS = ("resnet50:fp32", "resnet50:bf16", "resnet18:fp32", "resnet18:bf16", "efficientnet_b0:fp32")
DDP_RUNS = ("resnet50:fp32", "resnet50:bf16")


def torch_processes(processes, *arguments, **environment):
    """Images a second of torch_step.py in so many processes, together."""
    with tempfile.TemporaryDirectory() as folder:
        extra = ["--rendezvous", pathlib.Path(folder) / "meet"] if processes > 1 else []
        command = [str(word) for word in (sys.executable, HERE / "torch_step.py", *arguments, *extra)]
        started = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                    env=os.environ | environment | {"RANK": str(rank), "WORLD_SIZE": str(processes)})
                   for rank in range(processes)]
        outputs = [process.communicate()[0] for process in started]
    if any(process.returncode != 0 for process in started):
        sys.exit("torch_step.py failed")
    return json.loads(outputs[0])["images_per_second"]


class Pair:
    """One network in one precision, in both programs, on so many processes."""

    def __init__(self, bench, run, processes):
        self.bench, self.processes = bench, processes
        self.model, self.precision = run.split(":")
        self.threads = bench.options.threads // processes
        self.name = f"{self.model}-{self.precision}-{processes}x{self.threads}"
        trials = {wait: bench.results.once(f"{self.name}-try-{wait or 'default'}", lambda: self.torch(5, wait))
                  for wait in ("passive", "")}
        self.wait = max(trials, key=trials.get)
        self.steps = max(2, round(trials[self.wait] * bench.options.seconds / (BATCH * processes)))

    def torch(self, steps, wait):
        # gloo finds its interface by the machine's name, which need not resolve
        environment = {"GLOO_SOCKET_IFNAME": "lo"} | ({"OMP_WAIT_POLICY": wait} if wait else {})
        return torch_processes(self.processes, "--model", self.model, "--precision", self.precision, "--batch-size", BATCH,
                               "--threads", self.threads, "--steps", steps, OMP_NUM_THREADS=str(self.threads), **environment)

    def options_of_ours(self):
        return ["--data", self.bench.dataset, "--model", self.model, "--precision", self.precision, "--batch-size",
                BATCH * self.processes, "--micro-batch-size", BATCH, "--threads", self.threads, "--schedule", "constant",
                "--warmup-epochs", 0, "--learning-rate", 0.01]

    def ours(self, reduction):
        """Images a second of all epochs but the first, which are as long as the samples allow: checkpoints weigh little."""
        batch = BATCH * self.processes
        most = self.bench.samples // batch
        steps = round(self.steps * self.bench.options.epoch_seconds / self.bench.options.seconds)
        epochs = math.ceil(steps / most)
        fraction = math.ceil(steps / epochs) * batch / self.bench.samples
        out = self.bench.work / "run"
        shutil.rmtree(out, ignore_errors=True)
        launcher = ["mpirun", "-n", self.processes, "--bind-to", "none"] if self.processes > 1 else []
        call(*launcher, BIN / "eoshard-train", *self.options_of_ours(), "--out", out, "--epochs", 1 + epochs, "--reduction",
             reduction, "--subset-fraction", min(1, fraction))
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        shutil.rmtree(out)
        return statistics.harmonic_mean([line["images_per_second"] for line in lines if line["split"] == "train"][1:])

    def resident(self):
        return json.loads(call(BIN / "eoshard-train", *self.options_of_ours(), "--benchmark-step", "--max-steps",
                               self.steps))["images_per_second"]

    def rounds(self, programs):
        """Runs {name: program} in turn, in the opposite order every other time, and prints the figures."""
        figures = []
        for number in range(self.bench.options.pairs):
            order = list(programs.items())[::-1 if number % 2 else 1]
            speeds = {name: self.bench.results.once(f"{self.name}-{number}-{name}", run) for name, run in order}
            figures.append(speeds)
            print(f"{self.name} round {number}: " +
                  ", ".join(f"{name} {speeds[name]:.2f}" for name in programs) + " images/s", flush=True)
        return figures


def median_ratio(figures, above, below):
    return f"{above} / {below} {statistics.median(speeds[above] / speeds[below] for speeds in figures):.3f}"


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = options.work
        self.results = Results(options.work / "results")
        self.dataset = synthetic_dataset(options.work, options.side)
        splits = json.loads((self.dataset / "dataset.json").read_text())["splits"]
        self.samples = splits["train"]["samples"]

    def step(self, runs):
        for run in runs or RUNS:
            pair = Pair(self, run, 1)
            figures = pair.rounds({"eoshard": lambda: pair.ours("exact"), "torch": lambda: pair.torch(pair.steps, pair.wait),
                                   "resident": pair.resident})
            self.report(pair, figures, [("eoshard", "torch"), ("eoshard", "resident")])

    def ddp(self, runs):
        for run in runs or DDP_RUNS:
            pair = Pair(self, run, 2)
            figures = pair.rounds({"exact": lambda: pair.ours("exact"), "torch": lambda: pair.torch(pair.steps, pair.wait),
                                   "fast": lambda: pair.ours("fast")})
            self.report(pair, figures, [("exact", "torch"), ("fast", "torch")])

    def report(self, pair, figures, ratios):
        medians = ", ".join(f"{name} {statistics.median(speeds[name] for speeds in figures):.1f}/s" for name in figures[0])
        print(f"{pair.name} (processes x threads), torch waits {pair.wait or 'by default'}: medians {medians}; "
              "of the ratios " + ", ".join(median_ratio(figures, *ratio) for ratio in ratios), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", choices=["step", "ddp"])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the dataset and the figures")
    parser.add_argument("--runs", type=lambda text: text.split(","), help=f"of {','.join(RUNS)}; default all, ddp resnet50")
    parser.add_argument("--threads", type=int, default=2, help="of all processes together")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="that PyTorch and the resident batch are measured for")
    parser.add_argument("--epoch-seconds", type=float, default=40, help="that eoshard-train is measured for")
    parser.add_argument("--side", type=int, default=6000, help="of the synthetic product, 10 m pixels")
    options = parser.parse_args()
    bench = Bench(options)
    for case in options.cases:
        getattr(bench, case)(options.runs)


if __name__ == "__main__":
    main()
