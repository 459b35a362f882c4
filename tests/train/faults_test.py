"""A rank that dies or stops at a random step ends all of them with an error that names it, and the run goes on exactly;
ranks that disagree, and launchers without MPI, are refused."""

import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

import training

TIMEOUT_S = 10
OPTIONS = dict(epochs=3, batch_size=24, micro_batch_size=4, learning_rate=0.05, threads=1, seed=3)


def is_alive(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def lose_a_rank(data, out, number, rank, steps):
    """Sends the signal to one of three ranks once the run has taken so many steps; returns stderr and the seconds that
    the others went on."""
    line = training.command(data, out, 3, **OPTIONS, rank_timeout=TIMEOUT_S, trace=True)
    launcher = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    trace = out / "trace.jsonl"
    while launcher.poll() is None and not (trace.exists() and trace.read_text().count("\n") >= steps):
        time.sleep(0.01)
    processes = training.ranks_below(launcher.pid)
    assert launcher.poll() is None and len(processes) == 3, (processes, launcher.communicate())
    begin = time.monotonic()
    os.kill(processes[rank], number)
    errors = launcher.communicate(timeout=120)[1]
    seconds = time.monotonic() - begin
    assert launcher.returncode != 0, errors
    deadline = time.monotonic() + 10
    while any(map(is_alive, processes.values())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, processes.values())), "a rank lives on"
    assert f"rank {rank} " in errors, errors
    if number == signal.SIGSTOP:
        assert f"rank {rank} (process {processes[rank]}" in errors and "is lost" in errors, errors
    return seconds


def lost_ranks_end_all(data, folder, times):
    whole = folder / "whole"
    training.succeed(data, whole, 3, **OPTIONS)
    choice = random.Random(7)
    for turn in range(times):
        number = signal.SIGKILL if turn % 2 else signal.SIGSTOP
        rank, steps = turn // 2 % 3, choice.randint(1, 9)
        out = folder / f"lost{turn}"
        seconds = lose_a_rank(data, out, number, rank, steps)
        assert seconds < TIMEOUT_S * 5, seconds
        training.succeed(data, out, 3, **OPTIONS)
        assert training.weights(out) == training.weights(whole), f"turn {turn}: other weights after going on"


def refuse_pair(first, second, name, said):
    """Two ranks with a command line each."""
    result = subprocess.run(["mpirun", "--bind-to", "none", "-n", "1", *first, ":", "-n", "1", *second],
                            capture_output=True, text=True, timeout=120)
    assert result.returncode != 0, name
    assert result.stderr.count("error:") == 1 and "rank 1" in result.stderr and said in result.stderr, (name, result.stderr)


def disagreeing_ranks_are_refused(data, folder):
    other = training.make_dataset(folder / "other-data", 61, 5, 5)
    for name, line, said in (
            ("options", training.command(data, folder / "refused", **{**OPTIONS, "learning_rate": 0.01}), "learning_rate"),
            ("threads", training.command(data, folder / "refused", **{**OPTIONS, "threads": 2}), "threads"),
            ("time-out", training.command(data, folder / "refused", **OPTIONS) + ["--rank-timeout", "0"], "--rank-timeout 0"),
            ("work", training.command(data, folder / "refused", **OPTIONS) + ["--print-schedule"], "--print-schedule"),
            ("folder", training.command(data, folder / "elsewhere", **OPTIONS), "elsewhere"),
            ("checkpoints", training.command(data, folder / "refused", **OPTIONS, checkpoint_every_steps=2), "checkpoint_every_steps"),
            ("dataset", training.command(other, folder / "refused", **OPTIONS), "another dataset")):
        refuse_pair(training.command(data, folder / "refused", **OPTIONS), line, name, said)
    evaluation = training.command(data, None, evaluate=folder / "refused")
    refuse_pair(evaluation, training.command(data, None, evaluate=folder / "refused", split="train"), "split", "--split 'train'")
    refuse_pair(evaluation, training.command(other, None, evaluate=folder / "refused"), "evaluated dataset", "another dataset")
    assert not (folder / "refused").exists() and not (folder / "elsewhere").exists(), "refused ranks left a folder"


def a_launcher_without_mpi_is_refused(data, folder):
    result = subprocess.run(training.command(data, folder / "refused", **OPTIONS), capture_output=True, text=True,
                            timeout=60, env={**os.environ, "RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0"})
    assert result.returncode == 2 and "mpirun -n 2" in result.stderr, result.stderr


def gpu_ranks_meet_without_mpi(data, folder):
    """Where there is no GPU they agree on that: one error for all."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    line = training.command(data, folder / "refused", **OPTIONS, device="cuda")
    ranks = [subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "3", "LOCAL_RANK": str(rank),
                                   "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}) for rank in range(3)]
    errors = [rank.communicate(timeout=100)[1] for rank in ranks]
    if any("NCCL" in error or "nccl" in error for error in errors):
        return  # a GPU is there, but not one for each
    assert [rank.returncode for rank in ranks] == [2, 2, 2], errors
    assert "--device cuda" in errors[0] and "".join(errors).count("error:") == 1, errors
    lonely = subprocess.run(line, capture_output=True, text=True, timeout=60,
                            env={**os.environ, "RANK": "0", "WORLD_SIZE": "3", "LOCAL_RANK": "0"})
    assert lonely.returncode == 2 and "MASTER_ADDR is not set" in lonely.stderr, lonely.stderr


def embedding_counts_as_progress(folder):
    """A pass over the samples takes longer than the time-out, and the ranks meet behind it."""
    data = training.make_dataset(folder / "large", 480, 0, 2, "sentinel", 120)
    options = dict(threads=1, micro_batch_size=4)
    training.succeed(data, folder / "large-run", **options, model="resnet50", batch_size=4, max_steps=1)
    training.succeed(data, None, 2, **options, evaluate=folder / "large-run", split="train", embeddings=folder / "e.npy",
                     rank_timeout=4)


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        data = training.make_dataset(folder / "data", 103, 21, 10)
        a_launcher_without_mpi_is_refused(data, folder)
        gpu_ranks_meet_without_mpi(data, folder)
        disagreeing_ranks_are_refused(data, folder)
        embedding_counts_as_progress(folder)
        lost_ranks_end_all(data, folder, times)
    return 0


if __name__ == "__main__":
    sys.exit(main())
