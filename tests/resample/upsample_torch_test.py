"""Upsampled bands against torch.nn.functional.interpolate: the same to 1 DN, and the nearest whole number
to what torch computes in double precision."""
import pathlib
import subprocess
import sys
import unittest

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

PROGRAM = sys.argv.pop(1)
CROP = "data/crops/S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419"


def upsampled(band, method, factor):
    result = subprocess.run([PROGRAM, method, str(factor), str(band.shape[0])], input=band.tobytes(), capture_output=True,
                            check=True, timeout=60)
    return np.frombuffer(result.stdout, np.uint16).reshape(band.shape[0] * factor, -1)


def torch_upsampled(band, method, factor, precision=torch.float32):
    options = {} if method == "nearest" else {"align_corners": False}
    tensor = torch.from_numpy(band.astype(np.int32)).to(precision)[None, None]
    return torch.nn.functional.interpolate(tensor, scale_factor=factor, mode=method, **options)[0, 0].clamp(1, 65535).numpy()


def bands():
    draw = np.random.default_rng(7)
    yield "noise", draw.integers(1, 65536, (90, 90), dtype=np.uint16)  # overshoots at both ends of the range
    yield "ramp", np.add.outer(np.arange(1, 121), 7 * np.arange(120)).astype(np.uint16)
    if (harness.SHARED / CROP).exists():
        import rasterio
        for name in ("B05", "B12", "B01"):
            with rasterio.open(harness.SHARED / CROP / f"{name}.tif") as file:
                pixels = file.read(1)
            yield name, np.maximum(pixels[:pixels.shape[1], :pixels.shape[0]], 1)


class AgainstTorch(unittest.TestCase):
    def test_whole_bands(self):
        for name, band in bands():
            for method in ("nearest", "bilinear", "bicubic"):
                for factor in (1, 2, 3, 6):
                    with self.subTest(band=name, method=method, factor=factor):
                        ours = upsampled(band, method, factor)
                        self.assertLessEqual(np.abs(ours - torch_upsampled(band, method, factor).round()).max(), 1)
                        exact = torch_upsampled(band, method, factor, torch.float64)
                        self.assertLess(np.abs(ours - exact).max(), 0.51)

    def test_away_from_no_data(self):
        """Where no stencil touches DN 0, a band with holes upsamples as torch does it."""
        draw = np.random.default_rng(8)
        band = draw.integers(1, 10000, (96, 96), dtype=np.uint16)
        band[draw.random(band.shape) < 0.02] = 0
        band[40:56, 10:30] = 0
        for method, reach in (("bilinear", 1), ("bicubic", 2)):
            near = torch.nn.functional.max_pool2d(torch.from_numpy((band == 0).astype(np.float32))[None], 2 * reach + 1, 1,
                                                  reach)[0].numpy() > 0
            for factor in (2, 6):
                far = ~np.kron(near, np.ones((factor, factor), bool))
                difference = upsampled(band, method, factor) - torch_upsampled(band, method, factor).round()
                self.assertTrue(far.any())
                self.assertLessEqual(np.abs(difference[far]).max(), 1)


harness.main()
