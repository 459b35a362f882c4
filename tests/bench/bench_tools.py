"""What the benchmarks of eoshard-train share: programs that must succeed, results that stay, and synthetic datasets."""
import json
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ.get("EOSHARD_BIN", "build/release/bin")).resolve()


def call(*command, **environment):
    """Standard output of a command that must succeed, with these variables set besides."""
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            env=os.environ | environment)
    if result.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{result.stderr[-4000:]}")
    return result.stdout


class Results:
    """A folder in which each run's result stays, so that an interrupted bench goes on."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def once(self, name, run):
        """The result of run(), made once."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            path.write_text(json.dumps(run()) + "\n")
        return json.loads(path.read_text())


def synthetic_dataset(work, side, *ingest_options):
    """A dataset of native grids, 19 classes, nearly all patches in train: one clear product of `side` 10 m pixels."""
    dataset = work / "dataset"
    if not (dataset / "dataset.json").exists():
        products = work / "products"
        safe = call(BIN / "eoshard-synth", "--out", products, "--overwrite", "--products", 1, "--size", side, "--cloud-percent",
                    0, "--snow-percent", 0, "--nodata-percent", 0).split()
        call(BIN / "eoshard-ingest", "--labels", products / "clc.tif", "--split", "random:98/1/1", "--out", dataset,
             "--overwrite", *ingest_options, *safe)
    return dataset
