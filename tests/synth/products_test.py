"""Opens synthetic products of four baselines with rasterio and ElementTree, and compares them with the label raster and
with what each era of real products looks like."""
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import numpy as np
import rasterio
from rasterio.warp import transform

PROGRAM = pathlib.Path(os.environ["EOSHARD_BIN"]) / "eoshard-synth"
SIZE = 1020  # 10 m pixels: 8.5 patches
BANDS = {10: ["B02", "B03", "B04", "B08"], 20: ["B05", "B06", "B07", "B8A", "B11", "B12"], 60: ["B01", "B09"]}
BASELINES = ["02.06", "02.14", "04.00", "05.11"]
OLD_TAGS = ("PRODUCT_URI_2A", "IMAGE_FILE_2A")
TAGS = ("PRODUCT_URI", "IMAGE_FILE")


def synthesize(out, *options):
    command = [str(PROGRAM), "--out", str(out), "--size", str(SIZE), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


class Products(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.out = pathlib.Path(cls.folder.name) / "out"
        cls.products = [pathlib.Path(path) for path in synthesize(
            cls.out, "--products", "4", "--baseline", ",".join(BASELINES), "--cloud-percent", "10", "--nodata-percent", "3")]
        cls.record = json.loads((cls.out / "synth.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def image(self, product, band, resolution_m):
        """The one file of a band at a resolution."""
        files = list(product.glob(f"GRANULE/*/IMG_DATA/R{resolution_m}m/*_{band}_{resolution_m}m.jp2"))
        self.assertEqual(len(files), 1, (product, band))
        return files[0]

    def geocoding(self, product, resolution_m):
        root = ElementTree.parse(next(product.glob("GRANULE/*/MTD_TL.xml"))).getroot()
        epsg = int(root.find(".//HORIZONTAL_CS_CODE").text.removeprefix("EPSG:"))
        size = root.find(f".//Size[@resolution='{resolution_m}']")
        place = root.find(f".//Geoposition[@resolution='{resolution_m}']")
        numbers = {element.tag: int(element.text) for element in [*size, *place]}
        return epsg, numbers

    def test_images_have_the_sizes_and_types_of_the_grids(self):
        for product in self.products:
            for resolution_m, bands in BANDS.items():
                for band in bands:
                    with rasterio.open(self.image(product, band, resolution_m)) as dataset:
                        side = SIZE * 10 // resolution_m
                        self.assertEqual((dataset.height, dataset.width), (side, side))
                        self.assertEqual(dataset.dtypes, ("uint16",))
                        self.assertEqual(dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS"), "15")
                        self.assertGreater(side, dataset.block_shapes[0][0], "several JP2 tiles")
            with rasterio.open(self.image(product, "SCL", 20)) as dataset:
                self.assertEqual(dataset.dtypes, ("uint8",))

    def test_metadata_give_the_place_and_the_images_only_from_02_07_on(self):
        for product, baseline in zip(self.products, BASELINES):
            for resolution_m, bands in BANDS.items():
                epsg, numbers = self.geocoding(product, resolution_m)
                self.assertEqual(numbers["NROWS"], SIZE * 10 // resolution_m)
                self.assertEqual((numbers["XDIM"], numbers["YDIM"]), (resolution_m, -resolution_m))
                with rasterio.open(self.image(product, bands[0], resolution_m)) as dataset:
                    if baseline == "02.06":
                        self.assertIsNone(dataset.crs)
                        self.assertTrue(dataset.transform.is_identity)
                    else:
                        self.assertEqual(dataset.crs.to_epsg(), epsg)
                        self.assertEqual((dataset.transform.c, dataset.transform.f), (numbers["ULX"], numbers["ULY"]))
                        self.assertEqual(dataset.transform.a, resolution_m)

    def test_names_and_spellings_follow_the_era(self):
        for product, baseline in zip(self.products, BASELINES):
            is_old = baseline == "02.06"
            root = ElementTree.parse(product / "MTD_MSIL2A.xml").getroot()
            uri, image_file = OLD_TAGS if is_old else TAGS
            self.assertEqual(root.find(f".//{uri}").text, product.name)
            self.assertEqual(root.find(".//PROCESSING_BASELINE").text, baseline)
            listed = {element.text for element in root.iter(image_file)}
            images = product.glob("GRANULE/*/IMG_DATA/*/*.jp2")
            self.assertEqual(listed, {str(path.relative_to(product).with_suffix("")) for path in images})
            self.assertEqual(self.image(product, "B02", 10).name.startswith("L2A_"), is_old)
            quality = {path.name for path in product.glob("GRANULE/*/QI_DATA/*.jp2")}
            if is_old:
                self.assertTrue(any(name.endswith("_CLD_20m.jp2") for name in quality))
            else:
                self.assertEqual(quality, {"MSK_CLDPRB_20m.jp2", "MSK_SNWPRB_20m.jp2"})

    def test_offsets_are_listed_and_stored_from_04_00_on(self):
        for product, baseline in zip(self.products, BASELINES):
            root = ElementTree.parse(product / "MTD_MSIL2A.xml").getroot()
            offsets = {int(element.get("band_id")): int(element.text) for element in root.iter("BOA_ADD_OFFSET")}
            self.assertEqual(offsets, {band: -1000 for band in range(13)} if baseline >= "04.00" else {})
            red = read(self.image(product, "B04", 10))
            scl = read(self.image(product, "SCL", 20)).repeat(2, 0).repeat(2, 1)
            darkest = red[(scl == 4) | (scl == 5)].min()
            self.assertEqual(darkest > 1000, baseline >= "04.00")

    def test_no_data_clouds_and_their_probabilities_agree(self):
        for product in self.products:
            scl = read(self.image(product, "SCL", 20))
            cloud = read(next(product.glob("GRANULE/*/QI_DATA/*CLD*.jp2")))
            self.assertGreater((scl == 0).mean(), 0.02)
            self.assertAlmostEqual(np.isin(scl, (8, 9, 10)).mean(), 0.10, delta=0.02)
            np.testing.assert_array_equal(np.isin(scl, (8, 9, 10)), cloud > 0)
            for resolution_m, bands in BANDS.items():
                step = resolution_m / 20
                nearest = (np.arange(SIZE * 10 // resolution_m) * step).astype(int)
                void = scl[np.ix_(nearest, nearest)] == 0
                for band in bands:
                    np.testing.assert_array_equal(read(self.image(product, band, resolution_m)) == 0, void)

    def labels_on_20m_grid(self, product):
        """Code of the label raster under each 20 m pixel centre, by an exact transformation."""
        epsg, numbers = self.geocoding(product, 20)
        columns, rows = np.meshgrid(np.arange(SIZE // 2) + 0.5, np.arange(SIZE // 2) + 0.5)
        xs, ys = transform(f"EPSG:{epsg}", "EPSG:3035", numbers["ULX"] + 20 * columns.ravel(),
                           numbers["ULY"] - 20 * rows.ravel())
        with rasterio.open(self.out / "clc.tif") as dataset:
            self.assertEqual(dataset.crs.to_epsg(), 3035)
            columns, rows = ~dataset.transform * (np.array(xs), np.array(ys))
            labels = dataset.read(1)
        return labels[np.floor(rows).astype(int), np.floor(columns).astype(int)].reshape(SIZE // 2, SIZE // 2)

    def reflectance_20m(self, product, offset):
        """(12, side, side) at 20 m: finer bands averaged, coarser ones repeated."""
        layers = {}
        for resolution_m, bands in BANDS.items():
            for band in bands:
                image = read(self.image(product, band, resolution_m)).astype(float)
                if resolution_m == 10:
                    image = image.reshape(SIZE // 2, 2, SIZE // 2, 2).mean((1, 3))
                elif resolution_m == 60:
                    image = image.repeat(3, 0).repeat(3, 1)
                layers[band] = (image + offset) / 10000
        return np.stack([layers[band] for band in sorted(layers, key=lambda name: (name.replace("B8A", "B08A")))])

    def test_pixels_show_the_class_of_the_label_raster(self):
        """The nearest spectrum in direction (brightness does not count) names the class up to its twin."""
        spectra = {tuple(entry["reflectance"]): set() for entry in self.record["classes"]}
        for entry in self.record["classes"]:
            spectra[tuple(entry["reflectance"])].add(entry["grid_code"])
        directions = np.array(list(spectra)) / np.linalg.norm(list(spectra), axis=1, keepdims=True)
        members = list(spectra.values())
        for product, entry in zip(self.products, self.record["products"]):
            labels = self.labels_on_20m_grid(product)
            cube = self.reflectance_20m(product, entry["boa_add_offset"])
            clear = np.isin(read(self.image(product, "SCL", 20)), (4, 5))
            pixels = cube[:, clear].T
            nearest = np.argmax(pixels / np.linalg.norm(pixels, axis=1, keepdims=True) @ directions.T, axis=1)
            fits = np.array([code in members[index] for code, index in zip(labels[clear], nearest)])
            self.assertGreater(fits.mean(), 0.97, product.name)

    def test_label_raster_reaches_beyond_the_products(self):
        with rasterio.open(self.out / "clc.tif") as dataset:
            labels = dataset.read(1)
            self.assertEqual((dataset.res, dataset.nodata, dataset.dtypes), ((100, 100), 48, ("uint8",)))
        known = {entry["grid_code"] for entry in self.record["classes"]}
        self.assertEqual(set(np.unique(labels)) - {48}, known)
        for product in self.products:
            self.assertNotIn(48, self.labels_on_20m_grid(product))

    def test_manifest_lists_every_file_with_its_checksum(self):
        for product, baseline in zip(self.products, BASELINES):
            name, digest = ("SHA3-256", hashlib.sha3_256) if baseline >= "05.00" else ("MD5", hashlib.md5)
            listed = set()
            for stream in ElementTree.parse(product / "manifest.safe").getroot().iter("byteStream"):
                path = product / stream.find("fileLocation").get("href")
                content = path.read_bytes()
                listed.add(path)
                self.assertEqual(int(stream.get("size")), len(content))
                self.assertEqual(stream.find("checksum").get("checksumName"), name)
                self.assertEqual(stream.find("checksum").text, digest(content).hexdigest().upper())
            files = {path for path in product.rglob("*") if path.is_file()}
            self.assertEqual(listed, files - {product / "manifest.safe"})

    def test_bytes_depend_on_the_seed_and_not_on_threads(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = {"a": ("--threads", "1"), "b": ("--threads", "3"), "c": ("--seed", "1")}
            contents = {}
            for run, options in runs.items():
                out = pathlib.Path(folder) / run
                synthesize(out, "--products", "1", *options)
                contents[run] = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
            self.assertEqual(contents["a"], contents["b"])
            self.assertNotEqual(contents["a"], contents["c"])


if __name__ == "__main__":
    unittest.main()
