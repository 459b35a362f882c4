"""eoshard-info --report: what the page says is what tables and arrays hold, worked out here by other means."""
import base64
import collections
import html.parser
import itertools
import json
import pathlib
import re
import shutil
import sys
import warnings
import xml.etree.ElementTree as ElementTree

import numpy as np
import rasterio.errors
import rasterio.io
import zarr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402
from tests.support.harness import SPLITS  # noqa: E402
warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)


class References(html.parser.HTMLParser):
    """Every address that a browser would follow or fetch, and every tag."""

    def __init__(self, page):
        super().__init__()
        self.addresses, self.tags = [], collections.Counter()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.addresses += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "poster", "action")]


class Page:
    def __init__(self, path):
        self.text = pathlib.Path(path).read_text(encoding="utf-8")
        self.tree = ElementTree.fromstring(self.text.removeprefix("<!DOCTYPE html>\n"))

    def words(self, element):
        return "".join(element.itertext()).strip()

    def table(self, name):
        """Rows of a table as lists of texts; counts without their separators."""
        (table,) = self.tree.findall(f".//table[@id='{name}']")
        rows = [[self.words(cell).replace(",", "") for cell in row] for row in table.find("tbody")]
        return [self.words(cell) for cell in table.find("thead/tr")], rows

    def images(self, section):
        """(alt text, pixels as (channels, height, width)) of the section's pictures."""
        for image in self.tree.findall(f".//section[@id='{section}']//img"):
            data = base64.b64decode(image.get("src").split(",", 1)[1])
            with rasterio.io.MemoryFile(data) as file, file.open() as picture:
                yield image, picture.read()


