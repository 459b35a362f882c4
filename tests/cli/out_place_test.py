"""Places where --out cannot be: every program says in one line which, why, and what to try."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness, image_folders  # noqa: E402


class OutPlace(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product, = harness.synthesise(cls.root / "in", "--products", 1, "--size", 600)
        image_folders.make(cls.root / "images")
        (cls.root / "file").write_text("")
        (cls.root / "loop").symlink_to("loop")
        cls.places = ["/proc/x", "/dev/null/x", cls.root / "file" / "x", cls.root / "loop" / "x", cls.root / ("x" * 300)]

    def only_error(self, result):
        lines = harness.errors(result)
        self.assertEqual(len(lines), 1, result.stderr)
        return lines[0]

    def refuse(self, program, *arguments):
        for place in self.places:
            with self.subTest(program, place=str(place)[:40]):
                result = harness.run(program, *arguments, "--out", place, check=False, timeout=60)
                self.assertEqual(result.returncode, 1, result.stderr)
                line = self.only_error(result)
                for word in (f"--out {place} cannot be used: ", "; name a place that can be written"):
                    self.assertIn(word, line)
                self.assertNotIn("filesystem error", line)

    def test_ingest(self):
        self.refuse("eoshard-ingest", "--labels", self.root / "in/clc.tif", self.product)

    def test_pack(self):
        self.refuse("eoshard-pack", "images", self.root / "images")

    def test_synth(self):
        self.refuse("eoshard-synth", "--size", 120)

    def test_plan(self):
        """It writes one file, at the end."""
        for place in self.places:
            with self.subTest(place=str(place)[:40]):
                result = harness.run("eoshard-plan", self.product, "--labels", self.root / "in/clc.tif", "--ranks", 1, "--out", place,
                                     check=False, timeout=60)
                self.assertEqual(result.returncode, 1, result.stderr)
                line = self.only_error(result)
                self.assertRegex(line, f"(--out {place} cannot be used|cannot create {place}.tmp): ")

    @harness.unittest.skipUnless((harness.BIN / "eoshard-train").exists(), "a build without the trainer")
    def test_train(self):
        data = self.root / "data"
        harness.run("eoshard-ingest", "--labels", self.root / "in/clc.tif", "--out", data, self.product)
        self.refuse("eoshard-train", "--data", data, "--batch-size", 4, "--threads", 1)


harness.main()
