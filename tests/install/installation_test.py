"""What `cmake --install` puts below a prefix works from there, wherever the prefix is moved to."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

BUILD = harness.BIN.parent
CONSUMER = pathlib.Path(__file__).parent / "consumer"
# Nothing of the surroundings may help a program to find what it needs.
BARE = {name: value for name, value in os.environ.items() if name.startswith(("OMPI_", "TMPDIR"))} | {"PATH": "/usr/bin:/bin"}


def call(*command, **options):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, **options)
    if result.returncode:
        raise AssertionError(f"{command} exited with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def long_options(help_text):
    """Long names that --help declares, at the beginning of a line."""
    return set(re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)", help_text, flags=re.M))


class Installation(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        call("cmake", "--install", BUILD, "--prefix", cls.root / "first place")
        cls.prefix = (cls.root / "first place").rename(cls.root / "moved")
        cls.programs = sorted(path.name for path in (cls.prefix / "bin").iterdir())

    def program(self, name, *arguments):
        return call(self.prefix / "bin" / name, *arguments, cwd="/", env=BARE)

    def test_programs_run_from_the_moved_prefix(self):
        products = self.root / "in"
        self.program("eoshard-synth", "--out", products, "--products", 1, "--size", 1200)
        self.program("eoshard-ingest", "--labels", products / "clc.tif", "--format", "zarr,hdf5", "--out", self.root / "mydata",
                     *products.glob("*.SAFE"))
        self.assertIn("all are whole", self.program("eoshard-info", self.root / "mydata", "--verify"))
        self.the_consumer_reads(self.root / "mydata")

    def the_consumer_reads(self, dataset):
        build = self.root / "consumer"
        call("cmake", "-S", CONSUMER, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DHEADERS={self.prefix}/include/eoshard",
             "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror", "-G", "Ninja")
        call("cmake", "--build", build)
        array = zarr.open_array(dataset / "train.zarr/data_20m", mode="r")[:]
        self.assertEqual(int(call(build / "read_zarr", dataset, "train", "data_20m")), int(array.sum(dtype="u8")))
        byte_sum = int(array.view("u1").sum(dtype="u8"))
        self.assertEqual(int(call(build / "read_any", dataset, "train", "data_20m")), byte_sum)

    def test_the_page_shows_this_consumer(self):
        page = (harness.SOURCE / "docs/installation.md").read_text()
        self.assertIn((CONSUMER / "read_zarr.cpp").read_text(), page)
        [lists] = re.findall(r"^```cmake\n(.*?)^```", page, flags=re.M | re.S)
        for line in lists.splitlines():
            self.assertIn(line + "\n", (CONSUMER / "CMakeLists.txt").read_text())

    def test_no_library_is_looked_for_in_the_source_or_build_folder(self):
        for name in self.programs:
            dynamic = call("readelf", "-d", self.prefix / "bin" / name)
            paths = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", dynamic)
            self.assertTrue(paths and paths[0].startswith("$ORIGIN/"), dynamic)
            self.assertNotIn(str(harness.SOURCE), paths[0])
            self.assertNotIn("not found", call("ldd", self.prefix / "bin" / name, env=BARE))

    def test_every_option_is_in_man_page_and_completion(self):
        for name in self.programs:
            options = long_options(self.program(name, "--help"))
            self.assertGreater(len(options), 5)
            man = (self.prefix / f"share/man/man1/{name}.1").read_text().replace("\\-", "-")
            bash = (self.prefix / f"share/bash-completion/completions/{name}").read_text()
            zsh = (self.prefix / f"share/zsh/site-functions/_{name}").read_text()
            for option in options:
                self.assertRegex(man, rf"\\fB{option}\\fR", name)
                self.assertRegex(bash, rf"[ ']{option}[ ']", name)
                self.assertRegex(zsh, rf"\){option}=?\[|\*{option}=?\[", name)

    def test_man_finds_nothing_to_warn_of(self):
        if not shutil.which("man"):
            self.skipTest("man is not installed")
        for name in self.programs:
            result = subprocess.run(["man", "--warnings", "-l", self.prefix / f"share/man/man1/{name}.1"], capture_output=True, text=True,
                                    env={**BARE, "LC_ALL": "C.UTF-8", "MANWIDTH": "100"})
            self.assertEqual(result.stderr, "")
            self.assertIn("EXIT STATUS", result.stdout)

    def complete(self, *words):
        """What bash offers for the last word, as its completion finds the words."""
        script = self.prefix / f"share/bash-completion/completions/{words[0]}"
        quoted = " ".join(f"'{word}'" for word in words)
        ask = (f"source '{script}'; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
               f"$(complete -p {words[0]} | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        return call("bash", "--norc", "-c", ask).split()

    def test_bash_completes(self):
        self.assertEqual(self.complete("eoshard-info", "--ver"), ["--version", "--verbose", "--verify"])
        self.assertEqual(self.complete("eoshard-info", "--progress", "a"), ["auto", "always"])
        self.assertEqual(self.complete("eoshard-ingest", "--upsample", "=", "bi"), ["bilinear", "bicubic"])
        self.assertEqual(self.complete("eoshard-ingest", "--upsample", "="), ["nearest", "bilinear", "bicubic"])
        self.assertEqual(self.complete("eoshard-info", "--report", "-"), [])
        self.assertEqual(self.complete("eoshard-info", "my"), [])  # bash's own names of files follow

    def test_zsh_reads_its_completion(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        for name in self.programs:
            call("zsh", "-n", self.prefix / f"share/zsh/site-functions/_{name}")

    def test_only_known_kinds_of_interface_are_printed(self):
        result = subprocess.run([self.prefix / "bin/eoshard-info", "--print-interface", "fish"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 2)
        self.assertIn("bash, zsh, man and json", result.stderr)


harness.main()
