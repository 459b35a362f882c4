"""eoshard-plan: figures and files, plans that eoshard-ingest executes or refuses, and lists of patch ids."""
import bz2
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

METHODS = ["groups", "lpt", "algorithm1"]


class Products(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 3, "--size", 1440, "--cloud-percent", 20)
        cls.common = ["--labels", cls.root / "in/clc.tif", *cls.products]

    def plan(self, *options, ranks=0, check=True):
        return harness.run("eoshard-plan", *self.common, *options, ranks=ranks, check=check)

    def ingest(self, name, *options, ranks=0, check=True):
        return harness.run("eoshard-ingest", "--out", self.folder / name, *self.common, *options, ranks=ranks,
                           check=check)

    def test_figures_of_every_method(self):
        report = json.loads(self.plan("--ranks", "1,2,4", "--json").stdout)
        self.assertEqual(report["products"], 3)
        self.assertEqual([plan["ranks"] for plan in report["plans"]], [1, 2, 4])
        for plan in report["plans"]:
            self.assertEqual(list(plan["methods"]), METHODS)
            for method in plan["methods"].values():
                self.assertEqual(len(method["load_of_rank_s"]), plan["ranks"])
                self.assertAlmostEqual(sum(method["load_of_rank_s"]), report["core_seconds"])
                self.assertAlmostEqual(method["busiest_rank_s"], max(method["load_of_rank_s"]))
                self.assertAlmostEqual(method["makespan_over_ideal"],
                                       max(method["load_of_rank_s"]) * plan["ranks"] / report["core_seconds"])
            self.assertLessEqual(plan["methods"]["groups"]["busiest_rank_s"],
                                 plan["methods"]["lpt"]["busiest_rank_s"])
        # Rates come from these files: something was measured for each code-block size, and is no standard rate.
        standard = json.loads(self.plan("--ranks", 1, "--calibration-tiles", 0, "--json").stdout)["rates"]
        self.assertTrue(all(rate["per_pixel_s"] + rate["per_byte_s"] > 0 for rate in report["rates"]))
        self.assertNotEqual(report["rates"], standard)

    def test_the_table_is_for_people(self):
        text = self.plan("--ranks", "2", "--assign", "lpt", "--cores-per-rank", 4).stdout
        for word in ("3 products", "busiest/mean", "patches max/mean", "*lpt", "algorithm1", "s on 4 cores",
                     "Seconds of each of 2 ranks by lpt"):
            self.assertIn(word, text)

    def test_the_number_of_ranks_that_scan_changes_no_candidate(self):
        reports = [json.loads(self.plan("--ranks", 2, "--json", "--calibration-tiles", 0, ranks=ranks).stdout)
                   for ranks in (0, 2)]
        self.assertEqual(reports[0], reports[1])

    def test_ingest_executes_a_plan(self):
        self.plan("--ranks", "1,2", "--out", self.folder / "plan.json")
        planned = json.loads((self.folder / "plan.json").read_text())
        self.assertEqual(sorted(sum(planned["plans"][1]["units_of_rank"], [])), list(range(9)))
        # All work to rank 1: the log says that the plan was followed, the dataset is the same.
        planned["plans"][1]["units_of_rank"] = [[], list(range(9))]
        (self.folder / "odd.json").write_text(json.dumps(planned))
        both = ["--format", "zarr,hdf5", "--hdf5-layout", "single"]  # of which the plan knows nothing
        log = self.ingest("planned", *both, "--plan", self.folder / "odd.json", ranks=2).stderr
        self.assertIn("busiest rank over mean: 2.000", log)
        self.ingest("own", *both, ranks=2)
        self.assertEqual(harness.files_below(self.folder / "planned"), harness.files_below(self.folder / "own"))

    def test_every_method_makes_the_same_dataset(self):
        for method in METHODS:
            self.ingest(method, "--assign", method, ranks=2)
        for method in METHODS[1:]:
            self.assertEqual(harness.files_below(self.folder / method), harness.files_below(self.folder / "groups"))

    def test_a_plan_that_does_not_fit_is_refused(self):
        plan = self.folder / "plan.json"
        self.plan("--ranks", "2", "--out", plan, "--calibration-tiles", 0)
        cases = {"the plan is for 2 ranks, this run has 1": (["--plan", plan], 0),
                 "other options (seed)": (["--plan", plan, "--seed", 5], 2),
                 "none.json": (["--plan", self.folder / "none.json"], 0)}
        for message, (options, ranks) in cases.items():
            with self.subTest(message):
                result = self.ingest("refused", *options, ranks=ranks, check=False)
                self.assertNotEqual(result.returncode, 0)
                self.assertEqual(len(harness.errors(result)), 1)
                self.assertIn(message, harness.errors(result)[0])
        fewer = harness.run("eoshard-ingest", "--out", self.folder / "refused", *self.common[:-1], "--plan", plan, ranks=2,
                            check=False)
        self.assertIn(f"other products; in the plan alone: {self.products[-1]};", harness.errors(fewer)[0])
        self.assertIn("the file is there", self.plan("--ranks", "2", "--out", plan, check=False).stderr)
        self.plan("--ranks", "2", "--out", plan, "--overwrite", "--calibration-tiles", 0)
        both = self.ingest("refused", "--plan", plan, "--assign", "lpt", check=False)
        self.assertEqual(both.returncode, 2)
        self.assertIn("--assign", both.stderr)
        plan.write_text(plan.read_text()[:-20])
        result = self.ingest("refused", "--plan", plan, check=False)
        self.assertIn("plan.json", harness.errors(result)[0])


