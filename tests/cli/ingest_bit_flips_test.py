"""One flipped bit in a JPEG 2000 file: with --check-source it is found and the file named; without, the run ends by itself
with a dataset or with an error that names the product, and never crashes or hangs.

`ingest_bit_flips_test.py` makes a dozen flips; `ingest_bit_flips_test.py all` 100 anywhere in the files, and 100 where
they say how they are made up: in the first boxes and in the codestream's main header.
"""
import os
import pathlib
import random
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

WHOLE_CAMPAIGN = "all" in sys.argv
sys.argv = sys.argv[:1]
FIRST_BOXES = range(0, 80)  # signature, file type, image header
START_OF_TILE_PART = b"\xff\x90"


class BitFlips(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.good,) = harness.synthesise(cls.root / "in", "--products", 1, "--size", 480, "--cloud-percent", 0)
        cls.product = cls.root / cls.good.name
        shutil.copytree(cls.good, cls.product, copy_function=os.link)
        bands = {band for group in harness.GROUPS.values() for band in group}
        cls.images = sorted(path for path in cls.product.glob("GRANULE/*/IMG_DATA/*/*.jp2")
                            if path.stem.split("_")[-2] in bands and is_native(path)) + \
            sorted(cls.product.glob("GRANULE/*/IMG_DATA/R20m/*_SCL_20m.jp2"))
        assert len(cls.images) == 13, cls.images

    def ingest(self, *options):
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        return harness.run("eoshard-ingest", "--labels", self.root / "in/clc.tif", "--out", out, *options, self.product,
                           check=False, timeout=60)

    def flip(self, path, bit):
        data = bytearray((self.good / path.relative_to(self.product)).read_bytes())
        data[bit // 8] ^= 1 << bit % 8
        path.unlink()
        path.write_bytes(data)

    def mend(self, path):
        path.unlink()
        os.link(self.good / path.relative_to(self.product), path)

    def check(self, path, bit):
        self.flip(path, bit)
        checked = self.ingest("--check-source")
        self.assertEqual(checked.returncode, 1, checked.stderr)
        self.assertEqual(len(harness.errors(checked)), 1, checked.stderr)
        self.assertIn(path.name, harness.errors(checked)[0])
        plain = self.ingest()
        self.assertIn(plain.returncode, (0, 1), plain.stderr)
        if plain.returncode == 1:
            self.assertEqual(len(harness.errors(plain)), 1, plain.stderr)
            self.assertIn(path.name, harness.errors(plain)[0])
        self.mend(path)
        return plain.returncode

    def check_some(self, count, seed, bytes_of):
        places = random.Random(seed)
        passed = 0
        for _ in range(count):
            path = places.choice(self.images)
            bit = 8 * places.choice(bytes_of(path)) + places.randrange(8)
            with self.subTest(path=path.name, bit=bit):
                passed += self.check(path, bit) == 0
        print(f"{count} flips, {passed} of them unseen without --check-source", file=sys.stderr)

    def test_anywhere(self):
        self.check_some(100 if WHOLE_CAMPAIGN else 6, 1, lambda path: range(path.stat().st_size))

    def test_where_the_file_says_how_it_is_made_up(self):
        self.check_some(100 if WHOLE_CAMPAIGN else 6, 2, head_bytes)


def head_bytes(path):
    data = path.read_bytes()
    return [*FIRST_BOXES, *range(data.index(b"jp2c") - 4, data.index(START_OF_TILE_PART) + 12)]


def is_native(path):
    band, resolution = path.stem.split("_")[-2:]
    array = next(name for name, bands in harness.GROUPS.items() if band in bands)
    return resolution == f"{harness.RESOLUTION_M[array]}m"


harness.main()
