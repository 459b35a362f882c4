"""Every way to name products gives the same dataset; several processings and granules; checksums of the sources."""
import hashlib
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


def zip_product(product, archive, compression=zipfile.ZIP_DEFLATED):
    """As downloaded: the .SAFE folder at the archive's top."""
    with zipfile.ZipFile(archive, "w", compression) as file:
        for path in sorted(product.rglob("*")):
            file.write(path, path.relative_to(product.parent))
    return archive


def write_manifest(product):
    """manifest.safe anew, with the checksums of the files as they are now."""
    objects = "".join(
        f'<dataObject ID="o{number}"><byteStream><fileLocation locatorType="URL" href="./{file.relative_to(product)}"/>'
        f'<checksum checksumName="MD5">{hashlib.md5(file.read_bytes()).hexdigest().upper()}</checksum></byteStream></dataObject>'
        for number, file in enumerate(sorted(product.rglob("*"))) if file.is_file() and file.name != "manifest.safe")
    (product / "manifest.safe").write_text(f"<XFDU><dataObjectSection>{objects}</dataObjectSection></XFDU>")


def reprocess(product, folder, name):
    """A copy of a product under another name (the metadata say so too)."""
    copy = folder / f"{name}.SAFE"
    shutil.copytree(product, copy)
    xml = copy / "MTD_MSIL2A.xml"
    text = xml.read_text().replace(product.stem, name)
    baseline, processed = name.split("_")[3][1:], name.split("_")[-1]
    text = re.sub("<PROCESSING_BASELINE>.*?<", f"<PROCESSING_BASELINE>{baseline[:2]}.{baseline[2:]}<", text)
    iso = f"{processed[:4]}-{processed[4:6]}-{processed[6:11]}:{processed[11:13]}:{processed[13:15]}.000Z"
    text = re.sub("<GENERATION_TIME>.*?<", f"<GENERATION_TIME>{iso}<", text)
    xml.write_text(text)
    return copy


def as_of_2016(products, folder):
    """One product of several granules, named and laid out as before December 2016."""
    times = "20160722T010000_R065_V20160721T104025_20160721T104025"
    old = folder / f"S2A_USER_PRD_MSIL2A_PDMC_{times}.SAFE"
    granules = ""
    for product in products:
        source = next(product.glob("GRANULE/*"))
        tile = product.stem.split("_")[5]
        granule = old / "GRANULE" / f"S2A_USER_MSI_L2A_TL_SGS__20160721T202530_A005642_{tile}_N02.04"
        stem = f"_L2A_TL_SGS__20160721T202530_A005642_{tile}"
        names = []
        for image in sorted(source.glob("IMG_DATA/*/*.jp2")):
            layer, resolution = image.stem.split("_")[-2:]
            name = f"S2A_USER_MSI{stem}_{layer}_{resolution}" if layer != "SCL" else f"S2A_USER_SCL{stem}_{resolution}"
            target = granule / "IMG_DATA" / ("" if layer == "SCL" else image.parent.name) / f"{name}.jp2"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, target)
            names.append(f"<IMAGE_ID_2A>{name}</IMAGE_ID_2A>")
        text = (source / "MTD_TL.xml").read_text()
        (granule / f"S2A_USER_MTD{stem}.xml").write_text(re.sub("(</?)TILE_ID", r"\1TILE_ID_2A", text))
        granules += f'<Granules granuleIdentifier="{granule.name}" imageFormat="JPEG2000">{"".join(names)}</Granules>'
    (old / f"S2A_USER_MTD_SAFL2A_PDMC_{times}.xml").write_text(
        '<n1:Level-2A_User_Product xmlns:n1="https://psd-13.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd"><n1:General_Info>'
        "<L2A_Product_Info><PRODUCT_START_TIME>2016-07-21T10:40:25.464Z</PRODUCT_START_TIME>"
        f"<PRODUCT_URI_2A>{old.name}</PRODUCT_URI_2A><PROCESSING_BASELINE>02.04</PROCESSING_BASELINE>"
        "<GENERATION_TIME>2016-07-22T01:00:00.000Z</GENERATION_TIME><Datatake><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>"
        "<DATATAKE_SENSING_START>2016-07-21T10:40:22.026Z</DATATAKE_SENSING_START><SENSING_ORBIT_NUMBER>65</SENSING_ORBIT_NUMBER>"
        f"</Datatake><L2A_Product_Organisation><Granule_List>{granules}</Granule_List></L2A_Product_Organisation></L2A_Product_Info>"
        "<L2A_BOA_QUANTIFICATION_VALUE>10000</L2A_BOA_QUANTIFICATION_VALUE></n1:General_Info></n1:Level-2A_User_Product>")
    return old


