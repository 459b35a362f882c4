"""data_super is what torch makes of the whole band: neighbours are real, patches join, no data never bleeds."""
import pathlib
import sys

import numpy as np
import rasterio
import torch
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import GROUPS, RESOLUTION_M, SPLITS  # noqa: E402

TORCH_OPTIONS = {"nearest": {}, "bilinear": {"align_corners": False}, "bicubic": {"align_corners": False}}
REACH = {"nearest": 0, "bilinear": 1, "bicubic": 2}  # source pixels of a stencil beside the own one
OFFSET = -1000  # of baseline 04.00
CUBE = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]


def native_resolution(band):
    return next(RESOLUTION_M[name] for name, bands in GROUPS.items() if band in bands)


def near_no_data(band, reach):
    """True where a pixel within `reach` of it is DN 0."""
    padded = np.pad(band == 0, reach)
    size = band.shape[0]
    return np.any([padded[dy:dy + size, dx:dx + size] for dy in range(2 * reach + 1) for dx in range(2 * reach + 1)], axis=0)


class Upsampling(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product, = harness.synthesise(cls.root / "in", "--products", 1, "--size", 1800, "--baseline", "04.00",
                                          "--nodata-percent", 8, "--cloud-percent", 3)

    def ingest(self, name, *options, ranks=0):
        out = self.folder / name
        harness.run("eoshard-ingest", "--labels", self.root / "in/clc.tif", "--out", out, *options, self.product, ranks=ranks)
        return out

    def stored_band(self, band):
        """The harmonised band on its native grid, read by rasterio."""
        path, = self.product.glob(f"GRANULE/*/IMG_DATA/R{native_resolution(band)}m/*_{band}_*.jp2")
        with rasterio.open(path) as image:
            values = image.read(1).astype(np.int32)
        return np.where(values == 0, 0, np.maximum(values + OFFSET, 1))

    def expected_band(self, band, method):
        """(the whole band at 10 m, where torch's stencil met no data)"""
        native = self.stored_band(band)
        factor = native_resolution(band) // 10
        image = torch.from_numpy(native.astype(np.float64))[None, None]
        values = torch.nn.functional.interpolate(image, scale_factor=factor, mode=method, **TORCH_OPTIONS[method])
        unsure = near_no_data(native, REACH[method] if factor > 1 else 0)
        return values[0, 0].clamp(min=1).numpy(), np.kron(unsure, np.ones((factor, factor), bool))

    def cubes(self, out):
        """(column, row, cube) of every sample"""
        for split in SPLITS:
            rows = [row for row in harness.rows(out / "samples.csv") if row["split"] == split]
            cubes = zarr.open_group(out / f"{split}.zarr", mode="r")["data_super"][:]
            for row, cube in zip(rows, cubes, strict=True):
                yield int(row["column"]), int(row["row"]), cube

    def test_every_method_equals_torch_on_the_whole_band(self):
        for method in TORCH_OPTIONS:
            with self.subTest(method):
                out = self.ingest(method, "--upsample", method, "--no-native")
                samples = list(self.cubes(out))
                self.assertGreater(len(samples), 100)
                self.assert_equal_to_torch(samples, method)

    def assert_equal_to_torch(self, samples, method):
        skipped = 0
        for index, band in enumerate(CUBE):
            expected, is_unsure = self.expected_band(band, method)
            for column, row, cube in samples:
                window = np.s_[row * 120:row * 120 + 120, column * 120:column * 120 + 120]
                difference = np.abs(cube[index] - expected[window])
                skipped += is_unsure[window].sum()
                self.assertLessEqual(difference[~is_unsure[window]].max(), 1, f"{method} {band} {column} {row}")
                # Beside no data the values are those of valid pixels: far from 0, which would bleed in otherwise.
                self.assertGreaterEqual(cube[index].min(), 1)
        if method == "bicubic":
            self.assertGreater(skipped, 0, "no kept patch lies beside no data: the test sees too little")

    def test_native_grids_are_kept_beside_it_and_ranks_do_not_matter(self):
        both = self.ingest("both", "--upsample", "bilinear")
        alone = harness.files_below(self.ingest("alone", "--upsample", "bilinear", "--no-native", ranks=2))
        native = harness.files_below(self.ingest("native"))
        seen = harness.files_below(both)
        for name, content in {**native, **alone}.items():
            self.assertEqual(seen[name], content, name)
        self.assertEqual(harness.files_below(self.ingest("ranks", "--upsample", "bilinear", ranks=3)), seen)
        self.assertEqual(harness.manifest(both)["arrays"][3]["bands"], CUBE)

    def test_no_native_needs_upsampling(self):
        refused = harness.run("eoshard-ingest", "--labels", self.root / "in/clc.tif", "--out", self.folder / "out",
                              "--no-native", self.product, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--upsample", refused.stderr)


harness.main()
