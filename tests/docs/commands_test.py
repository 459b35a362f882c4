"""Every command of README.md and docs/ runs: the blocks of bash and Python that are not marked no-run, in their order.

Each page gets a folder of its own with small files under the names that it uses. Programs are the real ones; small.py
cuts sizes (ranks, products, batches, steps), nothing else.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import hdf5plugin

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.docs.doc_files import DocFiles  # noqa: E402
from tests.support import harness  # noqa: E402

# What a page takes as given; a page whose commands make all that they need is not named.
GIVEN = {"README.md": ["products", "clc.tif"],
         "docs/cluster.md": ["mydata"],
         "docs/eoshard-info.md": ["mydata"],
         "docs/eoshard-ingest.md": ["products", "clc.tif"],
         "docs/eoshard-pack.md": ["bigearthnet-v1", "metadata.parquet", "bigearthnet-v2", "sat6", "images"],
         "docs/eoshard-plan.md": ["products", "clc.tif", "metadata.parquet"],
         "docs/eoshard-train.md": ["mydata"],
         "docs/reading.md": ["mydata", "run1"]}
PROGRAMS = ["eoshard-synth", "eoshard-ingest", "eoshard-plan", "eoshard-pack", "eoshard-info", "eoshard-train"]
STAND_IN = pathlib.Path(__file__).with_name("small.py")


def pages():
    return [harness.SOURCE / "README.md", *sorted((harness.SOURCE / "docs").rglob("*.md"))]


def fences(page):
    """(language, marks, code) of every fenced block of a page; the language of a bare one is ""."""
    found = re.findall(r"^```(\w*)([^\n]*)\n(.*?)^```$", page.read_text(), flags=re.M | re.S)
    return [(language, marks.split(), code) for language, marks, code in found]


def is_run(language, marks, code):
    needs_parquet = ".parquet" in code and not harness.HAS_PARQUET
    return language in ("bash", "python") and "no-run" not in marks and not needs_parquet


def blocks_to_run(page):
    return [fence for fence in fences(page) if is_run(*fence)]


def interpreter(language, marks):
    if language == "bash":
        return ["bash", "-euo", "pipefail", "-c"]
    # GDAL's bindings belong to the system's Python.
    return ["/usr/bin/python3" if "gdal" in marks else sys.executable, "-c"]


class Commands(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = DocFiles(cls.root)
        cls.bin = cls.root / "bin"
        cls.bin.mkdir()
        for program in [*PROGRAMS, "mpirun"]:
            real = shutil.which(program, path=f"{harness.BIN}:{os.environ['PATH']}")
            stand_in = cls.bin / program
            stand_in.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-S", str(STAND_IN), real])} "$@"\n')
            stand_in.chmod(0o755)
        cls.environment = {**os.environ, "PATH": f"{cls.bin}:{os.environ['PATH']}", "HDF5_PLUGIN_PATH": hdf5plugin.PLUGIN_PATH}

    def execute(self, command, folder, **more):
        result = subprocess.run(command, cwd=folder, env={**self.environment, **more}, capture_output=True, text=True,
                                timeout=300, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 0, f"{command[-1]}\n{result.stderr[-3000:]}")
        return result.stdout

    def run_page(self, page):
        name = str(page.relative_to(harness.SOURCE))
        folder = self.root / "pages" / name.replace("/", "-")
        folder.mkdir(parents=True)
        for file in GIVEN.get(name, []):
            self.files.lay(file, folder)
        for language, marks, code in blocks_to_run(page):
            with self.subTest(page=name, code=code):
                output = self.execute([*interpreter(language, marks), code], folder)
                self.assertNotIn("False", output if language == "python" else "")

    def test_every_page(self):
        total = sum(len(blocks_to_run(page)) for page in pages())
        self.assertGreater(total, 15)
        for page in pages():
            if blocks_to_run(page):
                self.run_page(page)

    def test_the_quickstart(self):
        """What `make quickstart` does when everything is built."""
        out = self.root / "quickstart"
        self.execute(["bash", harness.SOURCE / "tools/quickstart.sh", out], self.root, EOSHARD_BIN=str(self.bin))
        self.assertTrue((out / "run/result.json").exists())

    def test_no_command_hides_in_another_block(self):
        for page in pages():
            for line in "".join(code for language, _, code in fences(page) if language != "bash").splitlines():
                self.assertIsNone(re.match(r"(\$ )?(eoshard-\w+ |mpirun |make |cmake |sbatch )", line), f"{page}: {line}")


harness.main()
