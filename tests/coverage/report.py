"""What the tests have run of a build with EOSHARD_COVERAGE, by folder: report.py BUILD [--jobs N] [--worst N].

Prints a table of Markdown and the N files with the most lines that no test has run. BUILD/coverage.json has every file.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
LIBRARIES = ("libingest", "libtrain", "tools")
COUNTED = ("line_covered", "line_total", "branch_covered", "branch_total")


def measure(build, jobs):
    """One record a file, as gcovr counts. Branches of exceptions that any call may throw are left out,
    and counts of billions are no mistake: so often random numbers are drawn."""
    summary = build / "coverage.json"
    filters = [argument for library in LIBRARIES for argument in ("--filter", f"{SOURCE}/{library}/")]
    subprocess.run([sys.executable, "-m", "gcovr", "--root", SOURCE, *filters, "-j", str(jobs), "--merge-lines",
                    "--exclude-throw-branches", "--exclude-unreachable-branches", "--gcov-suspicious-hits-threshold", "0",
                    "--json-summary", summary, build], check=True)
    return json.loads(summary.read_text())["files"]


def folder_of(path):
    """libingest/shard, or libtrain for a file in the library's root; tools/eoshard-pack."""
    parts = pathlib.PurePath(path).parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def sum_by(files, key):
    sums = collections.defaultdict(collections.Counter)
    for file in files:
        sums[key(file["filename"])].update({name: file[name] for name in COUNTED})
    return sums


def percent(covered, total):
    return f"{100 * covered / total:.1f}" if total else "-"


def row(name, sums):
    return (f"| {name} | {percent(sums['line_covered'], sums['line_total'])} | {sums['line_total']} "
            f"| {percent(sums['branch_covered'], sums['branch_total'])} | {sums['branch_total']} |")


def table(files):
    lines = ["| folder | lines run, % | of | branches taken, % | of |", "|---|---|---|---|---|"]
    lines += [row(f"`{folder}`", sums) for folder, sums in sorted(sum_by(files, folder_of).items())]
    whole = sum_by(files, lambda path: path.split("/")[0])
    lines += [row(f"all of `{library}`", whole[library]) for library in LIBRARIES if library in whole]
    return "\n".join(lines)


def worst(files, count):
    by_gap = sorted(files, key=lambda file: file["line_covered"] - file["line_total"])[:count]
    return "\n".join(f"{file['filename']}: {file['line_total'] - file['line_covered']} of {file['line_total']} lines not run"
                     for file in by_gap)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--worst", type=int, default=10)
    options = parser.parse_args()
    files = measure(options.build, options.jobs)
    print(table(files), worst(files, options.worst), sep="\n\n")


main()
