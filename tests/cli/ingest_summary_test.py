"""What a run tells while it works and when it is done: all ranks summed."""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

BYTES_PER_PATCH = 160_000  # of the twelve bands on their native grids


class Summary(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 1200, "--cloud-percent", 15)

    def ingest(self, *options, ranks):
        return harness.run("eoshard-ingest", "--labels", self.root / "in/clc.tif", "--out", self.folder / "out", *options,
                           *self.products, ranks=ranks)

    def test_json_tells_where_the_time_went(self):
        result = json.loads(self.ingest("--json", ranks=2).stdout)
        manifest = harness.manifest(self.folder / "out")
        self.assertEqual(result["samples"], sum(split["samples"] for split in manifest["splits"].values()))
        self.assertEqual(result["rejected"], manifest["rejected"])
        run = result["run"]
        self.assertEqual(run["ranks"], 2)
        self.assertEqual(run["extracted_bytes"], result["samples"] * BYTES_PER_PATCH)  # no patch held DN 0
        self.assertEqual(len(run["by_rank"]), 2)
        for stage, seconds in run["seconds_per_rank"].items():
            self.assertLessEqual(seconds["min"], seconds["mean"], stage)
            self.assertLessEqual(seconds["mean"], seconds["max"], stage)
        for stage in ("scan", "extract", "decode", "cut", "compress", "write", "assemble", "cpu"):
            self.assertGreater(run["seconds_per_rank"][stage]["max"], 0, stage)
        self.assertLess(run["seconds_per_rank"]["extract"]["max"], run["wall_s"])

    def test_progress_sums_all_ranks(self):
        lines = self.ingest("--progress", "always", ranks=3).stderr.splitlines()
        manifest = harness.manifest(self.folder / "out")
        samples = sum(split["samples"] for split in manifest["splits"].values())
        last = [line for line in lines if line.startswith("extract: ")][-1]
        self.assertRegex(last, rf"^extract: {samples}/{samples} patches \(\d+/s\) [\d.]+ MB/s; rejected ")
        for reason, patches in manifest["rejected"].items():
            if patches:
                self.assertRegex(last, rf"\b{re.escape(reason)} {patches}\b")


harness.main()
