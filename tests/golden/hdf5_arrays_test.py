"""HDF5 of every kind of array (upsampled bands, scene classification, label maps) and of datasets without labels: h5py
and xarray read what zarr-python reads of the same dataset."""
import pathlib
import sys

import h5py
import hdf5plugin  # noqa: F401 (registers the zstd filter)
import numpy as np
import xarray
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import GROUPS, SPLITS  # noqa: E402

ALL_BANDS = "B01,B02,B03,B04,B05,B06,B07,B08,B8A,B09,B11,B12,SCL"
EVERYTHING = ["--bands", ALL_BANDS, "--upsample", "bilinear", "--label-map"]
ARRAYS = {"data_super": ("uint16", (12, 120, 120)), "data_10m": ("uint16", (4, 120, 120)), "data_20m": ("uint16", (6, 60, 60)),
          "data_60m": ("uint16", (2, 20, 20)), "scl": ("uint8", (60, 60)), "label_map": ("uint16", (120, 120)),
          "classes": ("uint8", (19,)), "patch_id": ("uint8", (64,))}
LAYOUTS = {"shards": [], "single": ["--hdf5-layout", "single"], "plain": ["--hdf5-compression", "none"]}


def opened_with_xarray(path):
    return xarray.open_dataset(path, engine="h5netcdf", phony_dims="sort", mask_and_scale=False)


class Hdf5Arrays(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 720)

    def ingest(self, *options, labels=None):
        out = self.folder / "out"
        harness.run("eoshard-ingest", "--labels", labels or self.root / "in/clc.tif", "--threads", 1, "--overwrite",
                    "--format", "zarr,hdf5", "--out", out, *options, *self.products, ranks=2)
        harness.run("eoshard-info", out, "--verify")
        return out

    def compare(self, dataset, expected_arrays):
        """Every array of every split; returns the HDF5 files."""
        files = []
        for split in SPLITS:
            group = zarr.open_group(dataset / f"{split}.zarr", mode="r")
            self.assertEqual(set(group), set(expected_arrays))
            single = dataset / f"{split}.h5"
            files.append(single if single.exists() else dataset / split / "00000.h5")
            with h5py.File(files[-1]) as file, opened_with_xarray(files[-1]) as table:
                self.assertEqual(set(file), set(expected_arrays))
                for name in expected_arrays:
                    expected = group[name][:]
                    self.assertGreater(len(expected), 0)
                    for values in (file[name][:], table[name].values):
                        self.assertEqual(values.dtype, expected.dtype)
                        np.testing.assert_array_equal(values, expected, err_msg=f"{split} {name}")
        return files

    def test_every_array(self):
        for layout, options in LAYOUTS.items():
            with self.subTest(layout):
                for path in self.compare(self.ingest(*EVERYTHING, *options), ARRAYS):
                    with h5py.File(path) as file:
                        for name, (dtype, shape) in ARRAYS.items():
                            self.assertEqual((file[name].dtype, file[name].shape[1:]), (dtype, shape))
                        self.assertEqual(list(file["data_super"].attrs["bands"]), ALL_BANDS.split(",")[:-1])
                        self.assertEqual(list(file["scl"].attrs["bands"]), ["SCL"])
                        self.assertEqual(file["scl"].attrs["resolution_m"], 20)
                        self.assertEqual([axis.label for axis in file["label_map"].dims][0], "sample")

    def test_without_labels(self):
        for layout, options in LAYOUTS.items():
            with self.subTest(layout):
                out = self.ingest(*options, labels="none")
                self.compare(out, {*GROUPS, "patch_id"})
                self.assertEqual(harness.manifest(out)["classes"], [])


harness.main()
