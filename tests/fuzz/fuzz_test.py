"""Every fuzz target on a small corpus of valid files, and a few seconds of random changes of them."""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness, sat_files  # noqa: E402

SECONDS = int(os.environ.get("EOSHARD_FUZZ_SECONDS", "2"))  # a target
TARGETS = harness.BIN.parent / "tests"


class Fuzz(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        [cls.product] = harness.synthesise(cls.root / "in", "--products", 1, "--size", 600)
        harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--out", cls.root / "mydata", cls.product)

    def run_target(self, name, *seeds):
        corpus = self.folder / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            shutil.copy(seed, corpus / str(number))
        result = subprocess.run([TARGETS / f"fuzz_{name}", corpus, str(SECONDS)], capture_output=True, text=True, errors="replace",
                                timeout=300 + SECONDS, env={**os.environ, "EOSHARD_FUZZ_PRODUCT": str(self.product)})
        if result.returncode:
            kept = pathlib.Path(shutil.copy(self.folder / "last-input", f"/tmp/eoshard-fuzz-{name}"))
            self.fail(f"{name}: exit status {result.returncode} on {kept}:\n{result.stderr[-4000:]}")
        print(f"{name}: {result.stdout.strip()}")

    def test_manifest(self):
        self.run_target("manifest", self.root / "mydata/dataset.json")

    def test_zarr(self):
        self.run_target("zarr", *(self.root / "mydata/train.zarr").glob("*/zarr.json"))

    def test_shard(self):
        self.run_target("shard", self.root / "mydata/train.zarr/data_60m/c/0/0/0/0")

    def test_product(self):
        self.run_target("product", self.product / "MTD_MSIL2A.xml", *self.product.glob("GRANULE/*/MTD_TL.xml"))

    def test_table(self):
        self.run_target("table", self.root / "mydata/samples.csv", self.root / "mydata/rejected.csv")

    def test_mat(self):
        plain, compressed = self.folder / "plain.mat", self.folder / "compressed.mat"
        data = sat_files.make(4, 8, 2)
        sat_files.write_mat(plain, data, 4)
        sat_files.write_mat(compressed, data, 4, compress=True)
        self.run_target("mat", plain, compressed)


harness.main()
