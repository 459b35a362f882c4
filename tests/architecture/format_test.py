"""Every C++ source is as clang-format leaves it (.clang-format)."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

FOLDERS = ("libingest", "libtrain", "tools", "tests")


@unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
class Format(unittest.TestCase):
    def complaints(self, paths):
        result = subprocess.run(["clang-format", "--dry-run", f"--style=file:{harness.SOURCE}/.clang-format", *paths],
                                capture_output=True, text=True, cwd=harness.SOURCE)
        self.assertEqual(result.returncode, 0, result.stderr)
        return sorted({line.split(":")[0] for line in result.stderr.splitlines() if "[-Wclang-format-violations]" in line})

    def test_sources_are_formatted(self):
        paths = [path.relative_to(harness.SOURCE) for folder in FOLDERS for path in sorted((harness.SOURCE / folder).rglob("*"))
                 if path.suffix in {".cpp", ".hpp", ".cu"}]
        self.assertGreater(len(paths), 100)
        self.assertEqual(self.complaints(paths), [], "run clang-format -i on these")

    def test_a_violation_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a.cpp")
            path.write_text("int  a ;\n")
            self.assertEqual(len(self.complaints([path])), 1)


harness.main()