class Report(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = harness.synthesise(cls.root / "in", "--products", 3, "--size", 960, "--cloud-percent", 15,
                                         "--snow-percent", 6)
        cls.dataset = cls.root / "data <b>&amp; \"more\""
        harness.run("eoshard-ingest", "--labels", cls.root / "in/clc.tif", "--out", cls.dataset, *cls.products)
        harness.run("eoshard-info", cls.dataset, "--report", cls.root / "report.html")
        cls.page = Page(cls.root / "report.html")
        cls.samples = harness.rows(cls.dataset / "samples.csv")
        cls.rejected = harness.rows(cls.dataset / "rejected.csv")
        cls.classes = harness.manifest(cls.dataset)["classes"]

    def test_it_needs_nothing_from_outside(self):
        references = References(self.page.text)
        for address in references.addresses:
            self.assertRegex(address, r"^(data:|#[a-z]+$)")
        self.assertFalse({"script", "iframe", "object", "embed"} & set(references.tags))
        self.assertIsNone(re.search(r"url\(|@import|https?:", self.page.text))

    def test_a_name_is_text(self):
        self.assertEqual(self.page.words(self.page.tree.find(".//h1")), "data <b>&amp; \"more\"")

    def test_links_lead_somewhere(self):
        ids = [element.get("id") for element in self.page.tree.iter() if element.get("id")]
        self.assertEqual(len(ids), len(set(ids)))
        links = [link.get("href")[1:] for link in self.page.tree.findall(".//nav/a")]
        self.assertEqual(links, ["summary", "classes", "together", "bands", "pictures", "map", "products"])
        self.assertLessEqual(set(links), set(ids))

    def test_it_can_be_heard(self):
        """Pictures have words, tables captions and heads, charts names."""
        for image in self.page.tree.iter("img"):
            self.assertTrue(image.get("alt"))
        for table in self.page.tree.iter("table"):
            self.assertTrue(self.page.words(table.find("caption")))
            for row in table.find("tbody"):
                self.assertEqual([cell.get("scope") for cell in row if cell.tag == "th"], ["row"])
        for chart in self.page.tree.iter("svg"):
            self.assertTrue(chart.get("aria-label") or chart.get("aria-hidden") == "true")
        self.assertEqual(self.page.tree.get("lang"), "en")

    def test_counts_by_split_and_reason(self):
        for table, expected in (("by-split", collections.Counter(row["split"] for row in self.samples)),
                                ("by-reason", collections.Counter(row["reason"] for row in self.rejected))):
            _, rows = self.page.table(table)
            self.assertEqual({row[0]: int(row[2]) for row in rows}, dict(expected))
        self.assertEqual(len(self.page.table("by-reason")[1]), 3, "cloud, snow and no data were asked for")

    def test_counts_by_class(self):
        expected = collections.Counter((label, row["split"]) for row in self.samples for label in row["labels"].split(";"))
        columns, rows = self.page.table("by-class")
        self.assertEqual(columns[5:], SPLITS)
        self.assertEqual([row[1] for row in rows], [name.replace(",", "") for name in self.classes])
        for name, row in zip(self.classes, rows):
            counts = [expected[name, split] for split in SPLITS]
            self.assertEqual([int(cell) for cell in row[5:]], counts)
            self.assertEqual(int(row[3]), sum(counts))

    def test_co_occurrence(self):
        expected = collections.Counter()
        for row in self.samples:
            expected.update(itertools.product(row["labels"].split(";"), repeat=2))
        (table,) = self.page.tree.findall(".//table[@id='co-occurrence']")
        shown = [self.classes[int(self.page.words(cell)) - 1] for cell in table.find("thead/tr")[1:]]
        self.assertEqual(set(shown), {name for name, _ in expected})
        for name, row in zip(shown, table.find("tbody"), strict=True):
            values = [int(cell.find("data").get("value")) for cell in row.findall("td")]
            self.assertEqual(values, [expected[name, other] for other in shown])

    def test_counts_by_product_and_tile(self):
        patches = [(row["product"], row["split"]) for row in self.samples] + [(row["product"], row["reason"]) for row in self.rejected]
        expected = collections.Counter(patches)
        columns, rows = self.page.table("by-product")
        self.assertEqual({row[0] for row in rows}, {product for product, _ in patches})
        for row in rows:
            for category, cell in zip(columns[4:], row[4:], strict=True):
                self.assertEqual(int(cell), expected[row[0], category])
            self.assertEqual(int(row[3]), sum(int(cell) for cell in row[4:]))
        tiles = collections.Counter(row["mgrs_tile"] for row in self.samples)
        self.assertEqual({row[0]: int(row[6]) for row in self.page.table("by-tile")[1]}, dict(tiles))

    def test_statistics_are_the_manifest_s(self):
        splits = harness.manifest(self.dataset)["splits"]
        _, rows = self.page.table("band-statistics")
        self.assertEqual(len(rows), 36)
        for band, split, mean, deviation, minimum, maximum, pixels in rows:
            expected = splits[split]["statistics"][band]
            self.assertAlmostEqual(float(mean), expected["mean"], delta=0.0051)
            self.assertAlmostEqual(float(deviation), expected["standard_deviation"], delta=0.0051)
            self.assertEqual([int(minimum), int(maximum), int(pixels)], [expected[key] for key in ("minimum", "maximum", "pixels")])

    def test_medians_are_numpy_s(self):
        """The dataset is smaller than the sample, so every pixel counts."""
        groups = [zarr.open_group(self.dataset / f"{split}.zarr", mode="r") for split in SPLITS]
        shown = {self.page.words(card.find("figcaption/b")): float(self.page.words(card.find("figcaption/span")).removeprefix("median "))
                 for card in self.page.tree.findall(".//section[@id='bands']//figure")}
        self.assertEqual(len(shown), 12)
        for array, bands in harness.GROUPS.items():
            values = np.concatenate([group[array][:] for group in groups])
            for plane, band in enumerate(bands):
                expected = np.quantile(values[:, plane], 0.5, method="inverted_cdf")
                self.assertAlmostEqual(shown[band], expected / 10000, delta=5.1e-5)

    def test_maps_show_every_patch(self):
        """A pixel a patch; one category has one colour, in all maps and in the legend."""
        colours = {self.page.words(item.find("b")): tuple(map(int, re.findall(r"\d+", item.find("span").get("style"))))
                   for item in self.page.tree.findall(".//section[@id='map']/ul/li")}
        self.assertEqual(len(set(colours.values())), len(colours))
        patches = {(row["product"], int(row["column"]), int(row["row"])): row.get("split") or row["reason"]
                   for row in self.samples + self.rejected}
        seen = 0
        for image, pixels in self.page.images("map"):
            product = re.match(r"Map of (\S+):", image.get("alt"))[1]
            for row, column in np.ndindex(pixels.shape[1:]):
                expected = colours[patches[product, column, row]]
                self.assertEqual(tuple(pixels[:, row, column]), (*expected, 255))
                seen += 1
        self.assertEqual(seen, len(patches))

    def test_pictures_are_the_samples(self):
        """Every class that occurs is seen; each picture is its sample under the one stretch that the page states."""
        low, high = map(float, re.search(r"stored values (\d+) to (\d+)", self.page.text).groups())
        gamma = float(re.search(r"gamma (\d+\.\d+)", self.page.text)[1])
        by_id = {row["patch_id"]: row for row in self.samples}
        groups = {split: zarr.open_group(self.dataset / f"{split}.zarr", mode="r") for split in SPLITS}
        seen = set()
        for image, pixels in self.page.images("pictures"):
            sample = by_id[image.get("title")]
            self.assertEqual(image.get("alt"), f"{sample['patch_id']}: {', '.join(sample['labels'].split(';'))}")
            seen.update(sample["labels"].split(";"))
            values = groups[sample["split"]]["data_10m"][int(sample["index"])][[2, 1, 0]]  # B04, B03, B02
            expected = 255 * np.clip((values - low) / (high - low), 0, 1) ** (1 / gamma)
            self.assertEqual(pixels.shape, (3, 120, 120))
            # JPEG: close on average, colours at half the resolution.
            self.assertLess(np.abs(pixels.mean(0) - expected.mean(0)).mean(), 6)
            np.testing.assert_allclose(pixels.mean((1, 2)), expected.mean((1, 2)), atol=3)
        self.assertEqual(seen, {label for row in self.samples for label in row["labels"].split(";")})

    def test_the_same_dataset_gives_the_same_bytes(self):
        for copy in range(2):
            harness.run("eoshard-info", self.dataset, "--report", self.folder / f"{copy}.html")
            self.assertEqual((self.folder / f"{copy}.html").read_bytes(), (self.root / "report.html").read_bytes())

    def test_a_file_is_not_replaced_unasked(self):
        report = self.folder / "report.html"
        report.write_text("mine")
        result = harness.run("eoshard-info", self.dataset, "--report", report, check=False)
        self.assertEqual((result.returncode, len(harness.errors(result)), report.read_text()), (1, 1, "mine"))
        self.assertIn("use --overwrite", result.stderr)
        harness.run("eoshard-info", self.dataset, "--report", report, "--overwrite")
        self.assertNotEqual(report.read_text(), "mine")

    def test_json_stays_json(self):
        result = harness.run("eoshard-info", self.dataset, "--json", "--report", self.folder / "report.html")
        self.assertEqual(json.loads(result.stdout)["samples"], len(self.samples))
        self.assertTrue((self.folder / "report.html").exists())

    def test_hdf5_alone_gives_the_same_page(self):
        dataset = self.folder / self.dataset.name
        harness.run("eoshard-ingest", "--labels", self.root / "in/clc.tif", "--format", "hdf5", "--out", dataset, *self.products)
        self.assertFalse(list(dataset.glob("*.zarr")))
        harness.run("eoshard-info", dataset, "--report", self.folder / "report.html")
        without_command = re.compile("<dt>Command</dt><dd>.*?</dd>", re.DOTALL)
        self.assertEqual(without_command.sub("", (self.folder / "report.html").read_text()),
                         without_command.sub("", self.page.text))

    def copy_without(self, *patterns):
        dataset = self.folder / "copy"
        shutil.copytree(self.dataset, dataset, ignore=shutil.ignore_patterns(*patterns))
        return dataset

    def test_pixels_that_cannot_be_read_are_said_so(self):
        harness.run("eoshard-info", self.copy_without("data_10m"), "--report", self.folder / "report.html")
        page = Page(self.folder / "report.html")
        notes = page.words(page.tree.find(".//aside"))
        self.assertIn("Pictures and histograms are missing", notes)
        self.assertIn("data_10m", notes)
        self.assertEqual(page.table("by-class"), self.page.table("by-class"))
        self.assertFalse(page.tree.findall(".//section[@id='pictures']"))

    def test_tables_that_do_not_fit_are_named(self):
        dataset = self.copy_without("*.zarr")
        table = dataset / "samples.csv"
        lines = table.read_text().splitlines(keepends=True)
        table.write_text("".join(lines[:-1]))
        harness.run("eoshard-info", dataset, "--report", self.folder / "short.html")
        self.assertIn(f"samples.csv has {sum(row['split'] == 'test' for row in self.samples) - 1} rows of test",
                      (self.folder / "short.html").read_text())
        for place, what in ((",T32", "row 2"), (self.samples[0]["labels"], "no class 'Sea of Tranquillity'")):
            damaged = lines[1].replace(place, ",x,T32" if place == ",T32" else "Sea of Tranquillity", 1)
            table.write_text("".join([lines[0], damaged, *lines[2:]]))
            result = harness.run("eoshard-info", dataset, "--report", self.folder / "never.html", check=False)
            self.assertEqual((result.returncode, len(harness.errors(result))), (1, 1))
            self.assertIn("samples.csv: row 2", result.stderr)
            self.assertIn(what, result.stderr)
            self.assertFalse((self.folder / "never.html").exists())


harness.main()
