"""How BigEarthNet v2's table and 10,000 granules like its own balance over ranks: simulations, no pixel is decoded."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

TABLE = harness.SHARED / "data/bigearthnet/metadata.parquet"


def plan(ranks, *options):
    """The report's plans as {ranks: methods}, and the seconds that the program took."""
    begin = time.monotonic()
    result = harness.run("eoshard-plan", "--patch-list", TABLE, "--ranks", ",".join(map(str, ranks)), "--json", *options)
    seconds = time.monotonic() - begin
    report = json.loads(result.stdout)
    return report, {plan["ranks"]: plan["methods"] for plan in report["plans"]}, seconds


@harness.needs_parquet
class Balance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.need_shared("data/bigearthnet/metadata.parquet")

    def test_the_table_over_up_to_128_ranks(self):
        report, plans, _ = plan(range(1, 129))
        self.assertEqual((report["products"], report["patches"]), (115, 480038))
        for ranks, methods in plans.items():
            self.assertLessEqual(methods["groups"]["makespan_over_ideal"], 1.04, ranks)
            self.assertLessEqual(methods["groups"]["busiest_rank_s"], methods["lpt"]["busiest_rank_s"], ranks)
        # Whole products and Algorithm 1, as another implementation of both found them.
        for ranks, lpt, paper in [(72, 1.05, 1.72), (96, 1.34, 1.56), (128, 1.79, 1.79)]:
            self.assertAlmostEqual(plans[ranks]["lpt"]["makespan_over_ideal"], lpt, delta=0.005)
            self.assertAlmostEqual(plans[ranks]["algorithm1"]["makespan_over_ideal"], paper, delta=0.005)
        for ranks, patches in [(72, 1.24), (96, 1.65)]:
            self.assertAlmostEqual(plans[ranks]["algorithm1"]["patches_max_over_mean"], patches, delta=0.005)

    def test_ten_thousand_granules_on_4096_ranks(self):
        report, plans, seconds = plan([4096], "--draw-products", 10000)
        self.assertEqual(report["products"], 10000)
        self.assertLessEqual(plans[4096]["groups"]["makespan_over_ideal"], 1.02)
        self.assertLess(seconds, 3)


harness.main()
