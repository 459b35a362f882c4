"""Gradients between ranks: while backward goes on, in any buckets, exactly or fast, over float32 or bfloat16."""

import json
import pathlib
import subprocess
import sys

import numpy

import training

OPTIONS = dict(epochs=1, batch_size=32, micro_batch_size=4, learning_rate=0.05, threads=1, seed=3)


def values(out):
    """All learnt values of weights.safetensors in one vector."""
    content = training.weights(out)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    header.pop("__metadata__", None)
    parts = []
    for name in sorted(header):
        begin, end = header[name]["data_offsets"]
        if header[name]["dtype"] == "F32" and "running_" not in name:
            parts.append(numpy.frombuffer(content[8 + length + begin:8 + length + end], numpy.float32))
    return numpy.concatenate(parts).astype(float)


def difference(begin, one, other):
    """Of two updates of the same weights, as a share of the first one's norm."""
    return float(numpy.linalg.norm(values(one) - values(other)) / numpy.linalg.norm(values(one) - values(begin)))


def buckets_start_before_backward_ends(data, folder):
    training.succeed(data, folder / "traced", 2, **OPTIONS, max_steps=2, bucket_mb=4, trace=True)
    lines = [json.loads(line) for line in (folder / "traced" / "trace.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2], lines
    for line in lines:
        *early, last = line["buckets"]
        assert len(early) >= 3, line
        launched, started = ([times[name] for times in line["buckets"]] for name in ("launched_s", "started_s"))
        assert launched == sorted(launched) and 0 <= launched[0] and launched[len(early) - 1] < line["backward_ended_s"], line
        assert started == sorted(started) and started[0] < line["backward_ended_s"], line
        assert all(times["launched_s"] <= times["started_s"] <= times["ended_s"] for times in line["buckets"]), line
        assert last["launched_s"] >= line["backward_ended_s"], line
        assert sum(times["bytes"] for times in line["buckets"]) > 44e6, line  # resnet18


def exact_bits_are_those_of_one_rank(data, folder):
    """Eight micro-batches, in even and uneven shares, in buckets of other sizes."""
    training.succeed(data, folder / "one", **OPTIONS, max_steps=2)
    for ranks in (3, 8):
        training.succeed(data, folder / f"exact{ranks}", ranks, **OPTIONS, max_steps=2, bucket_mb=1)
        assert training.weights(folder / f"exact{ranks}") == training.weights(folder / "one"), ranks
    assert training.weights(folder / "traced") == training.weights(folder / "one")


def others_are_near(data, folder):
    options = {**OPTIONS, "max_steps": 1, "warmup_epochs": 0}
    training.succeed(data, folder / "begin", **{**options, "learning_rate": 0})
    training.succeed(data, folder / "step", **options)
    training.succeed(data, folder / "fast", 2, **options, reduction="fast")
    training.succeed(data, folder / "bf16", 2, **options, wire="bf16")
    fast, rounded = (difference(folder / "begin", folder / "step", folder / name) for name in ("fast", "bf16"))
    print(f"updates differ from the exact one by {fast:.2g} (fast), {rounded:.2g} (bf16)")
    assert fast < 1e-6, fast
    assert 1e-4 < rounded < 1e-2, rounded
    options = json.loads((folder / "bf16" / "config.json").read_text())["options"]
    assert (options["reduction"], options["wire"]) == ("fast", "bf16"), options


def contradictions_are_refused(data, folder):
    result = training.run(data, folder / "refused", **OPTIONS, reduction="exact", wire="bf16")
    assert result.returncode == 2 and "--reduction fast" in result.stderr, result.stderr
    assert training.run(data, folder / "stopped", **OPTIONS, time_limit=0.01).returncode == 75
    result = training.run(data, folder / "stopped", **OPTIONS, reduction="fast")
    assert result.returncode == 2 and "reduction" in result.stderr, result.stderr


def collectives_are_timed():
    assert subprocess.run([training.TRAIN, "--benchmark-collectives"], capture_output=True).returncode == 2  # one rank
    result = subprocess.run(["mpirun", "-n", "2", "--bind-to", "none", training.TRAIN, "--benchmark-collectives"],
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0 and "bus GB/s" in result.stderr, result.stderr
    report = json.loads(result.stdout)
    sizes = [row["bytes"] for row in report["rows"] if (row["back_end"], row["reduction"]) == ("mpi", "exact")]
    assert report["ranks"] == 2 and sizes[0] == 4 and sizes[-1] == 64 << 20, report
    for row in report["rows"]:
        assert row["latency_us"] > 0, row
        assert abs(row["bus_gb_per_s"] - row["bytes"] / row["latency_us"] / 1e3) < 1e-9 + row["bus_gb_per_s"] * 1e-6, row


def main():
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        data = training.make_dataset(folder / "data", 67, 5, 5)
        buckets_start_before_backward_ends(data, folder)
        exact_bits_are_those_of_one_rank(data, folder)
        others_are_near(data, folder)
        collectives_are_timed()
        contradictions_are_refused(data, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
