"""Makes SAT-4 and SAT-6 archives of any size: the authors' .mat file (written by scipy) and Kaggle's CSV pairs.

As a program: sat_files.py CLASSES SAMPLES OUT [--compress] writes OUT.mat, or the pairs into OUT if that does not end in
.mat; a fifth of the samples is the test split's.
"""
import argparse
import pathlib

import numpy
import scipy.io

SIDE, BANDS, BLOCK = 28, 4, 10_000


def images(count, seed):
    """(N, 4, 28, 28) uint8: coarse squares with noise on them, which deflate to about nine tenths as real ones do."""
    draw = numpy.random.default_rng(seed)
    values = numpy.empty((count, BANDS, SIDE, SIDE), numpy.uint8)
    for begin in range(0, count, BLOCK):
        block = values[begin:begin + BLOCK]
        squares = draw.integers(20, 200, (len(block), BANDS, SIDE // 7, SIDE // 7), numpy.uint8)
        block[:] = squares.repeat(7, 2).repeat(7, 3) + draw.integers(0, 48, block.shape, numpy.uint8)
    return values


def labels(count, classes, seed):
    return numpy.random.default_rng(seed).integers(0, classes, count)


def make(classes, train, test, seed=1):
    """{"train": (images, labels), "test": …}"""
    return {split: (images(count, seed + offset), labels(count, classes, seed + 2 + offset))
            for offset, (split, count) in enumerate({"train": train, "test": test}.items())}


def one_hot(numbers, classes):
    return (numpy.arange(classes)[:, None] == numbers).astype(numpy.uint8)


def write_mat(path, data, classes, compress=False, **more):
    """28 × 28 × 4 × N and classes × N, as the authors' files; `more` are further variables."""
    variables = {"annotations": numpy.array(["of", "no", "use"], object)}
    for split, (pixels, numbers) in data.items():
        variables[f"{split}_x"] = pixels.transpose(2, 3, 1, 0)
        variables[f"{split}_y"] = one_hot(numbers, classes)
    scipy.io.savemat(path, {**variables, **more}, do_compression=compress)


def write_csv(folder, data, classes, suffix):
    """X_train_<suffix>.csv and the other three: 28 × 28 × 4 = 3,136 columns."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for split, (pixels, numbers) in data.items():
        rows = pixels.transpose(0, 2, 3, 1).reshape(len(pixels), -1)
        write_rows(folder / f"X_{split}_{suffix}.csv", rows)
        write_rows(folder / f"y_{split}_{suffix}.csv", one_hot(numbers, classes).T)


def write_rows(path, rows):
    texts = [str(value) for value in range(256)]
    with open(path, "w", encoding="ascii") as file:
        for row in rows:
            file.write(",".join([texts[value] for value in row.tolist()]) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("classes", type=int)
    parser.add_argument("samples", type=int)
    parser.add_argument("out")
    parser.add_argument("--compress", action="store_true")
    given = parser.parse_args()
    held_out = given.samples // 5
    made = make(given.classes, given.samples - held_out, held_out)
    if given.out.endswith(".mat"):
        write_mat(given.out, made, given.classes, given.compress)
    else:
        write_csv(given.out, made, given.classes, f"sat{given.classes}")
