"""eoshard-pack on SAT archives of the published size (400,000 + 100,000 samples, or 324,000 + 81,000). By hand:

  EOSHARD_BIN=build/release/bin .deps/venv/bin/python tests/bench/bench_sat.py --work /fast/disk mat mat-compressed csv

The archives are made once and stay in the work folder (1.6 GB, 1.5 GB, 5.8 GB). Beside each run stands scipy.io.loadmat
(numpy has no reader of the CSV files that ends in minutes), which only reads. Prints wall and CPU seconds and peak memory,
also as a share of the largest array.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("EOSHARD_BIN", "build/release/bin"))
SAMPLES = {"sat4": 500_000, "sat6": 405_000}
LARGEST_MB = {kind: count * 4 / 5 * 3136 / 1e6 for kind, count in SAMPLES.items()}


def measure(*command):
    """Wall and CPU seconds and peak memory of a command that must succeed."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        if status != 0:
            output.seek(0)
            sys.exit(f"{command[0]} failed:\n{output.read().decode()}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def archive(kind, case, work):
    """Makes the archive unless it is there; returns what eoshard-pack is given."""
    out = work / {"mat": f"{kind}-plain.mat", "mat-compressed": f"{kind}-compressed.mat", "csv": f"{kind}-csv"}[case]
    if not out.exists():
        compress = ["--compress"] if case == "mat-compressed" else []
        subprocess.run([sys.executable, SOURCE / "tests/support/sat_files.py", kind[-1], str(SAMPLES[kind]), out, *compress],
                       check=True)
    return out


def show(what, kind, wall, cpu, peak_mb):
    print(f"{what}: {wall:.1f} s wall, {cpu:.1f} s CPU, peak {peak_mb:.0f} MB ({peak_mb / LARGEST_MB[kind]:.2f} of the "
          "largest array)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["mat", "mat-compressed", "csv"])
    parser.add_argument("--kind", choices=list(SAMPLES), default="sat4")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for archives and datasets")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    for case in options.cases:
        source, out = archive(options.kind, case, options.work), options.work / "dataset"
        if case != "csv":
            show(f"{case}, scipy.io.loadmat", options.kind,
                 *measure(sys.executable, "-c", "import scipy.io, sys; scipy.io.loadmat(sys.argv[1])", source))
        show(f"{case}, eoshard-pack", options.kind,
             *measure(BIN / "eoshard-pack", options.kind, "--threads", options.threads, "--out", out, source))
        splits = json.loads((out / "dataset.json").read_text())["splits"]
        assert sum(split["samples"] for split in splits.values()) == SAMPLES[options.kind], splits
        shutil.rmtree(out)


if __name__ == "__main__":
    main()
