"""64 ranks on however few cores plan, ingest and end, with the bytes of one process."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

RANKS = 64


class ManyRanks(harness.FolderTest):
    def test_plan_and_ingest(self):
        products = harness.synthesise(self.folder / "in", "--products", 4, "--size", 600)
        labels, plan = ("--labels", self.folder / "in/clc.tif"), self.folder / "plan.json"
        harness.run("eoshard-plan", *labels, "--ranks", RANKS, "--out", plan, *products, ranks=RANKS)
        harness.run("eoshard-ingest", *labels, "--threads", 1, "--plan", plan, "--out", self.folder / "many", *products, ranks=RANKS)
        harness.run("eoshard-ingest", *labels, "--out", self.folder / "one", *products)
        self.assertEqual(harness.files_below(self.folder / "many"), harness.files_below(self.folder / "one"))


harness.main()
