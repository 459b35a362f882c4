"""What the scripts that test eoshard-train share."""

import json
import os
import pathlib
import subprocess
import tempfile

BIN = pathlib.Path(os.environ["EOSHARD_BIN"])
TRAIN = str(BIN / "eoshard-train")


def make_dataset(folder, train, validation, test, kind="sentinel", side=24, task="multi-label", classes=4):
    """A synthetic dataset; small grids make steps of milliseconds."""
    tool = BIN.parent / "tests" / "make_dataset"
    subprocess.run([tool, folder, str(train), str(validation), str(test), kind, str(side), task, str(classes)], check=True)
    return str(folder)


def small_network(path):
    """With batch norm and dropout, and checkpoints of a few kilobytes: tests wait for every one to be on disk."""
    import torch  # takes seconds
    from torch import nn
    torch.manual_seed(1)
    layers = [nn.Conv2d(12, 8, 3, stride=2, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
              nn.Dropout(0.3), nn.Linear(32, 4)]
    torch.jit.script(nn.Sequential(*layers)).save(str(path))


def command(data, out, ranks=1, **options):
    line = ["mpirun", "-n", str(ranks), "--bind-to", "none"] if ranks > 1 else []
    line += [TRAIN]
    if data:
        line += ["--data", str(data)]
    if out:
        line += ["--out", str(out)]
    for name, value in options.items():
        line.append("--" + name.replace("_", "-"))
        if value is not True:
            line.append(str(value))
    return line


def run(data, out, ranks=1, **options):
    return subprocess.run(command(data, out, ranks, **options), capture_output=True, text=True, timeout=200)


def succeed(data, out, ranks=1, **options):
    result = run(data, out, ranks, **options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def metrics(out):
    """Lines of metrics.jsonl without what depends on the clock."""
    path = pathlib.Path(out) / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    for line in lines:
        line.pop("images_per_second")
        line.pop("input_wait_share", None)
        if line["split"] == "train":
            line.pop("communication_wait_share")
        line.pop("time")
    return lines


def weights(out):
    return (pathlib.Path(out) / "weights.safetensors").read_bytes()


def damage(dataset, split, *samples):
    """Flips bits in the 10 m chunks of samples of a split's first shard."""
    shard = pathlib.Path(dataset) / f"{split}.zarr" / "data_10m" / "c" / "0" / "0" / "0" / "0"
    content = bytearray(shard.read_bytes())
    index = content[-(1024 * 16 + 4):]
    for sample in samples:
        offset = int.from_bytes(index[sample * 16:sample * 16 + 8], "little")
        content[offset + 100] ^= 255
    shard.write_bytes(content)


def checkpoints(out):
    return sorted((pathlib.Path(out) / "checkpoints").glob("step-*.ckpt"))


def ranks_below(launcher):
    """Process of each rank that this mpirun has started."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if not folder.name.isdigit() or int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) != launcher:
                continue
            environment = dict(item.split("=", 1) for item in (folder / "environ").read_text().split("\0") if "=" in item)
            found[int(environment["OMPI_COMM_WORLD_RANK"])] = int(folder.name)
        except (OSError, KeyError, UnicodeDecodeError):
            continue
    return found


def temporary_folder():
    return tempfile.TemporaryDirectory(prefix="eoshard-test-")
