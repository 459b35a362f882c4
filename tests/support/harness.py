"""What the Python tests share: running programs, reading datasets with other people's software, reference data.

A test script defines unittest cases and ends with `harness.main()`; it exits with 77 (skipped) when every case skipped.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BIN = pathlib.Path(os.environ["EOSHARD_BIN"])
SHARED = pathlib.Path(os.environ.get("EOSHARD_SHARED", "../shared"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SPLITS = ["train", "validation", "test"]
GROUPS = {"data_10m": ["B02", "B03", "B04", "B08"],
          "data_20m": ["B05", "B06", "B07", "B8A", "B11", "B12"],
          "data_60m": ["B01", "B09"]}
RESOLUTION_M = {"data_10m": 10, "data_20m": 20, "data_60m": 60}


def need_shared(*names):
    """Skips the calling test unless these files of the reference data exist."""
    for name in names:
        if not (SHARED / name).exists():
            raise unittest.SkipTest(f"EOSHARD_SHARED ({SHARED}) has no {name}")


HAS_PARQUET = os.environ.get("EOSHARD_HAVE_PARQUET", "TRUE") == "TRUE"  # whether this build reads Parquet
needs_parquet = unittest.skipUnless(HAS_PARQUET, "a build without Parquet")


def run(program, *arguments, ranks=0, check=True, timeout=300, env=None):
    """Runs a program of the build, under mpirun when `ranks` > 0. Returns the completed process."""
    command = [str(BIN / program), *map(str, arguments)]
    if ranks:
        command = ["mpirun", "-n", str(ranks), "--bind-to", "none", *command]
    result = subprocess.run(command, capture_output=True, text=True, errors="backslashreplace",
                            timeout=timeout, stdin=subprocess.DEVNULL,
                            env={**os.environ, **(env or {})})
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(command)} exited with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result


def errors(result):
    """Lines of a failed run that are the program's own error messages."""
    return [line for line in result.stderr.splitlines() if ": error: " in line]


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def manifest(dataset):
    return json.loads((pathlib.Path(dataset) / "dataset.json").read_text())


def files_below(folder):
    """Relative path -> bytes of every file but dataset.json, which holds the command line."""
    folder = pathlib.Path(folder)
    return {str(file.relative_to(folder)): file.read_bytes()
            for file in sorted(folder.rglob("*")) if file.is_file() and file.name != "dataset.json"}


def synthesise(out, *options):
    """Synthetic products of three eras and their label raster, for tests that need nothing real. Returns the products."""
    run("eoshard-synth", "--out", out, *options)
    return sorted(pathlib.Path(out).glob("*.SAFE"))


class FolderTest(unittest.TestCase):
    """Test case with a temporary folder of its own, `self.folder`."""

    def setUp(self):
        self._temporary = tempfile.TemporaryDirectory(prefix="eoshard-test-")
        self.addCleanup(self._temporary.cleanup)
        self.folder = pathlib.Path(self._temporary.name)


class ClassFolderTest(FolderTest):
    """With `cls.root` besides: a folder that all tests of the class share."""

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="eoshard-test-")
        cls.addClassCleanup(temporary.cleanup)
        cls.root = pathlib.Path(temporary.name)


def main():
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    # A class that skips as a whole counts as one skip and no run.
    sys.exit(77 if result.skipped and result.testsRun <= len(result.skipped) else 0)
