"""Stands in for a program in the tests of the documentation: the real one with the sizes of a command cut.

small.py PATH-OF-PROGRAM ARGUMENT... : names, files and all other options stay as the page gives them.
"""
import os
import sys

MOST = {"mpirun": {"-n": 2}, "eoshard-synth": {"--size": 600}, "eoshard-train": {"--batch-size": 8, "--time-limit": 0.01}}
TRAINS_NOT = {"--evaluate", "--resume", "--max-steps", "--print-schedule", "--print-slurm", "--benchmark-input",
              "--benchmark-step", "--benchmark-collectives", "--version", "--help"}


def cut(program, arguments):
    """The arguments with large numbers made small, and with those that a small run needs besides."""
    most = MOST.get(program, {})
    for at in range(len(arguments) - 1):
        limit = most.get(arguments[at])
        if limit and arguments[at + 1].isdigit():
            arguments[at + 1] = str(min(limit, int(arguments[at + 1])))
    if program == "eoshard-synth" and "--size" not in arguments:
        arguments += ["--size", str(most["--size"])]
    if program == "eoshard-train":
        arguments = ["resnet18" if argument == "resnet50" else argument for argument in arguments]
        if not TRAINS_NOT & set(arguments):
            arguments += ["--max-steps", "2"]
    return arguments


if __name__ == "__main__":
    program_path = sys.argv[1]
    os.execv(program_path, [program_path, *cut(os.path.basename(program_path), sys.argv[2:])])
