"""Makes image datasets, one folder a class, of any size, format, band count and depth; and packs them."""
import pathlib
import subprocess
import warnings

import numpy


def pixels(draw, side, bands, bits, shape=None):
    """(rows, columns, bands): a smooth ground with noise, so that JPEG has something to keep."""
    rows, columns = shape or (side, side)
    ground = numpy.add.outer(numpy.arange(rows) * draw.integers(1, 4), numpy.arange(columns))[..., None]
    values = (ground + draw.integers(0, 40, (rows, columns, bands)) + 10 * numpy.arange(bands)) % 256
    return (values * (1 if bits == 8 else 157)).astype(numpy.uint8 if bits == 8 else numpy.uint16)


def write(path, values):
    """By Pillow where it can, by rasterio what has many bands or 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if values.dtype == numpy.uint8 and values.shape[2] in (1, 3, 4):
        from PIL import Image
        image = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)
        image.save(path, **({"quality": 90} if path.suffix.lower() in (".jpg", ".jpeg") else {}))
        return
    import rasterio
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="PNG" if path.suffix == ".png" else "GTiff", width=values.shape[1],
                           height=values.shape[0], count=values.shape[2], dtype=values.dtype) as file:
            file.write(values.transpose(2, 0, 1))


def make(folder, classes=("forest", "river", "sea lake"), count=4, side=16, bands=3, bits=8, ending=".jpg", seed=1):
    """<folder>/<class>/<class>_<number><ending>"""
    folder, draw = pathlib.Path(folder), numpy.random.default_rng(seed)
    for name in classes:
        for number in range(count):
            write(folder / name / f"{name}_{number}{ending}", pixels(draw, side, bands, bits))
    return folder


def pack(folder, archive):
    """A tar (compressed as its name says) or zip of the folder's content."""
    if archive.suffix == ".zip":
        subprocess.run(["/usr/bin/python3", "-m", "zipfile", "-c", archive, *sorted(folder.iterdir())], check=True)
    else:
        subprocess.run(["tar", "--auto-compress", "-cf", archive, "-C", folder, "."], check=True)
    return archive
