"""Makes image datasets, one folder a class, of any size, format, band count and depth; and packs them."""
import pathlib
import struct
import subprocess
import warnings
import zlib

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


def stored_rar(files):
    """A RAR 4 archive of uncompressed files: marker, archive header, a header before each file, end."""
    def block(kind, flags, fields):
        body = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
        return struct.pack("<H", zlib.crc32(body) & 0xffff) + body
    blocks = [b"Rar!\x1a\x07\x00", block(0x73, 0, bytes(6))]
    for name, content in files.items():
        path, unix, version, stored = name.encode(), 3, 20, 0x30
        blocks += [block(0x74, 0x8000, struct.pack("<IIBIIBBHI", len(content), len(content), unix, zlib.crc32(content), 0x21,
                                                   version, stored, len(path), 0o100644) + path), content]
    return b"".join([*blocks, block(0x7b, 0x4000, b"")])


def pack(folder, archive):
    """A tar (compressed as its name says), zip or rar of the folder's content."""
    if archive.suffix == ".rar":
        archive.write_bytes(stored_rar({str(file.relative_to(folder)): file.read_bytes()
                                        for file in sorted(folder.rglob("*")) if file.is_file()}))
    elif archive.suffix == ".zip":
        subprocess.run(["/usr/bin/python3", "-m", "zipfile", "-c", archive, *sorted(folder.iterdir())], check=True)
    else:
        subprocess.run(["tar", "--auto-compress", "-cf", archive, "-C", folder, "."], check=True)
    return archive
