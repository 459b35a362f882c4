"""The same bits: on one, two and three ranks, and after an interruption of any kind. With the argument `half` the same of
float16, which CPUs compute slowly."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import training

OPTIONS = dict(epochs=3, batch_size=24, micro_batch_size=4, learning_rate=0.05, threads=1, seed=3)


def ranks_are_equal(data, folder):
    """Six micro-batches on 1, 2, 3 and 4 ranks: even and uneven shares."""
    for ranks in (1, 2, 3, 4):
        training.succeed(data, folder / f"ranks{ranks}", ranks, **OPTIONS)
    one = training.weights(folder / "ranks1")
    for ranks in (2, 3, 4):
        assert training.weights(folder / f"ranks{ranks}") == one, f"{ranks} ranks differ from one"
        assert training.metrics(folder / f"ranks{ranks}") == training.metrics(folder / "ranks1")
    # The comparison can fail: another order of samples gives other weights.
    training.succeed(data, folder / "other", **{**OPTIONS, "seed": 4})
    assert training.weights(folder / "other") != one


def arithmetic_of_gpus_changes_nothing_on_cpus(data, folder):
    out = folder / "arithmetic"
    training.succeed(data, out, **OPTIONS, tf32=True, deterministic=True)
    assert training.weights(out) == training.weights(folder / "ranks1")
    options = json.loads((out / "config.json").read_text())["options"]
    assert options["tf32"] is True and options["deterministic"] is True


def interrupt(data, out, signal_number, lines):
    """Starts the run and sends the signal once metrics.jsonl has that many lines."""
    process = subprocess.Popen(training.command(data, out, **OPTIONS), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    metrics = pathlib.Path(out) / "metrics.jsonl"
    deadline = time.monotonic() + 100
    while process.poll() is None and time.monotonic() < deadline:
        if metrics.exists() and metrics.read_text().count("\n") >= lines:
            process.send_signal(signal_number)
            break
        time.sleep(0.005)
    process.communicate(timeout=100)
    return process.returncode


def resume_is_exact(data, folder):
    whole = folder / "ranks1"
    for name, number, expected in (("usr1", signal.SIGUSR1, 75), ("term", signal.SIGTERM, 75), ("kill", signal.SIGKILL, -9)):
        out = folder / name
        status = interrupt(data, out, number, 2)
        assert status == expected, f"{name}: exit status {status}"
        assert not (out / "result.json").exists()
        if name == "term":
            training.succeed(None, None, resume=out)
        else:
            training.succeed(data, out, **OPTIONS)
        assert training.weights(out) == training.weights(whole), f"{name}: weights differ from the whole run's"
        assert training.metrics(out) == training.metrics(whole), f"{name}: metrics differ from the whole run's"


def threads_stay_as_they_were(data, folder):
    """A run goes on with the threads that it began with, and warns where it is told other ones."""
    out, free = folder / "threads", {name: value for name, value in OPTIONS.items() if name != "threads"}
    assert training.run(data, out, **OPTIONS, time_limit=0.01).returncode == 75
    warned = training.run(data, out, **free, threads=2, time_limit=0.01)
    assert warned.returncode == 75 and "began with 1 threads a rank and goes on with 2" in warned.stderr, warned.stderr
    shutil.rmtree(out)
    assert training.run(data, out, **OPTIONS, time_limit=0.01).returncode == 75
    training.succeed(data, out, **free)
    assert training.weights(out) == training.weights(folder / "ranks1")


def a_damaged_checkpoint_is_passed_over(data, folder):
    out = folder / "damaged"
    assert interrupt(data, out, signal.SIGUSR1, 4) == 75
    newest = sorted((out / "checkpoints").glob("step-*.ckpt"))[-1]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    result = training.run(data, out, **OPTIONS)
    assert result.returncode == 0 and newest.name in result.stderr and "checksum" in result.stderr, result.stderr
    assert training.weights(out) == training.weights(folder / "ranks1")


def blocks_are_exact(data, folder):
    """--shuffle blocks: another order, the same on two ranks and after a stop in the middle of an epoch."""
    options = {**OPTIONS, "shuffle": "blocks", "shuffle_block": 8, "shuffle_window": 3}
    training.succeed(data, folder / "blocks", **options)
    assert training.weights(folder / "blocks") != training.weights(folder / "ranks1")
    status = training.run(data, folder / "blocks-stopped", **options, time_limit=0.01).returncode
    assert status == 75, status
    assert not (folder / "blocks-stopped" / "metrics.jsonl").exists(), "the first epoch was not interrupted"
    training.succeed(data, folder / "blocks-stopped", 2, **options)
    assert training.weights(folder / "blocks-stopped") == training.weights(folder / "blocks")


def half_precision_scales_its_loss(data, folder):
    """Float16 learns what float32 learns, up to its rounding, on any ranks and after a stop; its scale is kept."""
    options = {**OPTIONS, "epochs": 2, "batch_size": 12, "learning_rate": 1e-3, "optimizer": "adamw"}
    single = training.succeed(data, folder / "fp32", **options)
    options["precision"] = "fp16"
    half = training.succeed(data, folder / "fp16", **options)
    assert abs(half["last"]["loss"] - single["last"]["loss"]) < 0.05, (half["last"]["loss"], single["last"]["loss"])
    assert training.weights(folder / "fp16") != training.weights(folder / "fp32")
    training.succeed(data, folder / "fp16-ranks", 2, **options)
    assert training.weights(folder / "fp16-ranks") == training.weights(folder / "fp16")
    status = training.run(data, folder / "fp16-stopped", **options, time_limit=0.01).returncode
    assert status == 75, status
    training.succeed(data, folder / "fp16-stopped", **options)
    assert training.weights(folder / "fp16-stopped") == training.weights(folder / "fp16")
    newest = sorted((folder / "fp16" / "checkpoints").glob("step-*.ckpt"))[-1].read_bytes()
    scale = json.loads(json.loads(newest[8:8 + int.from_bytes(newest[:8], "little")])["__metadata__"]["position"])["loss_scale"]
    assert 1 <= scale <= 65536, scale


def main():
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        if sys.argv[1:] == ["half"]:
            half_precision_scales_its_loss(training.make_dataset(folder / "data", 31, 11, 10), folder)
            return 0
        data = training.make_dataset(folder / "data", 103, 21, 10)
        ranks_are_equal(data, folder)
        arithmetic_of_gpus_changes_nothing_on_cpus(data, folder)
        resume_is_exact(data, folder)
        threads_stay_as_they_were(data, folder)
        a_damaged_checkpoint_is_passed_over(data, folder)
        blocks_are_exact(data, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
