"""What the tests of eoshard-pack share: synthetic trees of BigEarthNet, lists, tars."""
import subprocess

import rasterio

from tests.support import harness

MAKE = harness.BIN.parent / "tests" / "make_bigearthnet"


def make(out, version, patches):
    """Makes a tree; returns a row a patch, with patch_id, labels and split."""
    subprocess.run([MAKE, out, "--version", str(version), "--patches", str(patches)], check=True)
    return harness.rows(out / "patches.csv")


def write_lists(folder, patches):
    """The official lists' form: a name a line, CRLF. Returns the --split option."""
    names = []
    for split in harness.SPLITS:
        path = folder / f"{split}.csv"
        path.write_bytes(b"".join(patch["patch_id"].encode() + b"\r\n" for patch in patches if patch["split"] == split))
        names.append(str(path))
    return "lists:" + ",".join(names)


def tar(source, path, *options):
    """Packs a folder, in the order in which the file system lists it."""
    subprocess.run(["tar", "-C", source.parent, *options, "-cf", path, source.name], check=True)
    return path


def pack(out, *arguments, **settings):
    return harness.run("eoshard-pack", *arguments, "--out", out, **settings)


def band_image(folder, patch, band):
    with rasterio.open(folder / f"{patch}_{band}.tif") as image:
        return image.read(1)
