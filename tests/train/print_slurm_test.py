"""--print-slurm: slurm/train.sh for one configuration, in one file."""
import pathlib
import subprocess
import sys

import training

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "slurm"
WANTED = dict(model="resnet50", batch_size=4096, optimizer="lars", where="name=a b")


def script(**options):
    return training.run("some data", "run", print_slurm=True, **{**WANTED, **options})


def the_lines_are_those_that_were_asked_for():
    text = script(nodes=32, gpus_per_node=4).stdout
    here = pathlib.Path.cwd()
    for line in ("#SBATCH --nodes=32", "#SBATCH --ntasks-per-node=4", "#SBATCH --gpus-per-node=4", f"DATA='{here}/some data'",
                 f"OUT={here}/run", "OPTIONS=(--model resnet50 --batch-size 4096 --optimizer lars --where 'name=a b')"):
        assert line in text.splitlines(), (line, text)
    assert "--gpus-per-node" not in script(nodes=2).stdout


def it_is_train_sh_and_job_sh_in_one_file():
    text = script().stdout
    changed = ("#SBATCH --nodes", "#SBATCH --ntasks", "#SBATCH --gpus", "DATA=", "OUT=", "OPTIONS=", "source ", "# Edit these")
    for name in ("train.sh", "job.sh"):
        for line in (SCRIPTS / name).read_text().splitlines():
            assert line.startswith(changed) or line in text.splitlines(), f"{name}: {line}"
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def options_are_checked():
    result = script(batch_size="10", micro_batch_size=3)
    assert result.returncode == 2 and "not a multiple" in result.stderr, result.stderr


for test in (the_lines_are_those_that_were_asked_for, it_is_train_sh_and_job_sh_in_one_file, options_are_checked):
    test()
    print(f"{test.__name__}: ok", file=sys.stderr)
