"""Image folders and archives: every value equals what Pillow and rasterio read, and what fits no dataset is refused."""
import io
import pathlib
import shutil
import sys
import tarfile
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import archive_dump, harness, image_folders  # noqa: E402

import numpy  # noqa: E402
import rasterio  # noqa: E402
from PIL import Image  # noqa: E402

warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)


def by_other_software(path):
    """JPEG by Pillow, whose libjpeg-turbo interpolates chroma as Debian's does; rasterio's is another one."""
    if path.suffix.lower() in (".jpg", ".jpeg"):
        return by_pillow(path)
    with rasterio.open(path) as file:
        return file.read()


def by_pillow(content):
    values = numpy.asarray(Image.open(content))
    return values.transpose(2, 0, 1) if values.ndim == 3 else values[None]


class ImageTest(harness.FolderTest):
    def dump(self, source, *options):
        return archive_dump.dump("images", source, self.folder / "dump", *options)

    def refusal(self, source, *options):
        return archive_dump.refusal(self, "images", source, self.folder / "dump", *options)

    def check(self, source, files, read=by_other_software):
        """`files`: key -> (class, path); in whatever order the source gives them."""
        layout, samples, values = self.dump(source)
        self.assertEqual(layout["classes"], sorted({name for name, _ in files.values()}))
        self.assertEqual(sorted(sample["key"] for sample in samples), sorted(files))
        for sample, found in zip(samples, values, strict=True):
            name, path = files[sample["key"]]
            self.assertEqual(sample["labels"], [name])
            numpy.testing.assert_array_equal(found, read(path), sample["key"])
        return layout, samples


def listed(folder):
    return {path.stem: (path.parent.name, path) for path in folder.glob("*/*.*") if path.suffix not in (".md", ".txt")}