class Sources(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 480, "--baseline", "02.06,05.11")
        cls.clc = cls.root / "in/clc.tif"
        cls.ingest(cls.root / "folders", *cls.products)
        cls.expected = harness.files_below(cls.root / "folders")

    @classmethod
    def ingest(cls, out, *arguments, check=True, **settings):
        return harness.run("eoshard-ingest", "--labels", cls.clc, "--out", out, *arguments, check=check, timeout=60, **settings)

    def refuse(self, *message, arguments, **settings):
        result = self.ingest(self.folder / "refused", *arguments, check=False, **settings)
        self.assertEqual(result.returncode, 1, result.stderr)
        (line,) = harness.errors(result)
        for part in message:
            self.assertIn(str(part), line)
        return line

    def same(self, out):
        self.assertEqual(harness.files_below(out), self.expected)

    def test_zips_give_the_same_dataset(self):
        zips = [zip_product(self.products[0], self.folder / "a.zip"),
                zip_product(self.products[1], self.folder / "b with a blank.zip", zipfile.ZIP_STORED)]
        self.ingest(self.folder / "out", "--check-source", *zips, ranks=2)
        self.same(self.folder / "out")
        self.assertEqual([source["path"] for source in harness.manifest(self.folder / "out")["sources"]], [str(path) for path in zips])

    def test_patterns_and_lists_give_the_same_dataset(self):
        self.ingest(self.folder / "pattern", self.root / "in/*.SAFE", ranks=3)
        self.same(self.folder / "pattern")
        lines = ["# two products", "", os.path.relpath(self.products[1]), f"{self.products[0]}/"]
        (self.folder / "list.txt").write_bytes("\r\n".join(lines).encode())
        for number, argument in enumerate((["--input-file-list", self.folder / "list.txt"], [f"@{self.folder / 'list.txt'}"])):
            self.ingest(self.folder / str(number), *argument)
            self.same(self.folder / str(number))
        self.refuse("*.zip matches nothing", arguments=[self.root / "in/*.zip"], ranks=2)
        self.refuse("nothing.txt", arguments=[f"@{self.folder}/nothing.txt"])

    def test_paths_that_are_no_utf8(self):
        """They are escaped in the manifest, and the run is found again to go on with."""
        odd = pathlib.Path(os.fsdecode(os.fsencode(self.folder) + b"/caf\xe9 \\x"))
        odd.mkdir()
        for product in self.products:
            shutil.copytree(product, odd / product.name)
        zip_product(self.products[0], odd / "z.zip")
        shutil.rmtree(odd / self.products[0].name)
        out = odd / "out"
        self.ingest(out, odd / "z.zip", odd / self.products[1].name, "--check-source", ranks=2)
        self.same(out)
        manifest = harness.manifest(out)
        escaped = str(self.folder) + "/caf\\xe9 \\\\x/"
        self.assertEqual([source["path"] for source in manifest["sources"]], [escaped + "z.zip", escaped + self.products[1].name])
        self.assertEqual(manifest["configuration"]["sources"], sorted(source["path"] for source in manifest["sources"]))
        self.assertIn("$'" + escaped + "z.zip'", manifest["command_line"])
        harness.run("eoshard-info", out, "--verify")

    def test_the_newest_processing_of_a_scene_is_kept(self):
        fields = self.products[0].stem.split("_")
        old = reprocess(self.products[0], self.folder, "_".join(fields[:3] + ["N0205"] + fields[4:6] + ["20300101T000000"]))
        newer = reprocess(self.products[0], self.folder, "_".join(fields[:3] + ["N0206"] + fields[4:6] + ["20300101T000000"]))
        result = self.ingest(self.folder / "out", self.products[0], old, self.products[1], newer, ranks=2)
        for left_out in (self.products[0], old):
            self.assertRegex(result.stderr, rf"{left_out}, processed \w+\) is left out: .*{newer}")
        self.assertEqual({source["product"] for source in harness.manifest(self.folder / "out")["sources"]}, {newer.stem, self.products[1].stem})

    def test_the_same_processing_from_two_places_is_refused(self):
        copy = shutil.copytree(self.products[0], self.folder / self.products[0].name)
        archive = zip_product(self.products[0], self.folder / "copy.zip")
        self.refuse("the same ids", self.products[0], copy, arguments=[self.products[0], copy], ranks=2)
        self.refuse("the same ids", copy, archive, arguments=[copy, archive])
        self.ingest(self.folder / "out", f"{self.products[0]}/", self.products[0], self.products[1])  # one place, named twice
        self.same(self.folder / "out")

    def test_granules_of_one_old_product(self):
        old = as_of_2016(self.products, self.folder)
        zip_product(old, self.folder / "old.zip")
        for name, source in (("folder", old), ("zip", self.folder / "old.zip")):
            self.ingest(self.folder / name, source, ranks=3)
        self.assertEqual(harness.files_below(self.folder / "folder"), harness.files_below(self.folder / "zip"))
        rows = harness.rows(self.folder / "folder/samples.csv")
        tiles = {row["mgrs_tile"] for row in rows}
        self.assertEqual(tiles, {product.stem.split("_")[5] for product in self.products})
        self.assertEqual({row["product"] for row in rows}, {old.stem})
        for row in rows:
            expected = f"S2A_MSIL2A_20160721T104022_N0204_R065_{row['mgrs_tile']}_{int(row['column']):02}_{int(row['row']):02}"
            self.assertEqual(row["patch_id"], expected)
        harness.run("eoshard-info", self.folder / "folder", "--verify")
        # The same pixels as from the products that the granules came from, where no offset tells them apart.
        wanted = [row for row in harness.rows(self.root / "folders/samples.csv") if "N0206" in row["patch_id"]]
        square = lambda row: (row["epsg"], row["ulx"], row["uly"], row["labels"], row["cloud_fraction"])  # noqa: E731
        self.assertLessEqual({square(row) for row in wanted}, {square(row) for row in rows})

    def test_granules_of_two_zones(self):
        elsewhere, = harness.synthesise(self.folder / "in", "--products", 1, "--size", 480, "--epsg", 32633, "--origin", "300000,5500020")
        labels = self.folder / "labels.tif"
        subprocess.run(["gdal_create", "-q", "-ot", "Byte", "-burn", "23", "-outsize", "3000", "3000", "-a_srs", "EPSG:3035",
                        "-a_ullr", "3900000", "3200000", "4800000", "2700000", labels], check=True)
        out = self.folder / "out"
        harness.run("eoshard-ingest", "--labels", labels, "--out", out, elsewhere, *self.products, ranks=2)
        rows = harness.rows(out / "samples.csv")
        self.assertEqual({row["epsg"] for row in rows}, {"32632", "32633"})
        for row in rows:
            self.assertEqual(row["mgrs_tile"][1:3], row["epsg"][-2:])
        self.assertEqual({source["epsg"] for source in harness.manifest(out)["sources"]}, {32632, 32633})

    def test_only_the_bands_asked_for_are_needed(self):
        product = shutil.copytree(self.products[1], self.folder / self.products[1].name)
        for image in product.glob("GRANULE/*/IMG_DATA/*/*.jp2"):
            if image.stem.split("_")[-2] not in ("B03", "B8A", "SCL"):
                image.unlink()
        self.ingest(self.folder / "out", "--bands", "SCL,B8A,B03", "--check-source", product)
        arrays = {array["name"]: array["bands"] for array in harness.manifest(self.folder / "out")["arrays"]}
        self.assertEqual(arrays, {"data_10m": ["B03"], "data_20m": ["B8A"], "scl": ["SCL"]})
        harness.run("eoshard-info", self.folder / "out", "--verify")
        self.refuse("lacks B02 at 10 m", arguments=["--bands", "B02", product])
        for list, message in (("B10", "B10 is no"), ("B02,B02", "twice"), ("", "empty")):
            result = self.ingest(self.folder / "refused", "--bands", list, product, check=False)
            self.assertEqual((result.returncode, message in result.stderr), (2, True), result.stderr)

    def test_a_run_goes_on_however_its_sources_are_named(self):
        """Relative or absolute, with or without a slash: the same run."""
        here = pathlib.Path.cwd()
        self.addCleanup(os.chdir, here)
        damaged = shutil.copytree(self.products[0], self.folder / self.products[0].name)
        band = next(damaged.glob("GRANULE/*/IMG_DATA/R60m/*_B09_*.jp2"))
        whole = band.read_bytes()
        band.write_bytes(whole[:-100])
        self.ingest(self.folder / "out", damaged, self.products[1], check=False)
        scans = {scan.name for scan in (self.folder / "out/unfinished").glob("*.scan")}
        self.assertTrue(scans)
        band.write_bytes(whole)
        os.chdir(self.folder)
        result = self.ingest("out", f"{damaged.name}//", os.path.relpath(self.products[1]))
        self.assertIn("going on with the unfinished run", result.stderr)
        self.same("out")


