"""The messages that docs/troubleshooting.md explains are those that the programs print."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


def literals(source):
    """String literals of C++ source, those that follow one another joined."""
    parts = re.findall(r'"((?:[^"\\\n]|\\.)*)"(\s*(?="))?', source)
    joined, text = [], ""
    for part, goes_on in parts:
        text += part
        if not goes_on:
            joined.append(text)
            text = ""
    return joined


class Messages(unittest.TestCase):
    def test_every_message_is_in_the_source(self):
        page = (harness.SOURCE / "docs/troubleshooting.md").read_text()
        quoted = re.findall(r"^(?:\| |- \*)`([^`]+)`", page, flags=re.M)
        self.assertGreater(len(quoted), 10)
        source = "\n".join(text for folder in ("libingest", "libtrain", "tools") for path in (harness.SOURCE / folder).rglob("*.cpp")
                           for text in literals(path.read_text()))
        for message in quoted:
            self.assertIn(message, source)


harness.main()
