"""Damaged and foreign archives: eoshard-pack names the member, or skips and lists it."""
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.bigearthnet import make, pack, tar, write_lists  # noqa: E402

PATCHES = 12


class BadArchives(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.patches = make(cls.root / "in", 1, PATCHES)
        cls.tree = cls.root / "in/BigEarthNet-v1.0"
        cls.lists = write_lists(cls.root, cls.patches)

    def pack(self, *arguments, out="out", **settings):
        return pack(self.folder / out, "bigearthnet-v1", *arguments, **settings)

    def copy_of_tree(self):
        return pathlib.Path(shutil.copytree(self.tree, self.folder / "BigEarthNet-v1.0"))

    def first(self, split="train"):
        return next(patch["patch_id"] for patch in self.patches if patch["split"] == split)

    def error_of(self, *arguments):
        result = self.pack(*arguments, check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        lines = harness.errors(result)
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertFalse((self.folder / "out/dataset.json").exists())
        return lines[0]

    def test_damaged_members_are_named_or_skipped(self):
        name = self.first()
        damages = {
            "truncated": lambda folder: (folder / f"{name}_B05.tif").write_bytes((folder / f"{name}_B05.tif").read_bytes()[:4000]),
            "missing": lambda folder: (folder / f"{name}_B05.tif").unlink(),
            "shape": lambda folder: shutil.copy(folder / f"{name}_B01.tif", folder / f"{name}_B05.tif"),
            "no labels": lambda folder: (folder / f"{name}_labels_metadata.json").write_text('{"coordinates": {}}'),
            "no JSON": lambda folder: (folder / f"{name}_labels_metadata.json").write_text("{"),
            "label": lambda folder: (folder / f"{name}_labels_metadata.json").write_text(
                (folder / f"{name}_labels_metadata.json").read_text().replace('"labels":["', '"labels":["Moon", "')),
        }
        for index, (damage, spoil) in enumerate(damages.items()):
            with self.subTest(damage=damage):
                tree = self.copy_of_tree()
                spoil(tree / name)
                source = tree if damage == "truncated" or index % 2 else tar(tree, self.folder / "bad.tar")
                message = self.error_of("--split", self.lists, source)
                self.assertIn("Moon" if damage == "label" else f"{name}_", message)
                self.assertIn(name, message)
                self.pack("--split", self.lists, "--skip-bad", "--overwrite", source)
                manifest = harness.manifest(self.folder / "out")
                self.assertEqual([bad["member"] for bad in manifest["bad_members"]], [name])
                self.assertEqual(manifest["rejected"]["bad_member"], 1)
                self.assertEqual(sum(split["samples"] for split in manifest["splits"].values()), PATCHES - 1)
                shutil.rmtree(self.folder / "out")
                shutil.rmtree(tree)

    def test_cut_tars(self):
        for name, compression in (("cut.tar", []), ("cut.tar.gz", ["-z"]), ("cut.tar.zst", ["--zstd"])):
            with self.subTest(name=name):
                path = tar(self.tree, self.folder / name, *compression)
                path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
                message = self.error_of("--split", self.lists, path)
                self.assertIn("damaged or cut at", message)
                self.assertIn("S2A_MSIL2A_20170601T101031_", message)
                self.pack("--split", self.lists, "--skip-bad", "--overwrite", path)
                manifest = harness.manifest(self.folder / "out")
                self.assertIn(name, [bad["member"] for bad in manifest["bad_members"]])
                self.assertGreater(sum(split["samples"] for split in manifest["splits"].values()), PATCHES // 4)
                shutil.rmtree(self.folder / "out")

    def test_a_patch_in_two_lists(self):
        double = self.folder / "double.csv"
        double.write_text(self.first("train") + "\n")
        train = self.lists.removeprefix("lists:").split(",")[0]
        message = self.error_of("--split", f"lists:{train},{double},", self.tree)
        self.assertIn(f"{self.first('train')} is in the lists of two splits: train and validation", message)
        self.pack("--split", f"lists:{train},{double},", "--skip-bad", "--overwrite", self.tree)
        manifest = harness.manifest(self.folder / "out")
        self.assertEqual([bad["member"] for bad in manifest["bad_members"]], [self.first("train")])
        self.assertIn("in the lists of two splits", manifest["bad_members"][0]["reason"])
        self.assertEqual(manifest["rejected"]["bad_member"], 1)

    def test_misuse(self):
        for arguments, words in [((self.tree,), "no patch has a split"),
                                 (("--split", "random:70/15/15", self.tree), "same ground"),
                                 (("--split", "rings", self.tree), "--split 'rings': bigearthnet-v1 is split by lists:"),
                                 (("--split", "lists:a,b", self.tree), "--split 'lists:a,b': bigearthnet-v1 is split by lists:"),
                                 (("--split", self.lists, "--unlisted", "nowhere", self.tree), "--unlisted 'nowhere'"),
                                 (("--split", self.lists, "--bands", "B10", self.tree), "no band 'B10'; it has B01, B02"),
                                 (("--split", self.lists, "--no-native", self.tree), "--no-native"),
                                 (("--split", self.lists, "--metadata", "x.parquet", self.tree), "--metadata goes with bigearthnet-v2"),
                                 (("--split", self.lists, "--reference-maps", self.tree, self.tree), "--reference-maps goes"),
                                 (("--split", self.lists, "--resize", "64", self.tree), "--resize goes with images")]:
            result = self.pack(*arguments, check=False)
            self.assertEqual(result.returncode, 2, f"{arguments}: {result.stderr}")
            self.assertIn(words, result.stderr)
        self.assertFalse((self.folder / "out").exists())
        result = harness.run("eoshard-pack", "landsat", "--out", self.folder / "out", self.tree, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("bigearthnet-v1, bigearthnet-v2", result.stderr)

    def test_unknown_layouts_say_what_was_looked_for(self):
        (self.folder / "other/inner").mkdir(parents=True)
        for source in (self.folder / "other", tar(self.folder / "other", self.folder / "other.tar")):
            message = self.error_of("--split", self.lists, source)
            self.assertIn("looked for S2A_MSIL2A_20170613T101031_87_48/", message)
            self.assertIn("found", message)
            self.assertFalse((self.folder / "out").exists())

    def test_what_is_refused_leaves_everything_as_it_was(self):
        self.pack("--split", self.lists, self.tree)
        before = harness.files_below(self.folder / "out")
        (self.folder / "other").mkdir()
        for arguments in ((self.folder / "other",), ("--bands", "B10", self.tree)):
            refused = self.pack("--split", self.lists, "--overwrite", *arguments, check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertEqual(harness.files_below(self.folder / "out"), before)

    def test_a_first_sample_that_is_damaged_leaves_no_run(self):
        tree = self.copy_of_tree()
        for patch in tree.iterdir():
            (patch / f"{patch.name}_B05.tif").unlink()
        self.error_of("--split", self.lists, tree)
        self.assertEqual(list((self.folder / "out").iterdir()), [])

    def test_a_patch_twice_in_a_tar(self):
        path = tar(self.tree, self.folder / "twice.tar")
        name = self.first()
        subprocess.run(["tar", "-C", self.tree.parent, "-rf", path, f"{self.tree.name}/{name}"], check=True)
        self.assertIn(f"{name} is in the archive twice", self.error_of("--split", self.lists, path))


harness.main()
