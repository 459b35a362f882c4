"""Reads every #include of the libraries and fails when a folder sees what it must not (docs/architecture.md)."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

INCLUDE = re.compile(r'^\s*#include\s+(?:"(?P<own>[^"]+)"|<(?P<other>[^>]+)>)', re.MULTILINE)
EVERYWHERE = {"core"}
SUPPORT = {"core", "mpi", "gdal"}                      # wrappers that steps may stand on
PAGE = "pipeline"                                      # the folder of libingest that sees every step; libtrain's root does
TRAIN_MAY_SEE = {"core", "mpi", "shard", "resample", "table"}
# Third-party headers: pattern -> folders of the libraries that may include them.
OWNERS = [
    (re.compile(r"^(gdal|ogr|cpl_)"), {"libingest/gdal", "libingest/product", "libingest/decode", "libingest/label", "libingest/archive"}),
    (re.compile(r"^(hdf5|H5|zstd|isa-l)"), {"libingest/shard"}),
    (re.compile(r"^(arrow|parquet)/"), {"libingest/table"}),
    (re.compile(r"^openssl/"), {"libingest/core"}),
    (re.compile(r"^archive(_entry)?\.h$"), {"libingest/table", "libingest/archive"}),
    (re.compile(r"^tiff"), {"libingest/archive"}),
    (re.compile(r"^(tbb|oneapi)/"), {"libingest/pipeline"}),
    (re.compile(r"^nccl"), {"libtrain/dist"}),
    (re.compile(r"^mpi\.h$"), {"libingest/mpi", "libtrain/dist"}),
    (re.compile(r"^(torch|ATen|c10)/"), {"libtrain"}),
]


def sources():
    for library in ("libingest", "libtrain"):
        for path in sorted((harness.SOURCE / library).rglob("*")):
            if path.suffix in {".hpp", ".cpp", ".cu", ".cuh"}:
                yield path.relative_to(harness.SOURCE)


def folder_of(path):
    """("libingest", "shard"); ("libtrain", "") for a file in the library's root."""
    parts = pathlib.PurePath(path).parts
    return parts[0], parts[1] if len(parts) > 2 else ""


def own_violation(path, include):
    library, folder = folder_of(path)
    if not include.startswith(("libingest/", "libtrain/")):
        return f"{path} includes {include}: includes are paths from the repository root, tools and tests stay outside"
    other_library, other = folder_of(include)
    if library == "libingest" and other_library == "libtrain":
        return f"{path}: libingest never includes libtrain"
    if library == "libtrain" and other_library == "libingest":
        return None if other in TRAIN_MAY_SEE else f"{path}: libtrain may not include libingest/{other}"
    allowed = folder == PAGE or (library == "libtrain" and folder == "") or other in EVERYWHERE or other == folder or (library == "libingest" and other in SUPPORT)
    return None if allowed else f"{path}: step {folder} includes its sibling {other}"


def third_party_violation(path, include):
    for pattern, owners in OWNERS:
        if pattern.match(include) and not any(str(path).startswith(owner + "/") for owner in owners):
            return f"{path} includes <{include}>, which belongs to {', '.join(sorted(owners))}"
    return None


def violations():
    for path in sources():
        text = (harness.SOURCE / path).read_text()
        for match in INCLUDE.finditer(text):
            problem = (own_violation(path, match["own"]) if match["own"] else third_party_violation(path, match["other"]))
            if problem:
                yield problem


class IncludeGraph(unittest.TestCase):
    def test_steps_do_not_see_each_other(self):
        self.assertEqual(list(violations()), [])

    def test_violations_are_found(self):
        decode, model = pathlib.Path("libingest/decode/a.cpp"), pathlib.Path("libtrain/model/a.cpp")
        self.assertIsNotNone(own_violation(decode, "libingest/shard/codec.hpp"))
        self.assertIsNotNone(own_violation(decode, "libtrain/model/resnet.hpp"))
        self.assertIsNotNone(own_violation(model, "libingest/decode/band_reader.hpp"))
        self.assertIsNotNone(own_violation(decode, "tools/common/program.hpp"))
        self.assertIsNotNone(third_party_violation(decode, "zstd.h"))
        self.assertIsNotNone(third_party_violation(decode, "tbb/parallel_for.h"))
        self.assertIsNone(own_violation(decode, "libingest/core/error.hpp"))
        self.assertIsNone(own_violation(model, "libingest/shard/shard_reader.hpp"))
        self.assertIsNotNone(own_violation(model, "libtrain/dist/collective.hpp"))
        self.assertIsNotNone(own_violation(model, "libtrain/trainer.hpp"))
        self.assertIsNone(own_violation(pathlib.Path("libtrain/trainer.cpp"), "libtrain/dist/collective.hpp"))

    def test_file_names_are_unique(self):
        seen = {}
        for path in sources():
            self.assertNotIn(path.name, seen, f"{path} and {seen.get(path.name)} share a name")
            seen[path.name] = path


harness.main()
