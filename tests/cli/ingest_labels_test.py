"""Every source of labels: rasters and polygons, whose label maps others' software confirms, tables, and none."""
import csv
import json
import pathlib
import sys
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

CODES = [111, 112, 121, 122, 123, 124, 131, 132, 133, 141, 142, 211, 212, 213, 221, 222, 223, 231, 241, 242, 243, 244,
         311, 312, 313, 321, 322, 323, 324, 331, 332, 333, 334, 335, 411, 412, 421, 422, 423, 511, 512, 521, 522, 523]
CLEAR = ["--cloud-percent", 0, "--snow-percent", 0, "--nodata-percent", 0]
KEEP_ALL = ["--nomenclature", "corine-44", "--min-labelled-percent", 0]


def group(dataset, split="train"):
    import zarr
    return zarr.open_group(str(dataset / f"{split}.zarr"), mode="r")


def samples(dataset):
    """patch_id -> row of samples.csv."""
    return {row["patch_id"]: row for row in harness.rows(dataset / "samples.csv")}


def label_maps(dataset):
    """patch_id -> (row, label map, classes)."""
    maps = {}
    for split in harness.SPLITS:
        rows = [row for row in harness.rows(dataset / "samples.csv") if row["split"] == split]
        if not rows:
            continue
        arrays = group(dataset, split)
        label_map, classes = arrays["label_map"][:], arrays["classes"][:]
        for row in rows:
            maps[row["patch_id"]] = (row, label_map[int(row["index"])], classes[int(row["index"])])
    return maps


class Labels(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 1, "--size", 960, *CLEAR)
        cls.raster = cls.root / "in" / "clc.tif"

    def ingest(self, labels, name, *options, ranks=0, check=True):
        out = self.folder / name
        result = harness.run("eoshard-ingest", "--labels", labels, "--out", out, *options, *self.products, ranks=ranks,
                             check=check)
        return out if check else result

    def refuse(self, labels, *parts, options=()):
        result = self.ingest(labels, "refused", *options, check=False)
        self.assertNotEqual(result.returncode, 0)
        lines = harness.errors(result)
        self.assertEqual(len(lines), 1, result.stderr)
        for part in parts:
            self.assertIn(str(part), lines[0])


class LabelMaps(Labels):
    def warp(self, row):
        """The raster's codes under a patch, by rasterio."""
        import rasterio.transform
        import rasterio.warp
        with rasterio.open(self.raster) as source:
            codes = numpy.zeros((120, 120), numpy.uint8)
            rasterio.warp.reproject(
                rasterio.band(source, 1), codes, dst_crs=f"EPSG:{row['epsg']}", tolerance=0,
                dst_transform=rasterio.transform.from_origin(int(row["ulx"]), int(row["uly"]), 10, 10))
        return numpy.array([999, *CODES] + [999] * 211, numpy.uint16)[codes]

    def test_raster_equals_an_exact_warp_and_gives_the_classes(self):
        maps = label_maps(self.ingest(self.raster, "out", "--label-map", *KEEP_ALL))
        self.assertEqual(len(maps), 64)
        differing = 0
        for row, label_map, classes in maps.values():
            differing += numpy.count_nonzero(label_map != self.warp(row))
            present = [index for index, code in enumerate(CODES) if code in label_map]
            self.assertEqual(present, list(numpy.flatnonzero(classes)))
            share = numpy.count_nonzero(label_map != 999) / label_map.size
            self.assertAlmostEqual(float(row["labelled_fraction"]), share, places=6)
        self.assertLess(differing, 0.002 * len(maps) * 14400)

    def polygonise(self):
        """The raster's areas as polygons in its own projection, EPSG:3035, as GeoJSON."""
        import rasterio
        import rasterio.features
        with rasterio.open(self.raster) as source:
            shapes = [(shape, int(code)) for shape, code in
                      rasterio.features.shapes(source.read(1), transform=source.transform) if 1 <= code <= 44]
        features = [{"type": "Feature", "geometry": shape, "properties": {"Code_18": str(CODES[code - 1])}}
                    for shape, code in shapes]
        path = self.folder / "clc.geojson"
        path.write_text(json.dumps({
            "type": "FeatureCollection", "features": features,
            "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3035"}}}))
        return path, shapes

    def burn(self, shapes, row):
        import rasterio.features
        import rasterio.transform
        import rasterio.warp
        projected = [(rasterio.warp.transform_geom("EPSG:3035", f"EPSG:{row['epsg']}", shape), CODES[code - 1])
                     for shape, code in shapes]
        return rasterio.features.rasterize(
            projected, (120, 120), fill=999, dtype="uint16",
            transform=rasterio.transform.from_origin(int(row["ulx"]), int(row["uly"]), 10, 10))

    def test_polygons_equal_another_rasterisation_and_the_raster(self):
        path, shapes = self.polygonise()
        burnt = label_maps(self.ingest(path, "burnt", "--label-map", *KEEP_ALL))
        warped = label_maps(self.ingest(self.raster, "warped", "--label-map", *KEEP_ALL))
        self.assertEqual(burnt.keys(), warped.keys())
        elsewhere = differing = 0
        for patch, (row, label_map, _) in burnt.items():
            differing += numpy.count_nonzero(label_map != warped[patch][1])
            if patch.endswith(("_00_00", "_03_04", "_07_07")):
                elsewhere += numpy.count_nonzero(label_map != self.burn(shapes, row))
        self.assertLess(elsewhere, 0.0005 * 3 * 14400)  # pixel centres within a centimetre of an edge
        self.assertLess(differing, 0.002 * len(burnt) * 14400)

    def test_polygons_give_the_same_bytes_on_any_number_of_ranks(self):
        path, _ = self.polygonise()
        one = harness.files_below(self.ingest(path, "one", "--label-map", *KEEP_ALL))
        three = harness.files_below(self.ingest(path, "three", "--label-map", *KEEP_ALL, "--threads", 3, ranks=2))
        self.assertEqual(one, three)

    def test_options_of_polygons_are_checked(self):
        path, _ = self.polygonise()
        self.refuse(path, "its attributes are: Code_18", options=["--label-attribute", "absent"])
        self.refuse(self.raster, "--label-attribute needs", options=["--label-attribute", "CODE_18"])


