"""Valid files for every fuzz target, OUT/<target>/<number>: make_seeds.py OUT."""
import io
import pathlib
import shutil
import sys
import tarfile
import zipfile

import numpy
import rasterio
import rasterio.io
import safetensors.numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness, sat_files  # noqa: E402

POSITION = ('{"epoch":1,"step_in_epoch":2,"step":3,"loss_sum":0.5,"noise_sum":0,"signal_sum":0,"best_f1_micro":0.25,'
            '"best_epoch":1,"loss_scale":0,"scale_steps":0,"damaged":[4,9],"experiment_hash":"0a1b2c3d","micro_batch_size":8}')
V2, V1 = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP", "S2A_MSIL2A_20170613T101031"


def tiff(**options):
    """16 x 16 uint16 at a place in UTM zone 33."""
    with rasterio.io.MemoryFile() as file:
        with file.open(driver="GTiff", width=16, height=16, count=1, dtype="uint16", crs="EPSG:32633",
                       transform=rasterio.Affine(10, 0, 300000, 0, -10, 5900040), **options) as image:
            image.write(numpy.arange(256, dtype=numpy.uint16).reshape(1, 16, 16) * 7)
        return file.read()


def tar(mode, members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def zip_file(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def mat_files(folder):
    data = sat_files.make(4, 8, 2)
    for name, compress in (("plain.mat", False), ("compressed.mat", True)):
        sat_files.write_mat(folder / name, data, 4, compress=compress)
    return [folder / "plain.mat", folder / "compressed.mat"]


def seeds(folder):
    """Target -> files or their bytes."""
    [product] = harness.synthesise(folder / "in", "--products", 1, "--size", 600)
    dataset = folder / "mydata"
    harness.run("eoshard-ingest", "--labels", folder / "in/clc.tif", "--out", dataset, product)
    members = {"Forest/Forest_1.tif": b"II*\0" + bytes(40), "River/" + "long" * 40 + "/River_1.tif": b"tiff"}
    weights = {"conv1.weight": numpy.ones((2, 3, 1, 1), numpy.float32), "step": numpy.array([3], numpy.int64)}
    return {
        "manifest": [dataset / "dataset.json"],
        "zarr": list((dataset / "train.zarr").glob("*/zarr.json")),
        "shard": [dataset / "train.zarr/data_60m/c/0/0/0/0"],
        "product": [product / "MTD_MSIL2A.xml", *product.glob("GRANULE/*/MTD_TL.xml")],
        "jp2": sorted(product.glob("GRANULE/*/IMG_DATA/R60m/*_B0[19]_60m.jp2")),
        "table": [dataset / "samples.csv", dataset / "rejected.csv"],
        "patch_list": [f"{V2}_26_57\n{V2}_0_1\n".encode(), f"{V1}_26_57\r\n# comment\r\n{V1}_1_2\r\n".encode(),
                       f"patch_id,epsg,ulx,uly\n{V2}_26_57,EPSG:32633,300000,5900040\n".encode()],
        "mat": mat_files(folder),
        "tiff": [tiff(), tiff(compress="deflate"), tiff(tiled=True, blockxsize=16, blockysize=16, compress="lzw")],
        "archive": [tar("w", members), tar("w:gz", members), tar("w:xz", members), zip_file(members)],
        "safetensors": [safetensors.numpy.save(weights), safetensors.numpy.save(weights, {"a": "b"})],
        "checkpoint": [safetensors.numpy.save(weights, {"position": POSITION})],
    }


def write_seeds(out, content):
    for target, files in content.items():
        (out / target).mkdir(parents=True)
        for number, file in enumerate(files):
            (out / target / str(number)).write_bytes(file if isinstance(file, bytes) else file.read_bytes())


class Seeds(harness.FolderTest):
    def test_every_target_has_some(self):
        out = pathlib.Path(OUT)
        shutil.rmtree(out, ignore_errors=True)
        write_seeds(out, seeds(self.folder))
        # The target of products puts its metadata into a whole one.
        [product] = (self.folder / "in").glob("*.SAFE")
        shutil.copytree(product, out / "whole_product" / product.name)
        for target in pathlib.Path(__file__).parent.glob("*_fuzz.cpp"):
            self.assertTrue(list((out / target.name.removesuffix("_fuzz.cpp")).iterdir()), target)


OUT = sys.argv.pop()
harness.main()
