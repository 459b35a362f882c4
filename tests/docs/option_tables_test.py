"""The tables of options on the programs' pages are those that the programs declare."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from docs import option_tables  # noqa: E402
from tests.support import harness  # noqa: E402


class OptionTables(unittest.TestCase):
    def test_pages_are_up_to_date(self):
        for program in option_tables.PROGRAMS:
            with self.subTest(program):
                path, text = option_tables.page(program, harness.BIN)
                self.assertEqual(path.read_text(), text, f"run: python docs/option_tables.py {harness.BIN} --update")

    def test_every_program_has_a_page(self):
        built = {path.name for path in harness.BIN.iterdir() if path.name.startswith("eoshard-")}
        self.assertEqual(built, set(option_tables.PROGRAMS))


harness.main()
