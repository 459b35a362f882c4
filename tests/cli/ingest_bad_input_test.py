"""Bad input gives one clear message on one rank, the right exit status on all, and no folder that opens as a dataset."""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


class BadInput(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = harness.synthesise(cls.root / "in", "--products", 2, "--size", 720)
        cls.clc = cls.root / "in/clc.tif"

    def setUp(self):
        super().setUp()
        self.product = self.folder / self.good[0].name
        shutil.copytree(self.good[0], self.product)
        self.out = self.folder / "out"

    def image(self, layer):
        return next(self.product.glob(f"GRANULE/*/IMG_DATA/*/*_{layer}_*.jp2"))

    def refuse(self, *message, status=1, labels=None, options=(), products=None):
        """Runs on two ranks and expects one error line that holds all of `message`."""
        result = harness.run("eoshard-ingest", "--labels", labels or self.clc, "--out", self.out, *options,
                             *(products or [self.product, self.good[1]]), ranks=2, check=False, timeout=60)
        self.assertEqual(result.returncode, status, result.stderr)
        lines = harness.errors(result)
        self.assertEqual(len(lines), 1, result.stderr)
        for part in message:
            self.assertIn(str(part), lines[0])
        opened = harness.run("eoshard-info", self.out, check=False)
        self.assertEqual(opened.returncode, 1)
        self.assertIn("is no dataset", opened.stderr)

    def test_missing_band(self):
        self.image("B8A").unlink()
        self.refuse("lacks B8A at 20 m", self.product)

    def test_missing_scene_classification(self):
        self.image("SCL").unlink()
        self.refuse("lacks SCL at 20 m")

    def test_truncated_jp2(self):
        band = self.image("B03")
        for size in (band.stat().st_size - 1, band.stat().st_size // 2, 20):
            with self.subTest(size):
                os.truncate(band, size)
                self.refuse(band.name, "truncated")

    def test_damaged_tile(self):
        band = self.image("B03")
        data = bytearray(band.read_bytes())
        tile_part = data.find(b"\xff\x90", len(data) // 2)  # start-of-tile-part marker
        data[tile_part:tile_part + 12] = bytes(12)
        band.write_bytes(data)
        self.refuse(band.name, "cannot be decoded")

    def test_a_damaged_box(self):
        """A bit flipped where the file says how it is made up: in a band that the scan opens, and in one that it does not."""
        for layer in ("B05", "B12"):
            with self.subTest(layer):
                band = self.image(layer)
                whole = band.read_bytes()
                data = bytearray(whole)
                data[data.index(b"jp2c")] ^= 1
                band.write_bytes(data)
                self.refuse(band.name, "truncated")
                band.write_bytes(whole)

    def test_cut_product_xml(self):
        os.truncate(self.product / "MTD_MSIL2A.xml", 1500)
        self.refuse("MTD_MSIL2A.xml is no well-formed XML")

    def test_cut_granule_xml(self):
        xml = next(self.product.glob("GRANULE/*/MTD_TL.xml"))
        os.truncate(xml, 300)
        self.refuse("MTD_TL.xml is no well-formed XML")

    def test_unreadable_label_raster(self):
        labels = self.folder / "labels.tif"
        self.refuse("labels.tif", "cannot be opened", labels=labels)
        labels.write_bytes(b"no raster at all")
        self.refuse("labels.tif", "cannot be opened", labels=labels)
        labels.write_bytes(self.clc.read_bytes()[:300])
        self.refuse("labels.tif", labels=labels)

    def test_label_raster_elsewhere(self):
        labels = self.folder / "elsewhere.tif"
        subprocess.run(["gdal_translate", "-q", "-a_ullr", "1000000", "2000000", "1010000", "1990000", self.clc, labels], check=True)
        self.refuse("elsewhere.tif does not cover product", labels=labels)

    def test_band_of_another_size(self):
        shutil.copy(self.image("B05"), self.image("B02"))
        self.refuse(self.image("B02").name, "instead of 720x720")

    def test_masks_of_another_size(self):
        scl, cloud = self.image("SCL"), next(self.product.glob("GRANULE/*/QI_DATA/*CLD*_20m.jp2"))
        whole = scl.read_bytes()
        scl.write_bytes(self.image("B01").read_bytes())
        self.refuse(scl.name, "instead of 360x360")
        scl.write_bytes(whole)
        cloud.write_bytes(self.image("B01").read_bytes())
        self.refuse(cloud.name, "instead of 360x360", options=["--cloud-probability", 50])

    def test_no_product(self):
        self.refuse("nothing.SAFE", "does not exist", products=[self.folder / "nothing.SAFE"])

    def test_the_same_product_twice(self):
        self.refuse("the same ids", self.product, self.good[0], products=[self.product, self.good[0]])

    def test_unknown_nomenclature(self):
        self.refuse("--nomenclature 'corine'", status=2, options=["--nomenclature", "corine"])

    def test_bad_split(self):
        self.refuse("--split 'random:80/30/0'", status=2, options=["--split", "random:80/30/0"])

    def test_values_of_another_scale(self):
        xml = self.product / "MTD_MSIL2A.xml"
        xml.write_text(xml.read_text().replace('<BOA_QUANTIFICATION_VALUE unit="none">10000<', '<BOA_QUANTIFICATION_VALUE unit="none">1000<'))
        self.assertIn(">1000<", xml.read_text())
        self.refuse("BOA_QUANTIFICATION_VALUE 1000,", "do not mix")

    def test_no_quantification_value(self):
        xml = self.product / "MTD_MSIL2A.xml"
        xml.write_text(xml.read_text().replace("BOA_QUANTIFICATION_VALUE", "BOA_SOMETHING"))
        self.refuse("MTD_MSIL2A.xml has no BOA_QUANTIFICATION_VALUE tag", self.product)

    def test_a_level_1c_product(self):
        (self.product / "MTD_MSIL2A.xml").rename(self.product / "MTD_MSIL1C.xml")
        self.refuse("Level-1C", self.product)
        archive = shutil.make_archive(self.folder / "l1c", "zip", self.folder, self.product.name)
        self.refuse("Level-1C", archive, products=[archive])

    def test_a_folder_of_cogs(self):
        cogs = self.folder / "S2A_32ULV_20220607_0_L2A"
        cogs.mkdir()
        for band in ("B02", "B03", "TCI"):
            shutil.copy(self.clc, cogs / f"{band}.tif")
        self.refuse("folder of GeoTIFFs (B02.tif, B03.tif, TCI.tif)", cogs, products=[cogs])

    def test_archives_that_are_no_products(self):
        empty = shutil.make_archive(self.folder / "granule", "zip", self.product, "GRANULE")
        self.refuse(empty, "holds no NAME.SAFE folder", products=[empty])
        archive = pathlib.Path(shutil.make_archive(self.folder / "cut", "zip", self.folder, self.product.name))
        os.truncate(archive, archive.stat().st_size // 2)
        self.refuse(archive, "damaged or truncated", products=[archive])

    def test_numbers_out_of_range(self):
        for option, value in (("--max-cloud-percent", "nan"), ("--max-snow-percent", "101"), ("--seed", "-1"),
                              ("--seed", "99999999999999999999"), ("--out", "")):
            with self.subTest(option=option, value=value):
                out = [] if option == "--out" else ["--out", self.out]
                result = harness.run("eoshard-ingest", "--labels", self.clc, *out, f"{option}", value, self.product, check=False)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(option, result.stderr)
        self.assertFalse(self.out.exists())

    def test_an_option_given_twice(self):
        result = harness.run("eoshard-ingest", "--labels", "a.tif", "--labels", "b.tif", check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--labels is given 2 times; it takes one value", result.stderr)

    def test_unknown_option(self):
        result = harness.run("eoshard-ingest", "--labels", self.clc, "--out", self.out, self.product, "--cloud", 5, ranks=2, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr.count("--cloud"), 1)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_read_only_output(self):
        self.folder.chmod(0o500)
        self.refuse("out", "Permission denied")

    def test_output_below_a_file(self):
        (self.folder / "file").write_text("")
        self.out = self.folder / "file" / "out"
        self.refuse("--out", "Not a directory")

    def test_tasks_that_mpi_does_not_connect(self):
        """As plain srun starts them: each would be rank 0."""
        for task, said in (("0", 1), ("1", 0)):
            result = harness.run("eoshard-ingest", "--labels", self.clc, "--out", self.out, self.good[0], check=False,
                                 env={"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": task})
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(result.stderr.count("srun --mpi=pmix"), said)
        self.assertFalse(self.out.exists())

    def test_a_corrected_command_needs_no_overwrite(self):
        self.image("B8A").unlink()
        self.refuse("lacks B8A")
        harness.run("eoshard-ingest", "--labels", self.clc, "--out", self.out, self.good[1], ranks=2)
        harness.run("eoshard-info", self.out, "--verify")


harness.main()
