"""Draws the pictures of docs/tutorial.md from what its commands made: tutorial_pictures.py FOLDER, in which they ran.

Needs the project's Python environment, and chromium for the pictures of the two pages.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy
import pandas
import rasterio
import rasterio.vrt
import zarr
from PIL import Image, ImageDraw, ImageFont

PICTURES = pathlib.Path(__file__).with_name("tutorial")
FONT = ImageFont.truetype("DejaVuSans.ttf", 13)
# Scene classes of ESA and land-cover classes of the synthetic raster (grid codes), in colours like those of their makers.
SCENE = {0: ("no data", "#000000"), 3: ("shadow", "#643200"), 4: ("vegetation", "#00a000"), 5: ("bare", "#ffe65a"),
         8: ("cloud, medium", "#808080"), 9: ("cloud, high", "#c0c0c0"), 10: ("cirrus", "#64c8ff"), 11: ("snow", "#ff96ff")}
COVER = {2: ("urban", "#e6004d"), 3: ("industrial", "#cc4df2"), 12: ("arable land", "#ffffa8"), 15: ("vineyards", "#e68000"),
         18: ("pastures", "#e6e64d"), 20: ("complex cultivation", "#ffe6a6"), 23: ("broad-leaved", "#4dc14d"), 24: ("coniferous", "#00a600")}
CROP_PX, PANEL_PX, PATCH_PX, LEGEND_PX = 720, 432, 120, 66


def true_colour(values):
    """(3, rows, columns) reflectance × 10,000, red first, as the eye likes it."""
    scaled = numpy.clip((values.astype(float) - 100) / 2400, 0, 1) ** (1 / 1.6)
    return Image.fromarray((scaled * 255).astype(numpy.uint8).transpose(1, 2, 0))


def coloured(codes, legend):
    picture = numpy.full((*codes.shape, 3), 255, numpy.uint8)
    for code, (_, colour) in legend.items():
        picture[codes == code] = [int(colour[at:at + 2], 16) for at in (1, 3, 5)]
    return Image.fromarray(picture)


def draw_legend(draw, left, codes, legend):
    x, y = left, PANEL_PX + 27
    for code in (code for code in legend if code in codes):
        name, colour = legend[code]
        width = 24 + int(draw.textlength(name, FONT))
        if x + width > left + PANEL_PX:
            x, y = left, y + 18
        draw.rectangle([x, y + 2, x + 10, y + 12], colour, "#666666")
        draw.text((x + 15, y), name, "black", FONT)
        x += width + 4


def band(product, name, folder):
    return rasterio.open(next(product.glob(f"GRANULE/*/IMG_DATA/{folder}/*_{name}_*.jp2")))


def draw_inputs(product, labels, out):
    """True colour with the grid of patches, scene classification and land cover of the product's upper right corner."""
    with band(product, "B04", "R10m") as red:
        side, grid = red.width, {"crs": red.crs, "transform": red.transform, "width": red.width, "height": red.height}
    window = rasterio.windows.Window(side - CROP_PX, 0, CROP_PX, CROP_PX)
    colour = [band(product, name, "R10m").read(1, window=window).astype(int) for name in ("B04", "B03", "B02")]
    half = rasterio.windows.Window((side - CROP_PX) // 2, 0, CROP_PX // 2, CROP_PX // 2)
    scene = band(product, "SCL", "R20m").read(1, window=half)
    with rasterio.open(labels) as raster, rasterio.vrt.WarpedVRT(raster, **grid) as warped:
        cover = warped.read(1, window=window)
    panels = [("true colour, patches of 1,200 m", true_colour(numpy.array(colour) - 1000), {}, ()),
              ("scene classification", coloured(scene, SCENE), SCENE, numpy.unique(scene)),
              ("CORINE raster", coloured(cover, COVER), COVER, numpy.unique(cover))]
    picture = Image.new("RGB", (3 * PANEL_PX + 20, 22 + PANEL_PX + LEGEND_PX), "white")
    draw = ImageDraw.Draw(picture)
    for number, (title, panel, legend, seen) in enumerate(panels):
        left = number * (PANEL_PX + 10)
        picture.paste(panel.resize((PANEL_PX, PANEL_PX), Image.NEAREST if legend else Image.LANCZOS), (left, 22))
        draw.text((left, 2), title, "black", FONT)
        for line in range(0, PANEL_PX + 1, PANEL_PX * PATCH_PX // CROP_PX):
            at = max(0, line - 1)
            draw.line([left + at, 22, left + at, 21 + PANEL_PX], "#888888" if legend else "#ffffff")
            draw.line([left, 22 + at, left + PANEL_PX - 1, 22 + at], "#888888" if legend else "#ffffff")
        draw_legend(draw, left, seen, legend)
    save(picture, out)


def draw_predictions(dataset, table, out, count=8, columns=4, side=190):
    """Test patches that were not given exactly their classes: what was found, missed, and seen where it is not."""
    predictions = pandas.read_csv(table, keep_default_na=False)
    chosen = predictions[predictions.labels != predictions.predicted].head(count)
    pixels = zarr.open_group(dataset / "test.zarr", mode="r")["data_10m"]
    picture = Image.new("RGB", (columns * (side + 90), count // columns * (side + 70)), "white")
    draw = ImageDraw.Draw(picture)
    for number, row in enumerate(chosen.rename(columns={"index": "sample"}).itertuples()):
        left, top = number % columns * (side + 90), number // columns * (side + 70)
        patch = true_colour(pixels[int(row.sample)][[2, 1, 0]])
        picture.paste(patch.resize((side, side), Image.NEAREST), (left, top))
        true, predicted = set(row.labels.split(";")), set(row.predicted.split(";")) - {""}
        lines = [(what, classes, colour) for what, classes, colour in (
            ("", true & predicted, "black"), ("missed: ", true - predicted, "#b00000"), ("wrongly: ", predicted - true, "#b00000"))]
        for line, (what, classes, colour) in enumerate(entry for entry in lines if entry[1]):
            draw.text((left, top + side + 3 + 18 * line), what + ", ".join(sorted(map(first_words, classes))), colour, FONT)
    save(picture, out)


def first_words(name):
    """Of a class's name, enough to know it."""
    return name.split(" or ")[0].removesuffix(" forest").removesuffix(" patterns")


def photograph(page, out, top, width, height):
    """A part of a page of HTML, `top` pixels below its beginning; the folders that it names lose where they are."""
    with tempfile.TemporaryDirectory() as folder:
        whole, copy = pathlib.Path(folder) / "page.png", pathlib.Path(folder) / "page.html"
        copy.write_text(re.sub(r"/[\w/.-]+/(mydata|run1)", r"\1", page.read_text()))
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                        f"--window-size={width},{top + height}", f"--screenshot={whole}", copy.as_uri()],
                       check=True, capture_output=True)
        save(Image.open(whole).convert("RGB").crop((0, top, width, top + height)), out)


def save(picture, out):
    picture.quantize(128, dither=Image.Dither.NONE).save(out, optimize=True)
    print(out, out.stat().st_size)


def main():
    folder = pathlib.Path(sys.argv[1])
    PICTURES.mkdir(exist_ok=True)
    product = sorted(folder.glob("products/*.SAFE"))[1]
    draw_inputs(product, folder / "products/clc.tif", PICTURES / "inputs.png")
    photograph(folder / "report.html", PICTURES / "report.png", 0, 1000, 900)
    photograph(folder / "run1/report.html", PICTURES / "run.png", 1090, 1000, 735)
    draw_predictions(folder / "mydata", folder / "predictions.csv", PICTURES / "predictions.png")


if __name__ == "__main__":
    main()
