"""Small files under the names that the pages' commands use; each is made once and linked or copied where a page wants it."""
import bz2
import functools
import pathlib
import shutil

import pyarrow
import pyarrow.parquet

from tests.support import bigearthnet, harness, image_folders, sat_files


class DocFiles:
    """`lay(name, folder)` puts the file or folder of that name into the folder of a page."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def lay(self, name, folder):
        made = getattr(self, "make_" + name.replace("-", "_").replace(".", "_"))()
        for path in made if isinstance(made, list) else [made]:
            if path.is_dir():
                shutil.copytree(path, folder / path.name)
            else:
                shutil.copy(path, folder / path.name)

    @functools.cache
    def make_products(self):
        """Of four eras, 25 patches each."""
        folder = self.root / "products"
        harness.synthesise(folder, "--products", 4, "--size", 600, "--seed", 3, "--baseline", "02.06,02.14,04.00,05.11")
        return folder

    def make_clc_tif(self):
        return self.make_products() / "clc.tif"

    @functools.cache
    def make_mydata(self):
        folder = self.root / "mydata"
        harness.run("eoshard-ingest", "--labels", self.make_clc_tif(), "--format", "zarr,hdf5", "--out", folder,
                    *sorted(self.make_products().glob("*.SAFE")))
        return folder

    @functools.cache
    def make_run1(self):
        folder = self.root / "run1"
        harness.run("eoshard-train", "--data", self.make_mydata(), "--out", folder, "--batch-size", 8, "--max-steps", 2)
        return folder

    @functools.cache
    def make_metadata_parquet(self):
        """BigEarthNet v2's table, with its patches and maps in tars beside it."""
        folder = self.root / "v2"
        patches = bigearthnet.make(folder, 2, 8)
        table = pyarrow.table({"patch_id": [patch["patch_id"] for patch in patches],
                               "labels": [patch["labels"].split(";") for patch in patches],
                               "split": [patch["split"] for patch in patches],
                               "country": ["Austria"] * len(patches)})
        pyarrow.parquet.write_table(table, folder / "metadata.parquet")
        return folder / "metadata.parquet"

    def make_bigearthnet_v2(self):
        folder = self.make_metadata_parquet().parent
        return [bigearthnet.tar(folder / name, folder / f"{name}.tar.zst", "--zstd")
                for name in ("BigEarthNet-S2", "Reference_Maps")]

    def make_bigearthnet_v1(self):
        """Its tar and the five lists, as published but for their contents."""
        folder = self.root / "v1"
        patches = bigearthnet.make(folder, 1, 8)
        lists = {"patches_with_seasonal_snow": [], "patches_with_cloud_and_shadow": patches[-1:]}
        for name, split in {"train": "train", "val": "validation", "test": "test"}.items():
            lists[name] = [patch for patch in patches[:-1] if patch["split"] == split]
        paths = [folder / f"{name}.csv.bz2" for name in lists]
        for path, listed in zip(paths, lists.values()):
            path.write_bytes(bz2.compress(b"".join(patch["patch_id"].encode() + b"\r\n" for patch in listed)))
        return [*paths, bigearthnet.tar(folder / "BigEarthNet-v1.0", folder / "BigEarthNet-S2-v1.0.tar.gz", "-z")]

    def make_sat6(self):
        path = self.root / "sat-6-full.mat"
        sat_files.write_mat(path, sat_files.make(6, 20, 5), 6)
        return path

    def make_images(self):
        """EuroSAT's two zips and the UC Merced one, with a few pictures each."""
        archives = []
        for name, ending, options in (("EuroSAT_RGB", ".jpg", {}), ("EuroSAT_MS", ".tif", {"bands": 13, "bits": 16}),
                                      ("UCMerced_LandUse", ".tif", {})):
            folder = image_folders.make(self.root / "images" / name, ending=ending, **options)
            archives.append(image_folders.pack(folder, self.root / "images" / f"{name}.zip"))
        return archives
