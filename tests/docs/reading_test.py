"""Every Python block of docs/reading.md, as it stands, on a small dataset and a run of one epoch."""
import os
import pathlib
import re
import subprocess
import sys

import hdf5plugin

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

PAGE = (harness.SOURCE / "docs/reading.md").read_text()
BLOCKS = re.findall(r"^```(python[^\n]*)\n(.*?)^```", PAGE, flags=re.M | re.S)
# GDAL's bindings belong to the system's Python.
INTERPRETERS = {"python": sys.executable, "python gdal": "/usr/bin/python3"}


class Reading(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 1200, "--seed", 3)
        harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--format", "zarr,hdf5", "--out", cls.root / "mydata",
                    *products)
        harness.run("eoshard-train", "--data", cls.root / "mydata", "--out", cls.root / "run1", "--max-steps", 2)

    def test_every_block_runs(self):
        self.assertEqual(len(BLOCKS), 6)
        for kind, code in BLOCKS:
            with self.subTest(code.splitlines()[0]):
                result = subprocess.run([INTERPRETERS[kind], "-c", code], cwd=self.root, capture_output=True, text=True, timeout=200,
                                        env={**os.environ, "HDF5_PLUGIN_PATH": hdf5plugin.PLUGIN_PATH})
                self.assertEqual(result.returncode, 0, result.stderr)
                print(result.stdout.strip())
                self.assertNotIn("False", result.stdout)
                self.assertTrue(result.stdout)


harness.main()
