"""A disk that can be full: a tmpfs in a mount namespace of the test's own."""
import os
import subprocess
import sys

from tests.support import harness

NAMESPACES = (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"])
INSIDE = "--inside-a-namespace"
KIB = 1024


def mount(*options):
    subprocess.run(["mount", *map(str, options)], check=True)


class SmallDiskTest(harness.ClassFolderTest):
    """Test case with `self.disk`, of 64 MiB."""

    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", self.disk)
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(self.disk)], check=True)

    def leave_room(self, size):
        """The disk's size from now on, what lies on it included."""
        mount("-o", f"remount,size={int(size) // KIB * KIB}", self.disk)


def may_mount(namespace):
    probe = [*namespace, "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    return subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def main():
    """Runs the script's tests within a namespace; skips them where no file system may be mounted."""
    if INSIDE in sys.argv:
        sys.argv.remove(INSIDE)
        harness.main()
    for namespace in NAMESPACES:
        if may_mount(namespace):
            os.execvp(namespace[0], [*namespace, sys.executable, *sys.argv, INSIDE])
    print("skipped: no file system may be mounted here")
    sys.exit(77)