class Lists(harness.FolderTest):
    def plan(self, *options, check=True):
        return harness.run("eoshard-plan", *options, "--ranks", "1,2", "--json", check=check)

    def write_list(self, name, ids, header="patch_id", ending="\n"):
        path = self.folder / name
        text = "".join(f"{line}{ending}" for line in ([header] if header else []) + ids)
        path.write_bytes(text.encode())
        return path

    def test_lists_of_every_kind_give_the_same_plan(self):
        a = [f"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_{column:02}_57" for column in range(40)]
        b = [f"S2B_MSIL2A_20170808T094029_N9999_R036_T35ULA_{column:02}_00" for column in range(90)]
        plain = self.plan("--patch-list", self.write_list("plain.txt", a + b, header=None))
        report = json.loads(plain.stdout)
        self.assertEqual((report["products"], report["patches"]), (2, 130))
        variants = [[self.write_list("crlf.csv", b + a, ending="\r\n")], [self.write_list("more.csv", [f"{name},train" for name in a + b], header="patch_id,split")],
                    [self.write_list("one.txt", a + b[:9]), self.write_list("two.txt", b)]]
        packed = self.folder / "packed.csv.bz2"
        packed.write_bytes(bz2.compress(variants[0][0].read_bytes()))
        for files in [*variants, [packed]]:
            with self.subTest(files[0].name):
                self.assertEqual(self.plan("--patch-list", *files).stdout, plain.stdout)

    def test_products_drawn_from_a_list(self):
        ids = [f"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_{column:02}_57" for column in range(40)]
        path = self.write_list("list.txt", ids)
        one, many = (json.loads(self.plan("--patch-list", path, *options).stdout)
                     for options in ([], ["--draw-products", 50]))
        self.assertEqual((many["products"], many["patches"]), (50, 2000))
        self.assertAlmostEqual(many["core_seconds"], 50 * one["core_seconds"])

    def test_what_cannot_be_planned_is_refused(self):
        v1 = self.write_list("v1.csv", ["S2A_MSIL2A_20170613T101031_26_57"])
        odd = self.write_list("odd.csv", ["S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_95_57"])
        empty = self.write_list("empty.csv", [])
        for message, options in {"MGRS tile": ["--patch-list", v1], "91 x 91": ["--patch-list", odd],
                                 "no patch": ["--patch-list", empty],
                                 "either products": ["x.SAFE", "--patch-list", v1],
                                 "--out": ["--patch-list", v1, "--out", "plan.json"]}.items():
            with self.subTest(message):
                result = self.plan(*options, check=False)
                self.assertIn(message, harness.errors(result)[0])
                self.assertEqual(len(harness.errors(result)), 1)


harness.main()
