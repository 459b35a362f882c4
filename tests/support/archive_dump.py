"""What the sources of libingest/archive read, by tests/archive/dump_archive.cpp."""
import json
import subprocess

import numpy

from tests.support import harness

PROGRAM = harness.BIN.parent / "tests" / "dump_archive"


def run(kind, source, out, *options):
    return subprocess.run([PROGRAM, kind, source, out, *map(str, options)], capture_output=True, text=True, timeout=300)


def dump(kind, source, out, *options):
    """(layout, samples, values of the first array)"""
    result = run(kind, source, out, *options)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    found = json.loads(out.with_suffix(".json").read_text())
    array = found["layout"]["arrays"][0]
    side = array["side_px"]
    values = numpy.fromfile(out.with_suffix(".bin"), f"<u{array['bytes_a_value']}")
    return found["layout"], found["samples"], values.reshape(-1, len(array["bands"]), side, side)


def refusal(test, kind, source, out, *options):
    """The one error message with which an archive is refused."""
    result = run(kind, source, out, *options)
    test.assertEqual((result.returncode, result.stderr.count("\n")), (1, 1), result.stderr)
    return result.stderr
