"""Real CORINE polygons and the real raster that somebody else made of them: at the centres of the raster's pixels both
give the same label maps, and the polygons those of a point-in-polygon test of every pixel centre.

The raster's pixels are 25 m; raster and polygons are moved together by 1.5 m, so that every other of its pixel centres
is the centre of a 10 m pixel too.
"""
import json
import pathlib
import subprocess
import sys

import numpy as np
import rasterio
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import SHARED, SPLITS  # noqa: E402

RASTER = "data/corine/clc25m_codes_sierra-nevada.tif"
POLYGONS = "data/corine/clc.gpkg"
SHIFT = -1.5
EPSG, ULX, ULY, PATCHES = 32630, 453300, 4099500, 9  # the polygons' projection is the same on ETRS89
KEEP_ALL = ["--max-cloud-percent", 100, "--max-snow-percent", 100, "--max-nodata-percent", 100, "--min-labelled-percent", 0,
            "--keep-zero-pixels"]


def moved(coordinates):
    return [moved(item) for item in coordinates] if isinstance(coordinates[0], list) else [item + SHIFT for item in coordinates[:2]]


def rings_of(geometry):
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [np.array(ring) for polygon in polygons for ring in polygon]


def columns_between(left, right):
    """Of the pixel centres from left to right."""
    first, last = np.ceil((np.array([left, right]) - ULX - 5) / 10).astype(int)
    return slice(max(first, 0), max(last, 0))


def fill_polygon(rings, code, codes, on_an_edge):
    """Even-odd rule in scan lines through the pixel centres. Marks the centres that lie on a horizontal edge."""
    starts, ends = np.concatenate([ring[:-1] for ring in rings]), np.concatenate([ring[1:] for ring in rings])
    for row in range(len(codes)):
        y = ULY - 10 * row - 5
        crossing = (starts[:, 1] <= y) != (ends[:, 1] <= y)
        a, b = starts[crossing], ends[crossing]
        x = np.sort(a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0]))
        for left, right in x.reshape(-1, 2):
            codes[row, columns_between(left, right)] = code
        flat = (starts[:, 1] == y) & (ends[:, 1] == y)
        for ends_x in zip(starts[flat, 0], ends[flat, 0]):
            on_an_edge[row, columns_between(min(ends_x), max(ends_x))] = True


class CorinePolygons(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        harness.need_shared(RASTER, POLYGONS)
        super().setUpClass()
        (cls.product,) = harness.synthesise(cls.root / "in", "--products", 1, "--size", 120 * PATCHES, "--epsg", EPSG,
                                            "--origin", f"{ULX},{ULY}", "--tile", "T30SVF")
        cls.features = cls.move_polygons()
        cls.codes = cls.move_raster()

    @classmethod
    def move_polygons(cls):
        path = cls.root / "clc.geojson"
        subprocess.run(["ogr2ogr", "-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=15", path, SHARED / POLYGONS, "clc"], check=True)
        table = json.loads(path.read_text())
        for feature in table["features"]:
            feature["geometry"]["coordinates"] = moved(feature["geometry"]["coordinates"])
        path.write_text(json.dumps(table))
        cls.polygons = path
        return table["features"]

    @classmethod
    def move_raster(cls):
        """Returns the codes under the 10 m pixel centres that are pixel centres of the raster: every fifth, from (2, 2)."""
        cls.raster = cls.root / "clc.tif"
        with rasterio.open(SHARED / RASTER) as source:
            codes, profile = source.read(1), source.profile
            left, top = source.bounds.left + SHIFT, source.bounds.top + SHIFT
        with rasterio.open(cls.raster, "w", **{**profile, "transform": rasterio.transform.from_origin(left, top, 25, 25)}) as out:
            out.write(codes, 1)
        column, row = (ULX + 25 - left) / 25, (top - ULY + 25) / 25
        assert column % 1 == row % 1 == 0.5, (column, row)  # centres of pixels
        fifth = 120 * PATCHES // 5
        return codes[int(row):, int(column):][:2 * fifth:2, :2 * fifth:2]

    def label_map(self, labels, name):
        """Of the whole product, put together from the patches."""
        out = self.folder / name
        harness.run("eoshard-ingest", "--labels", labels, "--label-map", "--bands", "B01", "--out", out, *KEEP_ALL, self.product)
        codes = np.zeros((120 * PATCHES, 120 * PATCHES), np.uint16)
        maps = {split: zarr.open_group(out / f"{split}.zarr", mode="r")["label_map"][:] for split in SPLITS}
        for sample in harness.rows(out / "samples.csv"):
            row, column = 120 * int(sample["row"]), 120 * int(sample["column"])
            codes[row:row + 120, column:column + 120] = maps[sample["split"]][int(sample["index"])]
        return codes

    def test_polygons_and_raster_agree_at_its_pixel_centres(self):
        burnt, warped = self.label_map(self.polygons, "burnt"), self.label_map(self.raster, "warped")
        self.assertGreater(len(np.unique(self.codes)), 10)
        np.testing.assert_array_equal(warped[2::5, 2::5], self.codes)
        np.testing.assert_array_equal(burnt[2::5, 2::5], self.codes)
        self.assertGreater(np.count_nonzero(burnt != warped), 1000)  # between the centres the raster is coarser

    def test_every_pixel_has_the_code_of_the_polygon_under_its_centre(self):
        expected = np.full((120 * PATCHES, 120 * PATCHES), 999, np.uint16)
        on_an_edge = np.zeros(expected.shape, bool)
        for feature in self.features:
            fill_polygon(rings_of(feature["geometry"]), int(feature["properties"]["CODE_18"]), expected, on_an_edge)
        self.assertLess(np.count_nonzero(on_an_edge), 10)
        np.testing.assert_array_equal(np.where(on_an_edge, 0, self.label_map(self.polygons, "burnt")),
                                      np.where(on_an_edge, 0, expected))


harness.main()
