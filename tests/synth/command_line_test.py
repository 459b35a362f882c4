"""Command line of eoshard-synth: misuse, and what --overwrite may remove."""
import os
import pathlib
import subprocess
import tempfile
import unittest

PROGRAM = pathlib.Path(os.environ["EOSHARD_BIN"]) / "eoshard-synth"


def run(*arguments):
    return subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, text=True)


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = pathlib.Path(self.folder.name) / "out"

    def small(self, *options):
        size = [] if "--size" in options else ["--size", "360"]
        products = [] if "--products" in options else ["--products", "1"]
        return run("--out", self.out, *size, *products, *options)

    def test_misuse_exits_with_2_and_names_the_mistake(self):
        cases = {
            ("--size", "500"): "--size 500",
            ("--size", "60"): "--size",
            ("--products", "0"): "--products",
            ("--baseline", "4.0"): "'4.0'",
            ("--baseline", "02.06,nonsense"): "'nonsense'",
            ("--epsg", "3035"): "--epsg 3035",
            ("--origin", "300000"): "--origin",
            ("--origin", "300000,100020"): "CORINE",
            ("--origin", "300000.5,5500020"): "--origin",
            ("--tile", "32ULV"): "'32ULV'",
            ("--cloud-percent", "101"): "--cloud-percent",
            ("--cloud-percent", "80", "--snow-percent", "30"): "sum",
            ("--classes", "9"): "--classes",
            ("--codes", "names"): "--codes",
            ("--threads", "0"): "--threads",
            ("--progress", "maybe"): "maybe",
        }
        for options, words in cases.items():
            with self.subTest(options=options):
                result = self.small(*options)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(words, result.stderr)
                self.assertFalse(self.out.exists())
        self.assertEqual(run().returncode, 2)

    def test_help_and_version_go_to_stdout(self):
        self.assertIn("--cloud-percent", run("--help").stdout)
        self.assertTrue(run("--version").stdout.startswith("eoshard-synth "))

    def test_an_existing_output_needs_overwrite_and_foreign_files_stay(self):
        self.assertEqual(self.small("--baseline", "02.06").returncode, 0)
        first = set(self.out.glob("*.SAFE"))
        foreign = self.out / "S2A_MSIL2A_20200101T000000_N0214_R022_T32ULV_20200101T000000.SAFE"
        foreign.mkdir()
        refused = self.small("--baseline", "04.00")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--overwrite", refused.stderr)
        replaced = self.small("--baseline", "04.00", "--overwrite")
        self.assertEqual(replaced.returncode, 0, replaced.stderr)
        written = {pathlib.Path(line) for line in replaced.stdout.split()}
        self.assertEqual(set(self.out.glob("*.SAFE")), written | {foreign})
        self.assertFalse(first & written)

    def test_an_unwritable_folder_exits_with_1(self):
        self.out.write_text("a file where the folder should be")
        result = self.small()
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(self.out), result.stderr)

    def test_three_digit_codes(self):
        import rasterio

        self.assertEqual(self.small("--codes", "clc").returncode, 0)
        with rasterio.open(self.out / "clc.tif") as dataset:
            labels = dataset.read(1)
            self.assertEqual((dataset.nodata, dataset.dtypes), (999, ("uint16",)))
        self.assertTrue(((labels >= 111) & (labels <= 523) | (labels == 999)).all())

    def test_the_smallest_product_is_one_patch(self):
        result = self.small("--size", "120")
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