class CheckSource(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.product,) = harness.synthesise(cls.root / "in", "--products", 1, "--size", 240, "--cloud-percent", 0, "--snow-percent", 0, "--nodata-percent", 0)

    def setUp(self):
        super().setUp()
        self.copy = shutil.copytree(self.product, self.folder / self.product.name)

    def ingest(self, *arguments, out="out"):
        return harness.run("eoshard-ingest", "--labels", self.root / "in/clc.tif", "--out", self.folder / out, *arguments, check=False, timeout=60)

    def flip(self, file, offset, bit):
        data = bytearray(file.read_bytes())
        data[offset] ^= 1 << bit
        file.write_bytes(data)

    def test_a_flipped_bit_is_named_in_every_kind_of_file(self):
        files = [next(self.copy.glob(pattern)) for pattern in ("MTD_MSIL2A.xml", "GRANULE/*/MTD_TL.xml", "GRANULE/*/*/*/*_SCL_20m.jp2",
                                                               "GRANULE/*/*/*/*_B12_20m.jp2", "GRANULE/*/*/*/*_B01_60m.jp2")]
        for file in files:
            whole = file.read_bytes()
            # In an XML's comment-free end a changed blank is no error of form; in an image the middle is pixels.
            offset = whole.rindex(b"\n  <") + 1 if file.suffix == ".xml" else len(whole) // 2
            self.flip(file, offset, 0 if file.suffix == ".jp2" else 5)
            if file.suffix == ".xml":
                file.write_bytes(whole[:offset] + b"\t" + whole[offset + 1:])
            found = hashlib.md5(file.read_bytes()).hexdigest().upper()
            result = self.ingest("--check-source", self.copy)
            self.assertEqual(result.returncode, 1)
            (line,) = harness.errors(result)
            for part in (str(file), found, hashlib.md5(whole).hexdigest().upper()):
                self.assertIn(part, line)
            file.write_bytes(whole)
        self.assertEqual(self.ingest("--check-source", self.copy).returncode, 0)

    def test_a_zip_is_checked_too(self):
        band = next(self.copy.glob("GRANULE/*/*/*/*_B03_10m.jp2"))
        self.flip(band, band.stat().st_size // 2, 3)
        result = self.ingest("--check-source", zip_product(self.copy, self.folder / "a.zip"))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(harness.errors(result)[0], rf"a\.zip.*{band.name} is damaged: manifest\.safe lists MD5")

    def test_without_manifest_safe_there_is_nothing_to_compare_with(self):
        (self.copy / "manifest.safe").unlink()
        result = self.ingest("--check-source", self.copy)
        self.assertEqual(result.returncode, 1)
        self.assertIn("manifest.safe does not exist", result.stderr)
        self.assertEqual(self.ingest(self.copy).returncode, 0)

    def test_flipped_bits_never_crash_or_hang(self):
        """Without --check-source a flip may pass unseen, or the decoder names the file; nothing else."""
        draw = random.Random(5)
        files = sorted(self.copy.glob("GRANULE/*/IMG_DATA/*/*.jp2"))
        for trial in range(8):
            file = draw.choice(files)
            whole = file.read_bytes()
            # Half of the flips hit the headers, where sizes and tilings are.
            end = 300 if trial % 2 else len(whole)
            for _ in range(3):
                self.flip(file, draw.randrange(end), draw.randrange(8))
            result = self.ingest(self.copy, out=f"out{trial}")
            self.assertIn(result.returncode, (0, 1), result.stderr)
            if result.returncode == 1:
                self.assertIn(file.name, "".join(harness.errors(result)), result.stderr)
            else:
                harness.run("eoshard-info", self.folder / f"out{trial}", "--verify")
            file.write_bytes(whole)


harness.main()
