"""eoshard-pack of image folders, tars and zips: values, splits, ranks, restart and images that do not fit."""
import io
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile

import numpy as np
import rasterio
import zarr
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness, image_folders  # noqa: E402

KILL = harness.BIN.parent / "tests" / "libkill_at_call.so"
CLASSES = ["forest", "river", "sea lake"]
EUROSAT_MS = [f"B{number:02}" for number in range(1, 13)] + ["B8A"]


def by_pillow(content):
    return np.asarray(Image.open(content)).transpose(2, 0, 1)


def by_rasterio(path):
    with rasterio.open(path) as file:
        return file.read()


class Images(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.images = image_folders.make(cls.root / "in" / "images", CLASSES, count=30)
        cls.whole = cls.root / "whole"
        harness.run("eoshard-pack", "images", "--format", "zarr,hdf5", "--out", cls.whole, cls.images)
        cls.expected = harness.files_below(cls.whole)

    def pack(self, *arguments, out="out", **settings):
        return harness.run("eoshard-pack", "images", *arguments, "--out", self.folder / out, **settings)

    def error_of(self, *arguments, status=1, **settings):
        result = self.pack(*arguments, "--overwrite", check=False, **settings)
        self.assertEqual((result.returncode, len(harness.errors(result))), (status, 1), result.stderr)
        self.assertFalse((self.folder / "out/dataset.json").exists())
        return harness.errors(result)[0]

    def copy(self):
        return pathlib.Path(shutil.copytree(self.images, self.folder / "images"))

    def check_values(self, dataset, read):
        """`read(patch id, class)` gives what other software reads. Returns the rows of samples.csv."""
        classes, rows = harness.manifest(dataset)["classes"], harness.rows(dataset / "samples.csv")
        groups = {split: zarr.open_group(dataset / f"{split}.zarr", mode="r") for split in harness.SPLITS}
        arrays = {split: (group["data"][:], group["classes"][:]) for split, group in groups.items()}
        for row in rows:
            data, one_hot = arrays[row["split"]]
            np.testing.assert_array_equal(data[int(row["index"])], read(row["patch_id"], row["labels"]), row["patch_id"])
            self.assertEqual([classes[index] for index in np.flatnonzero(one_hot[int(row["index"])])], [row["labels"]])
        return rows

    def test_values_are_those_of_pillow(self):
        rows = self.check_values(self.whole, lambda key, name: by_pillow(self.images / name / f"{key}.jpg"))
        self.assertEqual(sorted(row["patch_id"] for row in rows), sorted(file.stem for file in self.images.glob("*/*.jpg")))
        self.assertTrue(all(row["patch_id"].startswith(row["labels"]) for row in rows))

    def test_manifest(self):
        manifest = harness.manifest(self.whole)
        self.assertEqual((manifest["task"], manifest["classes"]), ("single-label", CLASSES))
        self.assertEqual([(array["name"], array["bands"], array["sample_shape"], array["dtype"]) for array in manifest["arrays"]],
                         [("data", ["R", "G", "B"], [3, 16, 16], "uint8")])
        samples = [split["samples"] for split in manifest["splits"].values()]
        self.assertEqual(sum(samples), 90)
        self.assertGreater(min(samples), 0)

    def test_archives_and_any_ranks_give_the_same_bytes(self):
        folder = self.images.parent
        for ending, ranks in ((None, 3), (".tar", 2), (".tar.gz", 0), (".zip", 3), (".rar", 0)):
            source = image_folders.pack(folder, self.folder / f"images{ending}") if ending else folder
            self.pack("--format", "zarr,hdf5", source, out=f"{ending}.out", ranks=ranks)
            self.assertEqual(harness.files_below(self.folder / f"{ending}.out"), self.expected, ending)

    def test_lists_name_images_with_or_without_folder_and_ending(self):
        lists = []
        for split, names in zip(harness.SPLITS, (["forest/forest_1.jpg", "river_2.tif"], ["sea lake_7"], ["forest_0.jpg"])):
            path = self.folder / f"{split}.txt"
            path.write_text("".join(name + "\n" for name in names))
            lists.append(str(path))
        self.pack("--split", "lists:" + ",".join(lists), self.images)
        rows = harness.rows(self.folder / "out/samples.csv")
        self.assertEqual({row["patch_id"]: row["split"] for row in rows},
                         {"forest_1": "train", "river_2": "train", "sea lake_7": "validation", "forest_0": "test"})
        self.assertEqual(harness.manifest(self.folder / "out")["rejected"]["unlisted"], 86)

    def test_folders_of_splits_are_taken_as_they_are(self):
        for split, (folder, first) in {"train": ("train", 0), "validation": ("val", 6), "test": ("test", 8)}.items():
            for file in self.images.glob("*/*.jpg"):
                number = int(file.stem.rpartition("_")[2])
                if first <= number < {0: 6, 6: 8, 8: 9}[first]:
                    place = self.folder / "images" / folder / file.parent.name
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, place)
        for source in (self.folder / "images", image_folders.pack(self.folder / "images", self.folder / "images.zip")):
            self.pack(source, out=source.name + ".out")
            splits = harness.manifest(self.folder / (source.name + ".out"))["splits"]
            self.assertEqual([splits[name]["samples"] for name in harness.SPLITS], [18, 6, 3])

    def test_killed_runs_go_on(self):
        for source in (self.images, image_folders.pack(self.images, self.folder / "images.tar")):
            calls = self.folder / f"calls-{source.name}.txt"
            preload = {"LD_PRELOAD": str(KILL), "EOSHARD_KILL_UNDER": str(self.folder / "out")}
            command = ["--format", "zarr,hdf5", "--threads", 1, source]
            self.pack(*command, env={**preload, "EOSHARD_KILL_COUNT": str(calls)})
            total = len(calls.read_text().split())
            for call in (2, total // 2):
                shutil.rmtree(self.folder / "out")
                killed = self.pack(*command, check=False, env={**preload, "EOSHARD_KILL_AT": str(call)})
                self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
                self.pack(*command)
                self.assertEqual(harness.files_below(self.folder / "out"), self.expected, f"{source.name}, call {call}")
            shutil.rmtree(self.folder / "out")

    def test_mixed_sizes(self):
        images = self.copy()
        odd = images / "river" / "river_4.jpg"
        image_folders.write(odd, image_folders.pixels(np.random.default_rng(1), 0, 3, 8, shape=(20, 31)))
        for source in (images, image_folders.pack(images, self.folder / "images.tar")):
            self.assertIn("river/river_4.jpg has 31 x 20 pixels of 3 bands of 8 bits, but the first image has 16 x 16",
                          self.error_of(source))
        self.pack("--resize", 24, "--overwrite", images)
        self.assertEqual(harness.manifest(self.folder / "out")["arrays"][0]["sample_shape"], [3, 24, 24])
        self.pack("--skip-bad", "--overwrite", images)
        manifest = harness.manifest(self.folder / "out")
        self.assertEqual([member["member"] for member in manifest["bad_members"]], ["river_4"])
        self.assertEqual(sum(split["samples"] for split in manifest["splits"].values()), 89)

    def test_the_first_odd_image_is_named(self):
        """In the order of the dataset, or of a compressed archive: whatever rank has it, and however late."""
        images, draw = self.folder / "images", np.random.default_rng(1)
        for split, odd in (("train", 14), ("val", 9), ("test", 1)):
            for number in range(16):
                shape = (16, 15) if number >= odd else (16, 16)
                image_folders.write(images / split / "river" / f"{split}_{number:02}.png",
                                    image_folders.pixels(draw, 0, 3, 8, shape=shape))
        archive, plain = self.folder / "images.tar.gz", self.folder / "images.tar"
        names = [f"{split}/river/{split}_{number:02}.png" for number in range(16) for split in ("train", "val", "test")]
        for path, compression in ((archive, ["-z"]), (plain, [])):
            subprocess.run(["tar", *compression, "-cf", path, "-C", images, *names], check=True)
        for ranks in (0, 3):
            self.assertIn("train/river/train_14.png has 15 x 16 pixels", self.error_of(images, ranks=ranks))
            self.assertIn("train/river/train_14.png has 15 x 16 pixels", self.error_of(plain, ranks=ranks))
            self.assertIn("test/river/test_01.png has 15 x 16 pixels", self.error_of(archive, ranks=ranks))

    def test_images_behind_a_skipped_one_move_up(self):
        """More than a shard of them, so that the second shard's first image goes into the first shard."""
        field, draw = self.folder / "images/train/field", np.random.default_rng(1)
        field.mkdir(parents=True)
        for number in range(1030):
            image_folders.write(field / f"field_{number:04}.png", image_folders.pixels(draw, 4, 1, 8))
        self.pack(self.folder / "images", out="all")
        damaged = field / "field_0007.png"
        content = damaged.read_bytes()
        damaged.unlink()
        self.pack(self.folder / "images", out="fewer")
        expected = harness.files_below(self.folder / "fewer/train.zarr")
        self.assertNotEqual(harness.files_below(self.folder / "all/train.zarr"), expected)
        damaged.write_bytes(content[:-30])
        for ranks in (0, 2):
            self.pack("--skip-bad", self.folder / "images", out=f"ranks{ranks}", ranks=ranks)
            self.assertEqual(harness.files_below(self.folder / f"ranks{ranks}/train.zarr"), expected)

    def test_damage(self):
        images = self.copy()
        (images / "forest" / "forest_9.jpg").write_bytes((images / "forest" / "forest_9.jpg").read_bytes()[:-100])
        self.assertIn("forest/forest_9.jpg", self.error_of(images))
        archive = image_folders.pack(self.images, self.folder / "images.tar")
        archive.write_bytes(archive.read_bytes()[:archive.stat().st_size // 2])
        self.assertIn("images.tar: the archive is damaged or cut at", self.error_of(archive))
        self.pack("--skip-bad", "--overwrite", archive)
        manifest = harness.manifest(self.folder / "out")
        self.assertEqual(manifest["rejected"]["bad_member"], 1)
        self.assertGreater(sum(split["samples"] for split in manifest["splits"].values()), 30)

    def test_what_is_no_image_dataset(self):
        self.assertIn("forest_0.jpg lies in no folder; looked for one folder a class", self.error_of(self.images / "forest"))
        (self.folder / "empty").mkdir()
        self.assertIn("empty: found 0 files, but no image", self.error_of(self.folder / "empty"))
        self.assertIn("--band-names gives 2 names", self.error_of("--band-names", "A,B", self.images, status=2))

    def test_eurosat_rgb(self):
        name = "data/eurosat-rgb-10k.tar"
        harness.need_shared(name)
        self.pack(harness.SHARED / name)
        with tarfile.open(harness.SHARED / name) as tar:
            files = {pathlib.PurePath(member.name).stem: tar.extractfile(member).read() for member in tar if member.isfile()}
        rows = self.check_values(self.folder / "out", lambda key, _: by_pillow(io.BytesIO(files[key])))
        self.assertEqual(len(rows), 10_000)

    def test_eurosat_multispectral(self):
        harness.need_shared("data/eurosat-ms")
        folder = harness.SHARED / "data/eurosat-ms"
        self.pack("--band-names", ",".join(EUROSAT_MS), folder)
        rows = self.check_values(self.folder / "out", lambda key, name: by_rasterio(folder / name / f"{key}.tif"))
        self.assertEqual(len(rows), 200)
        statistics = harness.manifest(self.folder / "out")["splits"]["train"]["statistics"]
        self.assertEqual(sorted(statistics), sorted(EUROSAT_MS))
        values = zarr.open_group(self.folder / "out/train.zarr", mode="r")["data"][:]
        self.assertEqual(int(statistics["B8A"]["sum"]), int(values[:, 12].sum(dtype=np.uint64)))
        self.pack("--band-names", ",".join(EUROSAT_MS), "--bands", "B08,B04,B8A", folder, out="some")
        array = harness.manifest(self.folder / "some")["arrays"][0]
        found = zarr.open_group(self.folder / "some/train.zarr", mode="r")["data"][:]
        np.testing.assert_array_equal(found, values[:, [EUROSAT_MS.index(band) for band in array["bands"]]])


harness.main()
