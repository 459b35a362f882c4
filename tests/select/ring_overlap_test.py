"""How much the rings of neighbouring granules disagree on the ground: the figures of docs/eoshard-ingest.md."""
import math
import pathlib
import sys
import unittest

import numpy as np
import rasterio.warp

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

SIDE = 109800
OUTER, INNER = SIDE * (2 - math.sqrt(2)) / 4, SIDE * (math.sqrt(2) - 1) / 4


def ring(x, y):
    """0 train, 1 validation, 2 test; -1 outside the granule."""
    depth = np.minimum(np.minimum(x, SIDE - x), np.minimum(y, SIDE - y))
    return np.select([depth < 0, depth < OUTER, depth < OUTER + INNER], [-1, 0, 1], 2)


def overlap(one, other):
    """Shares of the granule `one` = (zone, ulx, uly) that `other` covers, and on which the rings differ."""
    offsets = (np.arange(366) + 0.5) * SIDE / 366
    x, y = np.meshgrid(offsets, offsets)
    east, north = rasterio.warp.transform(f"EPSG:{32600 + one[0]}", f"EPSG:{32600 + other[0]}",
                                          (one[1] + x).ravel().tolist(), (one[2] - y).ravel().tolist())
    there = ring(np.array(east) - other[1], other[2] - np.array(north)).reshape(x.shape)
    return (there >= 0).mean(), ((there >= 0) & (there != ring(x, y))).mean()


class RingOverlap(unittest.TestCase):
    def test_neighbours_of_one_zone_agree(self):
        for ulx, uly in ((399960, 5500020), (300000, 5400060), (399960, 5400060)):
            covered, differing = overlap((32, 300000, 5500020), (32, ulx, uly))
            self.assertGreater(covered, 0)
            self.assertLess(covered, 0.095)
            self.assertEqual(differing, 0)

    def test_tiles_of_two_zones_differ_as_documented(self):
        shares = [overlap((32, ulx, 5400000), (33, other, 5400000)) for ulx in (600000, 699960) for other in (199980, 300000)]
        shares = [(covered, differing) for covered, differing in shares if covered > 0]
        self.assertEqual(len(shares), 3)
        covered, differing = zip(*shares)
        self.assertEqual((round(min(covered), 2), round(max(covered), 2)), (0.5, 0.57))
        self.assertEqual((round(min(differing), 2), round(max(differing), 2)), (0.31, 0.34))

    def test_the_rings_are_half_a_quarter_and_a_quarter(self):
        offsets = (np.arange(1098) + 0.5) * 100
        shares = np.bincount(ring(*np.meshgrid(offsets, offsets)).ravel()) / 1098**2
        np.testing.assert_allclose(shares, (0.5, 0.25, 0.25), atol=0.002)


harness.main()
