"""clang-tidy over the sources of libingest, libtrain and tools: tidy.py BUILD [JOBS] [PATTERN of paths].

Most of the time goes into headers, so the sources of a target are read together, as one source that includes them. Where
that does not compile (two use a name for two things), it is cut in halves.
"""
import collections
import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("libingest", "libtrain", "tools")
TOGETHER = 20  # sources; more take no less time, and leave cores without work
TIDY = ["clang-tidy-16", "-quiet", f"--config-file={ROOT}/.clang-tidy", "--checks=-bugprone-suspicious-include"]


def sources_by_target(build, pattern):
    """(target, flags) -> its sources."""
    targets = collections.defaultdict(list)
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"]).relative_to(ROOT)
        if path.parts[0] not in FOLDERS or not re.search(pattern, str(path)):
            continue
        flags, built = entry["command"].split(" -o ")
        targets[built.split(".dir/")[0], flags].append(path)
    return targets


def cut(sources, length):
    return [sources[first:first + length] for first in range(0, len(sources), length)]


def write_together(build, sources):
    path = build / "together" / str(sources[0]).replace("/", "_")
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f'#include "{ROOT / source}"\n' for source in sources))
    return path


def findings(build, flags, sources):
    """What clang-tidy says of the sources, one text a finding."""
    path = ROOT / sources[0] if len(sources) == 1 else write_together(build, sources)
    flags_here = [*shlex.split(flags)[1:], "-Wno-shadow"]  # between sources it is none; the compiler warns of the others
    result = subprocess.run([*TIDY, path, "--", *flags_here], capture_output=True, text=True, cwd=build)
    if "[clang-diagnostic-error]" in result.stdout and len(sources) > 1:
        return [finding for half in cut(sources, (len(sources) + 1) // 2) for finding in findings(build, flags, half)]
    if result.returncode != 0 and not result.stdout:
        return [f"{path}: {result.stderr}"]
    return re.split(r"^(?=\S+:\d+:\d+: (?:error|warning): )", result.stdout.replace(f"{ROOT}/", ""), flags=re.M)


def main(build, jobs="1", pattern=""):
    build, start = pathlib.Path(build).resolve(), time.monotonic()
    groups = [(flags, group) for (_, flags), sources in sources_by_target(build, pattern).items()
              for group in cut(sources, TOGETHER)]
    groups.sort(key=lambda group: -len(group[1]))  # the longest first
    said = set()
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        for found in pool.map(lambda group: findings(build, *group), groups):
            for finding in filter(str.strip, found):
                if finding not in said:
                    print(finding, end="", flush=True)
                said.add(finding)
    count = sum(len(sources) for _, sources in groups)
    print(f"{count} sources read in {time.monotonic() - start:.0f} s: {len(said)} findings")
    return 1 if said or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
