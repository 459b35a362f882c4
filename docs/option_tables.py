"""Writes the table of options of each program's page, docs/<program>.md, from what the program itself declares.

python docs/option_tables.py BIN --update writes the tables between the pages' markers; without --update it prints them.
BIN is the folder of the programs.
"""
import json
import pathlib
import re
import subprocess
import sys

DOCS = pathlib.Path(__file__).parent
BEGIN, END = "<!-- begin of option_tables.py -->\n", "<!-- end of option_tables.py -->\n"
PROGRAMS = ["eoshard-ingest", "eoshard-plan", "eoshard-pack", "eoshard-info", "eoshard-train", "eoshard-synth"]
KINDS = {"TEXT": "", "INT": "whole number", "UINT": "whole number", "FLOAT": "number", "WHOLE NUMBER": "whole number",
         "NUMBER >= 0": "0 or more"}
UNBOUNDED = 1 << 30


def declared(program, bin_folder):
    """The program's options: names, group, help, value, choices, default_value, is_positional, is_repeatable."""
    command = [pathlib.Path(bin_folder) / program, "--print-interface", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["options"]


def number(text):
    return f"{float(text):,.10g}"


def values(option):
    """What may be given, as a reader says it: choices, a range, or a kind."""
    if option["choices"]:
        return ", ".join(option["choices"])
    found = re.fullmatch(r"(?:U?INT in \[|)(\S+) (?:-|to) ([^\s\]]+)\]?", option["value"])
    if not found:
        return KINDS.get(option["value"], option["value"])
    lowest, highest = found.groups()
    return f"{number(lowest)} or more" if float(highest) >= UNBOUNDED else f"{number(lowest)} to {number(highest)}"


def names(option):
    if option["is_positional"]:
        return f"`{option['names'][0]}{'...' if option['is_repeatable'] else ''}`"
    return ", ".join(f"`{name}`" for name in option["names"])


def row(*cells):
    return "".join(f"| {cell} " if cell else "| " for cell in (one.replace("|", "\\|") for one in cells)) + "|\n"


def row_of(option):
    return row(names(option), values(option), option["default_value"].strip("[]"), option["help"])


def table(options):
    """Grouped as in --help, which is left out itself; what every program has comes last."""
    everywhere = [option for option in options if {"--version", "--verbose"} & set(option["names"])]
    shown = [option for option in options if option not in everywhere and "--help" not in option["names"]]
    text = row("option", "values", "default", "meaning") + "|---|---|---|---|\n"
    for group in dict.fromkeys(option["group"] for option in shown):
        if group != "Options":
            text += row(f"**{group}**", "", "", "")
        for option in shown:
            if option["group"] == group:
                text += row_of(option)
    return text + "".join(map(row_of, everywhere))


def page(program, bin_folder):
    """The path of the program's page, and its text with the table as the program has it."""
    path = DOCS / f"{program}.md"
    text = path.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return path, text[:begin] + table(declared(program, bin_folder)) + text[end:]


if __name__ == "__main__":
    for each in PROGRAMS:
        if "--update" in sys.argv:
            changed, content = page(each, sys.argv[1])
            changed.write_text(content)
        else:
            print(each + "\n\n" + table(declared(each, sys.argv[1])))
