"""What others' software reads of a dataset: zarr-python, TensorStore, xarray, h5py and GDAL, and jsonschema of its manifest."""
import json
import os
import pathlib
import struct
import subprocess
import sys

import h5py
import hdf5plugin
import jsonschema
import numpy as np
import tensorstore
import xarray
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import GROUPS, SPLITS  # noqa: E402

ARRAYS = [*GROUPS, "classes", "patch_id"]


class Readers(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # More than a shard of training samples, so that a whole and a ragged shard are read; an empty validation split.
        products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 3600, "--seed", 3)
        cls.dataset = cls.root / "out"
        harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--split", "random:85/0/15", "--format", "zarr,hdf5",
                    "--out", cls.dataset,
                    *products, ranks=2)

    def zarr_arrays(self, split):
        group = zarr.open_group(self.dataset / f"{split}.zarr", mode="r")
        return {name: group[name][:] for name in ARRAYS}

    def test_zarr_python_reads_what_the_table_says(self):
        rows = harness.rows(self.dataset / "samples.csv")
        classes = harness.manifest(self.dataset)["classes"]
        for split in SPLITS:
            arrays = self.zarr_arrays(split)
            of_split = [row for row in rows if row["split"] == split]
            self.assertEqual([int(row["index"]) for row in of_split], list(range(len(of_split))))
            self.assertEqual({len(values) for values in arrays.values()}, {len(of_split)})
            for row, bits, id_bytes in zip(of_split, arrays["classes"], arrays["patch_id"], strict=True):
                self.assertEqual(bytes(id_bytes).rstrip(b"\0").decode(), row["patch_id"])
                self.assertEqual(row["labels"].split(";"), [name for name, bit in zip(classes, bits) if bit])
            for name in GROUPS:
                self.assertEqual(arrays[name].dtype, np.uint16)
                self.assertTrue((arrays[name] > 0).all())
        self.assertGreater(len(self.zarr_arrays("train")["classes"]), 1024)
        self.assertEqual(self.zarr_arrays("validation")["data_10m"].shape, (0, 4, 120, 120))

    def test_tensorstore_reads_the_same(self):
        for split in SPLITS:
            for name, expected in self.zarr_arrays(split).items():
                spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(self.dataset / f"{split}.zarr" / name)}}
                values = tensorstore.open(spec, read=True).result().read().result()
                np.testing.assert_array_equal(values, expected, err_msg=f"{split} {name}")

    def test_xarray_reads_the_same(self):
        for split in SPLITS:
            opened = xarray.open_zarr(self.dataset / f"{split}.zarr", consolidated=False, mask_and_scale=False)
            self.assertEqual(opened["data_20m"].dims, ("sample", "band_20m", "y_20m", "x_20m"))
            for name, expected in self.zarr_arrays(split).items():
                np.testing.assert_array_equal(opened[name].values, expected, err_msg=f"{split} {name}")

    def hdf5_files(self, split):
        files = sorted((self.dataset / split).iterdir())
        self.assertEqual([file.name for file in files], [f"{shard:05}.h5" for shard in range(len(files))])
        return files

    def test_h5py_reads_the_same(self):
        manifest = harness.manifest(self.dataset)
        for split in SPLITS:
            values = {name: [] for name in ARRAYS}
            for path in self.hdf5_files(split):
                with h5py.File(path) as file:
                    self.assertEqual(set(file), set(ARRAYS))
                    for name, dataset in file.items():
                        values[name].append(dataset[:])
                    for name, bands in GROUPS.items():
                        self.assertEqual(list(file[name].attrs["bands"]), bands)
                        self.assertEqual(file[name].attrs["resolution_m"], harness.RESOLUTION_M[name])
                        self.assertEqual(file[name].chunks, (1, *file[name].shape[1:]))
                        self.assertEqual(file[name]._filters, {"shuffle": (2,), str(hdf5plugin.Zstd.filter_id): (3,)})
                    self.assertEqual(list(file["classes"].attrs["names"]), manifest["classes"])
                    self.assertEqual([axis.label for axis in file["data_10m"].dims], ["sample", "band_10m", "y_10m", "x_10m"])
            for name, expected in self.zarr_arrays(split).items():
                read = np.concatenate(values[name]) if values[name] else expected[:0]
                np.testing.assert_array_equal(read, expected, err_msg=f"{split} {name}")
        self.assertEqual(len(self.hdf5_files("train")), 2)
        self.assertEqual(self.hdf5_files("validation"), [])

    def test_both_formats_hold_the_same_frames(self):
        shard = (self.dataset / "train.zarr/data_10m/c/0/0/0/0").read_bytes()
        with h5py.File(self.dataset / "train/00000.h5") as file:
            for index in (0, 17, 1023):
                offset, length = struct.unpack_from("<QQ", shard, len(shard) - 4 - 1024 * 16 + index * 16)
                skipped, frame = file["data_10m"].id.read_direct_chunk((index, 0, 0, 0))
                self.assertEqual(skipped, 0)
                self.assertEqual(frame, shard[offset + 24:offset + length - 4])

    def test_gdal_reads_the_same(self):
        # GDAL's bindings belong to the system's Python. Four axes need its multidimensional interface.
        script = ("import sys, numpy; from osgeo import gdal; gdal.UseExceptions(); "
                  "root = gdal.OpenEx(sys.argv[1], gdal.OF_MULTIDIM_RASTER).GetRootGroup(); "
                  "numpy.savez(sys.argv[2], **{name: root.OpenMDArray(name).ReadAsArray() for name in sys.argv[3:]})")
        for split in ("train", "test"):
            expected = self.zarr_arrays(split)
            for shard, path in enumerate(self.hdf5_files(split)):
                out = self.folder / "values.npz"
                subprocess.run(["/usr/bin/python3", "-c", script, path, out, *ARRAYS], check=True, timeout=60,
                               env={**os.environ, "HDF5_PLUGIN_PATH": hdf5plugin.PLUGIN_PATH})
                for name, values in np.load(out).items():
                    np.testing.assert_array_equal(values, expected[name][1024 * shard:1024 * (shard + 1)],
                                                  err_msg=f"{path} {name}")

    def test_manifest_follows_its_schema(self):
        schema = json.loads((harness.SOURCE / "schemas/dataset.schema.json").read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        manifest = harness.manifest(self.dataset)
        jsonschema.validate(manifest, schema)
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate({**manifest, "classes": "forest"}, schema)

    def test_info_prints_what_scripts_need(self):
        info = json.loads(harness.run("eoshard-info", self.dataset, "--json").stdout)
        rows = harness.rows(self.dataset / "samples.csv")
        self.assertEqual(info["samples"], len(rows))
        self.assertEqual(info["splits"]["test"]["samples"], sum(row["split"] == "test" for row in rows))
        self.assertEqual(info["bands"], ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"])
        self.assertEqual(len(info["classes"]), 19)
        self.assertEqual(sum(info["rejected"].values()), len(harness.rows(self.dataset / "rejected.csv")))
        self.assertEqual(len(info["sources"]), 2)


harness.main()
