"""A fuzz target on its seeds, on what it was once found to fail on, and on changes of them: fuzz_test.py TARGET SEEDS.

libFuzzer's target is run where `make fuzz` has built it, else, or if EOSHARD_FUZZ_REPLAY is set, the replay of this build. What ends a target is copied
into the folder EOSHARD_FUZZ_FINDINGS (default /tmp).
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

SECONDS = int(os.environ.get("EOSHARD_FUZZ_SECONDS", "20"))
FINDINGS = pathlib.Path(os.environ.get("EOSHARD_FUZZ_FINDINGS", "/tmp"))
LIBFUZZER = harness.SOURCE / "build/fuzz/tests"
TARGET, SEEDS = sys.argv[1], pathlib.Path(sys.argv[2])
del sys.argv[1:]


def command(corpus):
    """Of the target, and whether it is libFuzzer's."""
    fuzzer = LIBFUZZER / f"fuzz_{TARGET}"
    if fuzzer.exists() and "EOSHARD_FUZZ_REPLAY" not in os.environ:
        return [fuzzer, f"-max_total_time={SECONDS}", "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1",
                f"-artifact_prefix={corpus.parent}/last-", corpus], True
    return [harness.BIN.parent / "tests" / f"fuzz_{TARGET}", corpus, str(SECONDS)], False


class Fuzz(harness.FolderTest):
    def gather_corpus(self):
        corpus = self.folder / "corpus"
        shutil.copytree(SEEDS / TARGET, corpus)
        for found in (pathlib.Path(__file__).parent / "corpus" / TARGET).glob("*"):
            shutil.copy(found, corpus / found.name)
        return corpus

    def keep_findings(self):
        """Where the input lies that ended the target."""
        kept = [shutil.copy(found, FINDINGS / f"eoshard-fuzz-{TARGET}-{found.name}") for found in self.folder.glob("last-*")]
        return ", ".join(map(str, kept))

    def test_no_input_ends_the_target(self):
        arguments, is_libfuzzer = command(self.gather_corpus())
        [product] = (SEEDS / "whole_product").iterdir()
        options = (harness.SOURCE / "tests/sanitize/leaks.supp").resolve()
        result = subprocess.run(arguments, capture_output=True, text=True, errors="replace", timeout=300 + SECONDS,
                                env={**os.environ, "EOSHARD_FUZZ_PRODUCT": str(product), "TMPDIR": str(self.folder),
                                     "LSAN_OPTIONS": f"suppressions={options}:print_suppressions=0"})
        if result.returncode:
            self.fail(f"{TARGET}: exit status {result.returncode} on {self.keep_findings()}:\n{result.stderr[-6000:]}")
        figures = [line for line in result.stderr.splitlines() if line.startswith("stat::number_of_executed_units")]
        print(TARGET, "libFuzzer" if is_libfuzzer else "replay", figures[0].split()[-1] if figures else result.stdout.strip())


harness.main()