class WithoutLabels(Labels):
    def test_a_dataset_without_labels(self):
        out = self.ingest("none", "out")
        manifest = harness.manifest(out)
        self.assertEqual((manifest["nomenclature"], manifest["classes"]), ("none", []))
        self.assertEqual(len(samples(out)), 64)
        self.assertNotIn("classes", group(out))
        self.assertEqual({row["labels"] for row in samples(out).values()}, {""})
        harness.run("eoshard-info", out, "--verify")
        images = [group(self.ingest(self.raster, "labelled", *KEEP_ALL))["data_10m"][:], group(out)["data_10m"][:]]
        self.assertTrue(numpy.array_equal(*images))

    def test_label_options_need_labels(self):
        self.refuse("none", "--label-map needs", options=["--label-map"])
        self.refuse("none", "--min-class-percent needs", options=["--min-class-percent", 5])


class Tables(Labels):
    """The labels of a raster, handed over as tables, come back the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        out = cls.root / "reference"
        harness.run("eoshard-ingest", "--labels", cls.raster, "--nomenclature", "bigearthnet-43", "--out", out,
                    "--min-labelled-percent", 0, *cls.products)
        cls.reference = samples(out)
        cls.left_out = sorted(cls.reference)[5]
        cls.known = {patch: row for patch, row in cls.reference.items() if patch != cls.left_out}

    def v2_id(self, patch):
        """As BigEarthNet v2 writes it: another processing of the same scene."""
        fields = patch.split("_")
        fields[3] = "N9999"
        return "_".join(fields)

    def write_csv(self, rows=None):
        path = self.folder / "labels.csv"
        with open(path, "w", newline="", encoding="utf-8-sig") as file:
            table = csv.writer(file)
            table.writerow(["country", "patch_id", "labels"])
            table.writerows(rows or [["Austria", patch, row["labels"]] for patch, row in self.known.items()])
        return path

    def write_parquet(self):
        import pyarrow
        import pyarrow.parquet
        path = self.folder / "labels.parquet"
        pyarrow.parquet.write_table(
            pyarrow.table({"patch_id": [self.v2_id(patch) for patch in self.known],
                           "labels": [row["labels"].split(";") for row in self.known.values()],
                           "contains_seasonal_snow": [False] * len(self.known)}), path)
        return path

    def write_json(self):
        import rasterio.crs
        folder = self.folder / "BigEarthNet-v1.0"
        for number, row in enumerate(self.known.values()):
            name = f"S2A_MSIL2A_20170613T101031_{number}_7"
            (folder / name).mkdir(parents=True)
            left, top = int(row["ulx"]), int(row["uly"])
            (folder / name / f"{name}_labels_metadata.json").write_text(json.dumps({
                "labels": row["labels"].split(";"),
                "coordinates": {"ulx": left, "uly": top, "lrx": left + 1200, "lry": top - 1200},
                "projection": rasterio.crs.CRS.from_epsg(int(row["epsg"])).to_wkt()}))
        return folder

    def check_same(self, out):
        found = samples(out)
        self.assertEqual({patch: row["labels"] for patch, row in found.items()},
                         {patch: row["labels"] for patch, row in self.known.items()})
        rejected = harness.rows(out / "rejected.csv")
        self.assertEqual([(row["patch_id"], row["reason"]) for row in rejected], [(self.left_out, "unlabelled")])

    def test_every_table_gives_the_same_dataset_on_any_number_of_ranks(self):
        options = ["--nomenclature", "bigearthnet-43"]
        from_csv = self.ingest(self.write_csv(), "csv", *options)
        self.check_same(from_csv)
        from_json = self.ingest(self.write_json(), "json", *options, ranks=3)
        self.assertEqual(harness.files_below(from_csv), harness.files_below(from_json))
        if harness.HAS_PARQUET:
            from_parquet = self.ingest(self.write_parquet(), "parquet", *options, ranks=2)
            self.assertEqual(harness.files_below(from_csv), harness.files_below(from_parquet))

    @unittest.skipIf(harness.HAS_PARQUET, "a build with Parquet")
    def test_a_build_without_parquet_says_so(self):
        table = self.write_parquet()
        self.refuse(table, table, "this build is without Parquet")
        result = harness.run("eoshard-plan", "--patch-list", table, "--ranks", 2, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("this build is without Parquet", harness.errors(result)[0])

    def test_43_classes_become_19(self):
        merged = samples(self.ingest(self.write_csv(), "merged"))
        warped = samples(self.ingest(self.raster, "warped", "--min-labelled-percent", 0))
        self.assertEqual({patch: row["labels"] for patch, row in merged.items()},
                         {patch: row["labels"] for patch, row in warped.items() if patch != self.left_out})

    def test_bad_tables_are_refused(self):
        patch = sorted(self.known)[0]
        self.refuse(self.write_csv([["", patch, "Pastures;Meadow"]]), "labels.csv, row 2", "'Meadow'")
        self.refuse(self.write_csv([["", patch, "Urban fabric"]]), "stands for several classes",
                    options=["--nomenclature", "bigearthnet-43"])
        self.refuse(self.write_csv([["", "S2A_MSIL2A_20170613T101031_7_8", "Pastures"]]), "BigEarthNet v1")
        self.refuse(self.write_csv([["", "patch 7", "Pastures"]]), "'patch 7' is no patch id")
        self.refuse(self.write_csv([["", patch, "Pastures"], ["", patch, "112"]]), "there twice")
        self.refuse(self.write_csv([["", patch.replace("T32", "T31"), "Pastures"]]), "does not cover product")
        self.refuse(self.write_csv(), "--label-map needs", options=["--label-map"])
        damaged = self.write_json()
        broken = next(damaged.iterdir())
        (broken / f"{broken.name}_labels_metadata.json").write_text('{"labels": [')
        self.refuse(damaged, broken.name, "damaged")


class RealBigEarthNetV1(harness.FolderTest):
    def test_nine_patches_have_the_labels_of_their_files(self):
        harness.need_shared("data/bigearthnet/v1")
        folder = harness.SHARED / "data" / "bigearthnet" / "v1"
        expected, products = {}, []
        for number, path in enumerate(sorted(folder.glob("*/*_labels_metadata.json"))):
            truth = json.loads(path.read_text())
            corner = truth["coordinates"]
            epsg = truth["projection"].rsplit('"EPSG","', 1)[1].split('"')[0]
            expected[(epsg, str(corner["ulx"]), str(corner["uly"]))] = set(truth["labels"])
            products += harness.synthesise(
                self.folder / str(number), "--products", 1, "--size", 120, "--epsg", epsg, "--tile",
                f"T{epsg[3:]}UA{'ABCDEFGHJ'[number]}", "--origin", f"{corner['ulx']},{corner['uly']}", *CLEAR)
        self.assertEqual(len(expected), 9)
        out = self.folder / "out"
        harness.run("eoshard-ingest", "--labels", folder, "--nomenclature", "bigearthnet-43", "--out", out, *products)
        found = {(row["epsg"], row["ulx"], row["uly"]): set(row["labels"].split(";")) for row in samples(out).values()}
        self.assertEqual(found, expected)


harness.main()
