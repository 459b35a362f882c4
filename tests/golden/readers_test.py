"""What others' software reads of a dataset: zarr-python, TensorStore and xarray, and jsonschema of its manifest."""
import json
import pathlib
import sys

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
        harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--split", "random:85/0/15", "--out", cls.dataset,
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
