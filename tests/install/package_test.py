"""The packages that cpack makes: their contents, and that a clean Debian tree installs and runs them."""
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

BUILD = harness.BIN.parent
CONSUMER = pathlib.Path(__file__).parent / "consumer"
MIRROR = os.environ.get("EOSHARD_DEBIAN_MIRROR", "").split()  # else debootstrap's own


def call(*command, timeout=900, **options):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="backslashreplace", timeout=timeout, **options)
    if result.returncode:
        raise AssertionError(f"{command} exited with {result.returncode}:\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return result.stdout


class Packages(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("dpkg-shlibdeps"):
            raise unittest.SkipTest("needs dpkg-shlibdeps (Debian: dpkg-dev)")
        call("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", cls.root / "packages", cwd=cls.root)
        [cls.programs] = (cls.root / "packages").glob("eoshard_*.deb")
        [cls.library] = (cls.root / "packages").glob("libeoshard-dev_*.deb")
        [cls.archive] = (cls.root / "packages").glob("*.tar.gz")

    def test_the_package_depends_on_what_its_programs_load(self):
        depends = call("dpkg-deb", "--field", self.programs, "Depends")
        for library in ("libgdal", "libopenmpi", "libarchive", "libtbb", "libhdf5-openmpi", "libzstd", "libisal", "libtiff"):
            self.assertRegex(depends, rf"\b{library}")
        files = call("dpkg-deb", "--contents", self.programs)
        for part in ("./usr/bin/eoshard-ingest\n", "./usr/share/man/man1/eoshard-ingest.1", "./usr/share/eoshard/slurm/ingest.sh\n"):
            self.assertIn(part, files)
        self.assertIn("./usr/share/doc/eoshard/copyright\n", files)
        files = "".join(line for line in files.splitlines(keepends=True) if "/doc/eoshard/" not in line)
        for part in ("eoshard-train", "slurm/train.sh", "slurm/search.sh", "slurm/evaluate.sh", "recipes", "torch"):
            self.assertNotIn(part, files)

    def test_the_archive_runs_where_it_is_unpacked(self):
        call("tar", "-xf", self.archive, "-C", self.folder)
        [unpacked] = self.folder.iterdir()
        self.assertIn("eoshard-ingest", call(unpacked / "bin/eoshard-ingest", "--version", env={"PATH": "/usr/bin:/bin"}, cwd="/"))
        self.assertTrue((unpacked / "lib/cmake/eoshard/eoshardConfig.cmake").exists())
        self.assertFalse((unpacked / "bin/eoshard-train").exists())

    def in_tree(self, script):
        """Runs a script in the Debian tree, with its own /proc and /sys, and nothing of this environment."""
        enter = (f"mount -t proc proc '{self.tree}/proc' && mount -t sysfs sysfs '{self.tree}/sys' && exec chroot '{self.tree}' "
                 "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive OMPI_ALLOW_RUN_AS_ROOT=1 "
                 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 sh -e -c "$0"')
        return call("unshare", "--mount", "sh", "-c", enter, script)

    def test_a_clean_debian_installs_and_runs_it(self):
        if os.geteuid() != 0 or not shutil.which("debootstrap"):
            self.skipTest("needs root and debootstrap (apt-get install debootstrap)")
        self.tree = self.folder / "tree"
        suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
        call("debootstrap", "--variant=minbase", suite, self.tree, *MIRROR)
        for package in (self.programs, self.library):
            shutil.copy(package, self.tree / "root")
        shutil.copytree(CONSUMER, self.tree / "root/consumer")
        self.in_tree("apt-get update -qq; apt-get install -y -qq --no-install-recommends /root/eoshard_*.deb")
        output = self.in_tree("cd /root; eoshard-synth --out in --products 1 --size 1200; eoshard-ingest --labels in/clc.tif "
                              "--format zarr,hdf5 --out one in/*.SAFE; eoshard-info one --verify")
        self.assertIn("all are whole", output)
        self.in_tree("apt-get install -y -qq --no-install-recommends openmpi-bin; cd /root; mpirun --oversubscribe -n 2 eoshard-ingest "
                     "--labels in/clc.tif --format zarr,hdf5 --out two in/*.SAFE; diff -r one two -x dataset.json")
        self.in_tree("apt-get install -y -qq --no-install-recommends /root/libeoshard-dev_*.deb libhdf5-openmpi-dev libopenmpi-dev "
                     "g++ make cmake; cd /root; cmake -S consumer -B build -DHEADERS=/usr/include/eoshard; cmake --build build")
        sums = self.in_tree("cd /root; build/read_any one train data_20m; build/read_zarr one train data_20m").split()
        self.assertEqual(len(sums), 2)
        self.assertGreater(int(sums[1]), int(sums[0]))


harness.main()
