"""--print-slurm: slurm/train.sh for one configuration, in one file."""
import os
import pathlib
import subprocess
import sys
import tempfile

import training

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "slurm"
WANTED = dict(model="resnet50", batch_size=4096, optimizer="lars", where="name=a b")


def script(**options):
    return training.run("some data", "run", print_slurm=True, **{**WANTED, **options})


def the_lines_are_those_that_were_asked_for():
    text = script(nodes=32, gpus_per_node=4).stdout
    here = pathlib.Path.cwd()
    for line in ("#SBATCH --nodes=32", "#SBATCH --ntasks-per-node=4", "#SBATCH --gpus-per-node=4", f"DATA='{here}/some data'",
                 f"OUT={here}/run", "OPTIONS=(--model resnet50 --batch-size 4096 --optimizer lars --where 'name=a b' --device cuda)"):
        assert line in text.splitlines(), (line, text)
    assert training.run("some data", "run", **{**WANTED, "print-slurm=true": True}).stdout == script().stdout
    text = script(nodes=2).stdout
    assert "--gpus-per-node" not in text and "--device" not in text, text


def what_sbatch_wants_is_written():
    wanted = dict(time="2-12:00:00", partition="gpu,big", account="eo-1", cpus_per_task=16)
    lines = script(**wanted).stdout.splitlines()
    for name, value in wanted.items():
        option = name.replace("_", "-")
        assert [line for line in lines if line.startswith(f"#SBATCH --{option}=")] == [f"#SBATCH --{option}={value}"], lines
        assert f"--{option} " not in "".join(line for line in lines if line.startswith("OPTIONS=")), lines
    for time in ("3", "2:01", "0:02:01", "0-1", "1-0"):
        assert script(time=time).returncode == 0, time
    for time in ("2", "1:59", "0:02:00", "0-0:02"):
        assert "asked to stop 120 s before" in script(time=time).stderr, time
    for wrong in (dict(time="2"), dict(time="1h"), dict(partition="a b"), dict(account="x\n#SBATCH --nodes=9")):
        assert script(**wrong).returncode == 2, wrong


def files_are_named_by_their_full_paths():
    pathlib.Path("options.toml").write_text('init = "weights.safetensors"\n')
    lines = script(config="options.toml", init="w.safetensors").stdout.splitlines()
    here = pathlib.Path.cwd()
    [options] = [line for line in lines if line.startswith("OPTIONS=")]
    assert f"--config {here}/options.toml" in options and f"--init {here}/w.safetensors" in options, options


def what_would_waste_a_job_is_refused():
    cases = {"would throw away": dict(overwrite=True), "GPUs of --gpus-per-node 4 idle": dict(gpus_per_node=4, device="cpu"),
             "needs --gpus-per-node": dict(device="cuda"), "--benchmark-step": dict(benchmark_step=True),
             "--benchmark-collectives": dict(benchmark_collectives=True)}
    for message, options in cases.items():
        result = script(**options)
        assert result.returncode == 2 and message in result.stderr and not result.stdout, (message, result.stderr)
    result = script(nodes=64, gpus_per_node=4)
    assert result.returncode == 0 and "of 256 ranks 128 would have nothing to do" in result.stderr, result.stderr
    assert "nothing to do" not in script(nodes=32, gpus_per_node=4).stderr


def it_is_train_sh_and_job_sh_in_one_file():
    text = script().stdout
    changed = ("#SBATCH --nodes", "#SBATCH --ntasks", "#SBATCH --gpus", "DATA=", "OUT=", "OPTIONS=", "submitted=", "source ", "# Edit these", "# Trains")
    assert "slurm/train.sh" not in text, text
    for name in ("train.sh", "job.sh"):
        for line in (SCRIPTS / name).read_text().splitlines():
            assert line.startswith(changed) or line in text.splitlines(), f"{name}: {line}"
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def options_are_checked():
    result = script(batch_size="10", micro_batch_size=3)
    assert result.returncode == 2 and "not a multiple" in result.stderr, result.stderr


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for test in (the_lines_are_those_that_were_asked_for, what_sbatch_wants_is_written, files_are_named_by_their_full_paths,
                 what_would_waste_a_job_is_refused, it_is_train_sh_and_job_sh_in_one_file, options_are_checked):
        test()
        print(f"{test.__name__}: ok", file=sys.stderr)
    os.chdir("/")
