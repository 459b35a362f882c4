"""Rates that eoshard-plan measures on four granules predict the CPU seconds of each of two ranks within 10 %.

CPU time depends on what else the machine does, so each case is measured three times and the median counts. On a quiet
machine one measurement does.
"""
import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

RANKS, REPEATS, TOLERANCE = 2, 3, 0.1


class Rates(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = []
        for number, (size, *clouds) in enumerate([(3000, 0), (3600, 30), (4200, 0), (4800, 60)]):
            cls.products += harness.synthesise(
                cls.root / str(number), "--products", 1, "--size", size, "--seed", number, "--cloud-percent", *clouds,
                "--tile", f"T32UL{'STUV'[number]}", "--origin", f"{300000 + 60000 * number},5500020")

    def ratios(self, *options):
        """Predicted over measured CPU seconds of each rank."""
        arguments = ["--labels", "none", *options, *self.products]
        plan = self.folder / "plan.json"
        harness.run("eoshard-plan", "--ranks", RANKS, "--threads", RANKS, "--out", plan, "--overwrite", *arguments)
        run = harness.run("eoshard-ingest", "--plan", plan, "--threads", 1, "--json", "--overwrite", "--out", self.folder / "out",
                          *arguments, ranks=RANKS)
        ranks = json.loads(run.stdout)["run"]["by_rank"]
        return [rank["predicted_extract_cpu_s"] / rank["extract_cpu_s"] for rank in ranks]

    def check(self, *options):
        measured = [self.ratios(*options) for _ in range(REPEATS)]
        print(*options, [[round(ratio, 3) for ratio in ranks] for ranks in measured], file=sys.stderr)
        for rank in zip(*measured):
            self.assertAlmostEqual(statistics.median(rank), 1, delta=TOLERANCE)

    def test_native_grids(self):
        self.check()

    def test_upsampling(self):
        self.check("--upsample", "bicubic")


harness.main()
