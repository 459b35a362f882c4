"""Start-up does not grow with the ranks: what describes the work (metadata, lists, tables, manifests) is opened as often
by eight ranks as by one, for one rank reads it and tells the others. Counted by strace."""
import collections
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.bigearthnet import make, write_lists  # noqa: E402

RANKS = 8
OPENED = re.compile(r'openat\(AT_FDCWD, "([^"]*)".* = \d')
# What may be opened by each rank that uses it: pixels, parts, shards and a product's scan; never what says which there are.
PIXELS = re.compile(r"\.(jp2|tif|part|draft|scan|tmp|h5|png|jpg)$|/c/\d|\.(aux|AUX)")


SAVE_NETWORK = """
import sys, torch
from torch import nn
layers = nn.Conv2d(12, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, int(sys.argv[2]))
torch.jit.script(nn.Sequential(*layers)).save(sys.argv[1])
"""


def need_strace():
    probe = shutil.which("strace") and subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True)
    if not probe or probe.returncode:
        raise unittest.SkipTest("needs strace, and leave to trace processes")


def opened_files(folder, ranks, program, *arguments, status=0):
    """Counter of the files below `folder` that all ranks opened: path -> times."""
    trace = pathlib.Path(tempfile.mkdtemp(dir=folder))
    command = ["mpirun", "-n", str(ranks), "--bind-to", "none", "strace", "-f", "-ff", "--seccomp-bpf", "-e", "trace=openat",
               "-o", trace / "t", harness.BIN / program, *arguments]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=400, cwd=folder)
    assert result.returncode == status, result.stderr
    opened = collections.Counter()
    for file in trace.iterdir():
        for path in OPENED.findall(file.read_text(errors="replace")):
            absolute = pathlib.Path(os.path.normpath(folder / path))
            if absolute.is_relative_to(folder) and absolute.suffix and not absolute.is_dir():
                opened[str(absolute.relative_to(folder))] += 1
    shutil.rmtree(trace)
    return opened


class Startup(harness.ClassFolderTest):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        need_strace()
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 6, "--size", 600)
        harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--out", cls.root / "all", *cls.products)
        rows = harness.rows(cls.root / "all/samples.csv")
        (cls.root / "ids.csv").write_text("".join(row["patch_id"] + "\n" for row in rows[:5]))
        (cls.root / "list.txt").write_text("".join(f"{product}\n" for product in cls.products))

    def compare(self, program, *arguments, out=None, copy_of=None, must_open=(), status=0):
        """Both runs write to `out`, so that paths compare."""
        counts = []
        for ranks in (1, RANKS):
            if out:
                shutil.rmtree(self.root / out, ignore_errors=True)
            if copy_of:
                shutil.copytree(self.root / copy_of, self.root / out)
            counts.append(opened_files(self.root, ranks, program, *arguments, status=status))
        one, many = ({path: times for path, times in count.items() if not PIXELS.search(path)} for count in counts)
        for wanted in must_open:
            self.assertTrue(any(path.endswith(wanted) for path in one), f"nobody opened {wanted}: {sorted(one)}")
        grown = {path: (one.get(path, 0), times) for path, times in many.items() if times > one.get(path, 0)}
        self.assertEqual(grown, {}, f"{program}: opened by (one rank, {RANKS} ranks)")
        print(f"{program}: {sum(one.values())} files opened by one rank, {sum(many.values())} by {RANKS}")

    def test_ingest(self):
        self.compare("eoshard-ingest", "--labels", "in/clc.tif", "--exclude-list", "ids.csv", "--input-file-list", "list.txt",
                     "--out", "mydata", out="mydata", must_open=("MTD_MSIL2A.xml", "MTD_TL.xml", "ids.csv", "list.txt"))

    def test_append(self):
        columns = ("patch_id", "labels")
        with open(self.root / "labels.csv", "w", newline="") as file:
            table = csv.DictWriter(file, columns, extrasaction="ignore")
            table.writeheader()
            table.writerows(harness.rows(self.root / "all/samples.csv"))
        options = ("--labels", self.root / "labels.csv", "--min-labelled-percent", 0)
        harness.run("eoshard-ingest", *options, "--out", self.root / "half", *self.products[:3])
        self.compare("eoshard-ingest", *options, "--append", "--out", "copy", *self.products[3:], copy_of="half", out="copy",
                     must_open=("MTD_MSIL2A.xml", "labels.csv", "dataset.json", "samples.csv"))

    def test_plan(self):
        self.compare("eoshard-plan", "--labels", "in/clc.tif", "--ranks", RANKS, "--exclude-list", "ids.csv", *self.products,
                     must_open=("MTD_MSIL2A.xml", "ids.csv"))

    def test_pack(self):
        split = write_lists(self.root, make(self.root / "patches", 1, 24))
        self.compare("eoshard-pack", "bigearthnet-v1", "--split", split, "--out", "packed", "patches/BigEarthNet-v1.0", out="packed",
                     must_open=("_labels_metadata.json", "train.csv"))

    @unittest.skipUnless((harness.BIN / "eoshard-train").exists(), "a build without the trainer")
    def test_train(self):
        self.compare("eoshard-train", "--data", "all", "--model", "resnet18", "--batch-size", 16, "--micro-batch-size", 2, "--max-steps", 1,
                     "--threads", 1, "--where", "season=summer", "--out", "run", out="run", must_open=("dataset.json", "zarr.json", "samples.csv"))
        self.compare("eoshard-train", "--evaluate", "run", "--split", "train", "--threads", 1,
                     must_open=("run/config.json", "dataset.json", "weights.json", "weights.safetensors"))

    @unittest.skipUnless((harness.BIN / "eoshard-train").exists(), "a build without the trainer")
    def test_train_a_script_by_a_file(self):
        classes = len(json.loads((self.root / "all/dataset.json").read_text())["classes"])
        subprocess.run([sys.executable, "-c", SAVE_NETWORK, self.root / "network.pt", str(classes)], check=True)
        config = f'data = "{self.root}/all"\nmodel = "{self.root}/network.pt"\nbatch-size = 16\nmicro-batch-size = 2\nthreads = 1\n'
        (self.root / "train.toml").write_text(config)
        self.compare("eoshard-train", "--config", "train.toml", "--max-steps", 1, "--out", "scripted", out="scripted", must_open=("train.toml", "network.pt"))
        self.compare("eoshard-train", "--evaluate", "scripted", "--split", "train", "--threads", 1,
                     must_open=("scripted/config.json", "scripted/model.pt"))
        stopped = harness.run("eoshard-train", "--config", self.root / "train.toml", "--time-limit", 0.001, "--out",
                              self.root / "stopped", check=False)
        self.assertEqual(stopped.returncode, 75, stopped.stderr)
        self.compare("eoshard-train", "--resume", "again", "--time-limit", 0.001, copy_of="stopped", out="again", status=75,
                     must_open=("again/config.json",))


harness.main()