class MadeImages(ImageTest):
    def test_formats_depths_and_bands(self):
        for ending, bands, bits, names in ((".jpg", 3, 8, ["R", "G", "B"]), (".JPEG", 1, 8, ["gray"]),
                                           (".png", 4, 8, ["R", "G", "B", "A"]), (".png", 3, 16, ["R", "G", "B"]),
                                           (".tif", 3, 8, ["R", "G", "B"]), (".tiff", 1, 16, ["gray"]),
                                           (".tif", 5, 16, [f"band_{index}" for index in range(1, 6)])):
            with self.subTest(ending=ending, bands=bands, bits=bits):
                folder = image_folders.make(self.folder / f"{ending}{bands}{bits}", bands=bands, bits=bits, ending=ending)
                layout, samples = self.check(folder, listed(folder))
                self.assertEqual([sample["key"] for sample in samples], sorted(listed(folder)))
                self.assertEqual(layout["arrays"][0]["bands"], names)
                self.assertEqual(layout["arrays"][0]["bytes_a_value"], bits // 8)

    def test_archives_equal_the_folder(self):
        folder = image_folders.make(self.folder / "made" / "inner")
        (folder / "forest" / "readme.txt").write_text("no image")
        (folder / "forest" / "._forest_1.jpg").write_bytes(b"left by another system")
        (folder / "__MACOSX" / "forest").mkdir(parents=True)
        (folder / "__MACOSX" / "forest" / "forest_9.jpg").write_bytes(b"")
        files = {key: file for key, file in listed(folder).items() if not key.startswith(".")}
        for ending in (".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".zip"):
            with self.subTest(ending=ending):
                self.check(image_folders.pack(folder.parent, self.folder / f"made{ending}"), files)

    def test_names_are_prefixed_where_they_lack_their_class(self):
        folder = image_folders.make(self.folder / "made", classes=["river"])
        for path in folder.glob("*/*"):
            path.rename(path.with_stem(path.stem.removeprefix("river_")))
        self.assertEqual([sample["key"] for sample in self.dump(folder)[1]], [f"river_{number}" for number in range(4)])

    def test_folders_of_splits(self):
        for index, name in enumerate(["train", "val", "test"]):
            image_folders.make(self.folder / "made" / name, classes=["sea", "river"], count=1, seed=index)
            for path in (self.folder / "made" / name).glob("*/*"):
                path.rename(path.with_stem(f"{path.stem}{name}"))
        layout, samples, _ = self.dump(self.folder / "made")
        self.assertEqual(layout["classes"], ["river", "sea"])
        self.assertEqual({sample["key"]: sample["split"] for sample in samples},
                         {"river_0train": 0, "sea_0train": 0, "river_0val": 1, "sea_0val": 1, "river_0test": 2, "sea_0test": 2})

    def test_resize(self):
        folder = image_folders.make(self.folder / "made", ending=".png", side=24)
        draw = numpy.random.default_rng(3)
        image_folders.write(folder / "river" / "river_9.png", image_folders.pixels(draw, 0, 3, 8, shape=(20, 30)))
        for side in (16, 24, 40):
            _, samples, values = self.dump(folder, side)
            self.assertEqual(values.shape, (13, 3, side, side))
            for sample, found in zip(samples, values, strict=True):
                with rasterio.open(listed(folder)[sample["key"]][1]) as file:
                    expected = file.read(out_shape=(3, side, side), resampling=rasterio.enums.Resampling.bilinear)
                difference = abs(found.astype(int) - expected.astype(int))
                self.assertLessEqual(difference.max(), 1, sample["key"])  # two GDALs may round apart
                self.assertLess(difference.mean(), 0.01)

    def test_band_names(self):
        folder = image_folders.make(self.folder / "made", bands=2, bits=16, ending=".tif")
        self.assertEqual(self.dump(folder, 0, "VV", "VH")[0]["arrays"][0]["bands"], ["VV", "VH"])
        result = archive_dump.run("images", folder, self.folder / "dump", 0, "VV")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--band-names gives 1 names, but forest/forest_0.tif has 16 x 16 pixels of 2 bands", result.stderr)


class BadImages(ImageTest):
    def setUp(self):
        super().setUp()
        self.images = image_folders.make(self.folder / "made")
        self.draw = numpy.random.default_rng(5)

    def test_the_odd_one_is_named(self):
        odd = self.images / "river" / "river_2.jpg"
        for shape, bands, words in (((16, 15), 3, "15 x 16 pixels of 3 bands of 8 bits, but the first image has 16 x 16 pixels "
                                     "of 3 bands of 8 bits: --resize N"),
                                    ((16, 16), 1, "16 x 16 pixels of 1 band of 8 bits, but the first image has")):
            image_folders.write(odd, image_folders.pixels(self.draw, 0, bands, 8, shape))
            for source in (self.images, image_folders.pack(self.images, self.folder / "made.tar")):
                self.assertIn(f"river/river_2.jpg has {words}", self.refusal(source))
        image_folders.write(self.images / "forest" / "forest_0.jpg", image_folders.pixels(self.draw, 0, 3, 8, (16, 20)))
        self.assertIn("forest/forest_0.jpg has 20 x 16 pixels of 3 bands of 8 bits: images must be square", self.refusal(self.images))

    def test_damaged_images_are_named(self):
        for ending, bits in ((".jpg", 8), (".png", 8), (".tif", 8), (".png", 16), (".tif", 16)):
            folder = image_folders.make(self.folder / f"bad{ending}{bits}", ending=ending, bits=bits, side=64)
            file = folder / "river" / f"river_3{ending}"
            whole = file.read_bytes()
            for content in (whole[:len(whole) // 2], whole[:len(whole) - 40], whole[:10], b"", bytes(300)):
                with self.subTest(ending=ending, bits=bits, length=len(content)):
                    file.write_bytes(content)
                    self.assertIn(f"river/river_3{ending}", self.refusal(folder))

    def test_values_of_other_kinds_are_refused(self):
        file = self.images / "forest" / "forest_0.tif"
        (self.images / "forest" / "forest_0.jpg").unlink()
        with rasterio.open(file, "w", driver="GTiff", width=16, height=16, count=3, dtype="float32") as image:
            image.write(numpy.ones((3, 16, 16), numpy.float32))
        self.assertIn("forest/forest_0.tif holds values of type Float32", self.refusal(self.images))
        file.unlink()
        Image.open(self.images / "river" / "river_0.jpg").convert("P").save(file.with_suffix(".png"))
        self.assertIn("forest/forest_0.png holds palette indices", self.refusal(self.images))

    def test_another_layout_is_refused(self):
        self.assertIn("forest_0.jpg lies in no folder; looked for one folder a class", self.refusal(self.images / "forest"))
        shutil.copytree(self.images / "river", self.images / "more" / "river")
        self.assertIn("forest/forest_0.jpg and more/river/river_0.jpg lie in class folders of different places",
                      self.refusal(self.images))
        (self.folder / "empty").mkdir()
        self.assertIn("empty: found 0 files, but no image", self.refusal(self.folder / "empty"))
        self.assertIn("cannot list", self.refusal(self.folder / "absent"))
        (self.folder / "text.tar").write_text("no archive")
        self.assertIn("text.tar", self.refusal(self.folder / "text.tar"))

    def test_images_that_would_share_an_id(self):
        shutil.copy(self.images / "river" / "river_1.jpg", self.images / "river" / "river_1.png")
        self.assertIn("river/river_1.jpg and river/river_1.png would share the id river_1", self.refusal(self.images))

    def test_a_cut_archive(self):
        for ending in (".tar", ".tar.gz", ".zip"):
            archive = image_folders.pack(self.images, self.folder / f"cut{ending}")
            content = archive.read_bytes()
            archive.write_bytes(content[:len(content) // 2])
            with self.subTest(ending=ending):
                self.assertIn(archive.name, self.refusal(archive))


class RealImages(ImageTest):
    def test_eurosat_rgb(self):
        name = "data/eurosat-rgb-10k.tar"
        harness.need_shared(name)
        with tarfile.open(harness.SHARED / name) as tar:
            files = {}
            for member in tar:
                if member.isfile():
                    path = pathlib.PurePath(member.name)
                    files[path.stem] = path.parent.name, tar.extractfile(member).read()
        self.assertEqual(len(files), 10_000)
        self.check(harness.SHARED / name, files, lambda content: by_pillow(io.BytesIO(content)))

    def test_eurosat_multispectral(self):
        harness.need_shared("data/eurosat-ms")
        files = listed(harness.SHARED / "data/eurosat-ms")
        self.assertEqual(len(files), 200)
        layout, _ = self.check(harness.SHARED / "data/eurosat-ms", files)
        self.assertEqual(len(layout["arrays"][0]["bands"]), 13)


harness.main()
