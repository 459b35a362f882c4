"""HDF5 beside Zarr or alone, as a file a shard or a file a split: the same samples, for any number of ranks."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import h5py
import hdf5plugin
import numpy as np
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import GROUPS, SPLITS  # noqa: E402

ARRAYS = [*GROUPS, "classes", "patch_id"]
# Ways of Open MPI to do collective file access.
ACCESS = {"default": {}, "dynamic_gen2": {"OMPI_MCA_fcoll": "dynamic_gen2"}, "ROMIO": {"OMPI_MCA_io": "romio321"}}


def hdf5_values(path):
    with h5py.File(path) as file:
        return {name: file[name][:] for name in file}


class Formats(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 2, "--size", 960)
        cls.both = cls.ingest_into(cls.root / "both", "--format", "zarr,hdf5")

    @classmethod
    def command(cls, out, *options):
        return ["eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--threads", 1, "--out", out, *options, *cls.products]

    @classmethod
    def ingest_into(cls, out, *options, **how):
        harness.run(*cls.command(out, *options), **how)
        return out

    def ingest(self, name, *options, **how):
        return self.ingest_into(self.folder / name, *options, **how)

    def zarr_values(self, split):
        group = zarr.open_group(self.both / f"{split}.zarr", mode="r")
        return {name: group[name][:] for name in ARRAYS}

    def check_values(self, values, split):
        expected = self.zarr_values(split)
        self.assertEqual(values.keys(), expected.keys())
        for name in ARRAYS:
            self.assertEqual(values[name].dtype, expected[name].dtype)
            np.testing.assert_array_equal(values[name], expected[name], err_msg=f"{split} {name}")

    def verify(self, dataset):
        result = harness.run("eoshard-info", dataset, "--verify", "--json", check=False)
        verification = json.loads(result.stdout)["verification"]
        self.assertEqual(result.returncode, 0 if verification["ok"] else 1)
        return verification["damages"]

    def test_shards_have_the_same_bytes_for_any_number_of_ranks(self):
        expected = harness.files_below(self.both)
        self.assertIn("train/00000.h5", expected)
        self.assertIn("train.zarr/data_10m/c/0/0/0/0", expected)
        for ranks in (2, 3):
            self.assertEqual(harness.files_below(self.ingest(f"ranks{ranks}", "--format", "hdf5,zarr", ranks=ranks)), expected)
        alone = harness.files_below(self.ingest("alone", "--format", "hdf5", ranks=2))
        self.assertEqual(alone, {name: data for name, data in expected.items() if ".zarr/" not in name})
        manifest = harness.manifest(self.folder / "alone")
        self.assertEqual(manifest["formats"], ["hdf5"])
        self.assertEqual(manifest["hdf5"], {"layout": "shards", "compression": "zstd"})
        self.assertEqual(manifest["splits"]["train"]["path"], "train")
        self.assertEqual(self.verify(self.folder / "alone"), [])

    def test_uncompressed_files_need_no_plugin(self):
        for layout in ("shards", "single"):
            out = self.ingest(layout, "--format", "hdf5", "--hdf5-layout", layout, "--hdf5-compression", "none", ranks=2)
            for split in SPLITS:
                path = out / (f"{split}.h5" if layout == "single" else f"{split}/00000.h5")
                self.check_values(hdf5_values(path), split)
                with h5py.File(path) as file:
                    for name in ARRAYS:
                        self.assertTrue(file[name].fletcher32)
                        self.assertNotIn(str(hdf5plugin.Zstd.filter_id), file[name]._filters)
            self.assertEqual(self.verify(out), [])

    def test_a_single_file_is_equal_for_any_ranks_and_file_access(self):
        first = self.ingest("first", "--format", "zarr,hdf5", "--hdf5-layout", "single")
        for split in SPLITS:
            self.check_values(hdf5_values(first / f"{split}.h5"), split)
        zarr_files = {name: data for name, data in harness.files_below(self.both).items() if ".zarr/" in name}
        self.assertEqual({name: data for name, data in harness.files_below(first).items() if ".zarr/" in name}, zarr_files)
        self.assertEqual(self.verify(first), [])
        for access, env in ACCESS.items():
            for ranks in (1, 2, 3):
                with self.subTest(access=access, ranks=ranks):
                    out = self.ingest(f"{access}{ranks}", "--format", "hdf5", "--hdf5-layout", "single", ranks=ranks, env=env)
                    self.assertEqual({file.name for file in out.iterdir()},
                                     {"dataset.json", "samples.csv", "rejected.csv", "train.h5", "validation.h5", "test.h5"})
                    for split in SPLITS:
                        diff = subprocess.run(["h5diff", out / f"{split}.h5", first / f"{split}.h5"], capture_output=True,
                                              text=True, env={**os.environ, "HDF5_PLUGIN_PATH": hdf5plugin.PLUGIN_PATH})
                        self.assertEqual((diff.returncode, diff.stdout, diff.stderr), (0, "", ""))

    def test_damage_in_hdf5_names_its_sample(self):
        dataset = self.folder / "damaged"
        shutil.copytree(self.both, dataset)
        path = dataset / "train/00000.h5"
        with h5py.File(path) as file:
            chunk = file["data_20m"].id.get_chunk_info(3)
        data = bytearray(path.read_bytes())
        data[chunk.byte_offset + chunk.size // 2] ^= 4
        path.write_bytes(data)
        (damage,) = self.verify(dataset)
        self.assertEqual([damage[key] for key in ("split", "format", "array", "index")], ["train", "hdf5", "data_20m", 3])
        row = next(row for row in harness.rows(dataset / "samples.csv") if (row["split"], row["index"]) == ("train", "3"))
        self.assertEqual(damage["patch_id"], row["patch_id"])
        text = harness.run("eoshard-info", dataset, "--verify", check=False).stdout
        self.assertIn("stored as Zarr v3 shards and HDF5 (a file a shard, zstd)", text)
        self.assertIn(f"damaged: train HDF5 data_20m sample 3 ({row['patch_id']})", text)

    def test_values_that_differ_from_zarr_are_found(self):
        dataset = self.folder / "differing"
        shutil.copytree(self.both, dataset)
        with h5py.File(dataset / "train/00000.h5", "r+") as file:
            images, labels = file["data_10m"], file["classes"]
            images.id.write_direct_chunk((2, 0, 0, 0), images.id.read_direct_chunk((1, 0, 0, 0))[1])
            labels[0, 0] = 1 - labels[0, 0]
        damages = self.verify(dataset)
        self.assertEqual({(damage["array"], damage["index"]) for damage in damages if damage["array"] != "classes"},
                         {("data_10m", 2)})
        self.assertIn("classes", {damage["array"] for damage in damages})
        self.assertTrue(all("differ from those in Zarr" in damage["reason"] for damage in damages))

    def test_missing_files_are_found(self):
        out = self.ingest("single", "--format", "hdf5", "--hdf5-layout", "single")
        (out / "test.h5").unlink()
        self.assertEqual({(damage["split"], damage["array"], damage["index"]) for damage in self.verify(out)},
                         {("test", name, -1) for name in ARRAYS})

    def test_a_killed_run_leaves_no_half_file_and_goes_on(self):
        for layout in ("shards", "single"):
            options = ["--format", "zarr,hdf5", "--hdf5-layout", layout]
            out = self.folder / layout
            process = subprocess.Popen([str(harness.BIN / "eoshard-ingest"), *map(str, self.command(out, *options)[1:])],
                                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            while process.poll() is None and not list(out.rglob("*.h5.tmp")):
                time.sleep(0.0005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            for file in out.rglob("*.h5"):
                hdf5_values(file)
            if not (out / "dataset.json").exists():
                self.ingest_into(out, *options, ranks=2)
            self.assertEqual(list(out.rglob("*.tmp")), [])
            self.assertEqual(self.verify(out), [])
            if layout == "shards":
                self.assertEqual(harness.files_below(out), harness.files_below(self.both))

    def test_formats_replace_each_other(self):
        out = self.ingest("out", "--format", "hdf5")
        self.ingest("out", "--format", "zarr", "--overwrite")
        self.assertFalse((out / "train").exists())
        self.ingest("out", "--format", "hdf5", "--hdf5-layout", "single", "--overwrite")
        self.assertFalse((out / "train.zarr").exists())

    def test_wrong_options_are_refused(self):
        for options, message in ((["--format", "tiff"], "'tiff' is no format"),
                                 (["--hdf5-layout", "single"], "--hdf5-layout is given, but --format zarr writes no HDF5"),
                                 (["--format", "hdf5", "--hdf5-layout", "double"], "'double' is no HDF5 layout"),
                                 (["--format", "hdf5", "--hdf5-compression", "gzip"], "'gzip' is no compression of HDF5")):
            result = harness.run(*self.command(self.folder / "no", *options), check=False)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(message, result.stderr)


harness.main()
