"""Every misuse and every damaged input: one clear message, the right exit status on all ranks, and no hanging."""

import json
import pathlib
import shutil
import sys

import training

OPTIONS = dict(epochs=1, batch_size=8, micro_batch_size=4, threads=1, learning_rate=0.01)


def fails(status, *words, data, out, ranks=1, **options):
    """On two ranks where all of them must learn of it."""
    result = training.run(data, out, ranks, **options)
    assert result.returncode == status, (words, result.returncode, result.stderr)
    errors = [line for line in result.stderr.splitlines() if "eoshard-train: " in line]
    assert len(errors) == 1, result.stderr
    for word in words:
        assert word in errors[0], (word, errors[0])
    assert result.stdout == ""


def other_weights(base, folder):
    """Weights of another model, weights for other classes, a file that is none."""
    training.succeed(**{**base, "out": folder / "trained"}, max_steps=1)
    weights = folder / "trained" / "weights.safetensors"
    fails(1, "another network", str(weights), **{**base, "ranks": 2}, init=weights, model="resnet50")
    fails(1, "safetensors", "dataset.json", **{**base, "ranks": 2}, init=pathlib.Path(base["data"]) / "dataset.json")
    fails(1, "nothing.safetensors", **{**base, "ranks": 2}, init=folder / "nothing.safetensors")
    fails(1, "nothing.pt", **{**base, "ranks": 2}, model=folder / "nothing.pt")
    other = pathlib.Path(training.make_dataset(folder / "renamed", 4, 0, 4))
    manifest = json.loads((other / "dataset.json").read_text())
    manifest["classes"][2] = "class two"
    (other / "dataset.json").write_text(json.dumps(manifest))
    fails(1, "classes of", "'class 2' there and 'class two' here", data=other, out=None, ranks=2, evaluate=folder / "trained")
    fails(1, "weights.json", data=base["data"], out=None, ranks=2, evaluate=folder)
    for name in ("predictions", "embeddings"):
        fails(1, "there is no folder", "absent", data=base["data"], out=None, ranks=2, evaluate=folder / "trained",
              **{name: folder / "absent" / "file"})
    other = training.make_dataset(folder / "single", 4, 0, 4, "image", 28, "single-label")
    fails(1, "single-label", "multi-label", data=other, out=None, ranks=2, evaluate=folder / "trained")


def values_out_of_range(base, folder):
    """The same complaint by the command line and both kinds of files, unless the command line has another value."""
    json_file, toml_file = folder / "range.json", folder / "range.toml"
    json_file.write_text(json.dumps({"options": {"epochs": 2, "momentum": 1.5}}))
    toml_file.write_text("momentum = 1.5\n")
    complaints = [training.run(**base, **one).stderr.splitlines()[0].split("--", 1)[-1]
                  for one in ({"momentum": 1.5}, {"config": json_file}, {"config": toml_file})]
    assert "momentum" in complaints[0] and len(set(complaints)) == 1, complaints
    fails(2, "--momentum", "range.json", **{**base, "ranks": 2}, config=json_file)
    training.succeed(**{**base, "out": folder / "given"}, config=json_file, momentum=0.5, max_steps=1)


def unknown_keys(base, folder):
    for name, text, words in (
            ("a.toml", "learning-rat = 0.1\n", ("a.toml", "'learning-rat'", "'learning-rate'")),
            ("b.toml", "[optimizer\n", ("b.toml",)),
            ("b.toml", "epochs = 1\n[optimizer]\nmomentum = 0.9\n", ("b.toml", "[optimizer]")),
            ("c.json", '{"options": {"epochz": 3}}', ("c.json", "'epochz'", "'epochs'")),
            ("d.json", '{"options": ', ("d.json",))):
        (folder / name).write_text(text)
        fails(2, *words, **{**base, "ranks": 2}, config=folder / name)
    values_out_of_range(base, folder)
    fails(2, "--evaluate", **base, predictions=folder / "predictions.csv")
    fails(2, "there is no run in", data=None, out=None, ranks=2, evaluate=folder / "nothing")
    for name, value in (("clip_gradient_norm", -0.5), ("dropout", -0.5)):
        fails(2, "--" + name.replace("_", "-"), "or -1", **{**base, "ranks": 2}, **{name: value})
    fails(2, "missing.toml", **{**base, "ranks": 2}, config=folder / "missing.toml")


def main():
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        data = training.make_dataset(folder / "data", 24, 8, 8)
        out = folder / "run"
        base = dict(data=data, out=out, **OPTIONS)
        fails(1, "is no dataset", **{**base, "data": folder, "ranks": 2})
        fails(1, "'B99'", "B8A", **{**base, "ranks": 2}, bands="B04,B99")
        fails(2, "multiple", **{**base, "batch_size": 10, "ranks": 2})
        fails(2, "larger than the training split", **{**base, "batch_size": 32, "ranks": 2})
        fails(2, "--data is required", **{**base, "data": None})
        fails(2, "no run", **{**base, "data": None, "out": None}, resume=folder / "nothing")
        fails(2, "model", **base, model="resnet19")
        diverging = {**base, "learning_rate": 1e30, "ranks": 2, "epochs": 3}
        fails(1, "loss became nan", "step 2 (epoch 1)", "learning rate 1e+30", "checkpoint: none", "lower", **diverging,
              warmup_epochs=0, overwrite=True)
        whole = {**diverging, "batch_size": 24}  # an epoch is one step: its loss is fine, the weights after it are not
        fails(1, "the loss on validation became", "step 1 (epoch 1)", "checkpoint: none", **whole, warmup_epochs=0, overwrite=True)
        late = {**whole, "learning_rate": 1e-3}  # multiplied in the third epoch
        fails(1, "became", "step 3 (epoch 3)", f"checkpoint: {out}/checkpoints/step-000000000002.ckpt", **late,
              schedule="multistep", milestones=2, gamma=1e35, warmup_epochs=0, overwrite=True)
        shutil.rmtree(out)
        other_weights(base, folder)
        unknown_keys(base, folder)
        shutil.copytree(data, folder / "damaged")
        training.damage(folder / "damaged", "train", 5)
        fails(1, "train sample 5", "S2A_SYNTHETIC_train_5", "train.zarr/data_10m/c/0/0/0/0", "--skip-damaged",
              **{**base, "data": folder / "damaged", "ranks": 2}, overwrite=True)
        shutil.rmtree(out)
        unfinished = folder / "unfinished"
        shutil.copytree(data, unfinished)
        (unfinished / "dataset.json").unlink()
        fails(1, "is no dataset", **{**base, "data": unfinished})
        empty = training.make_dataset(folder / "empty", 0, 8, 8)
        fails(1, "the training split is empty", **{**base, "data": empty, "ranks": 2})
        unscored = training.make_dataset(folder / "unscored", 16, 0, 8)
        single = training.make_dataset(folder / "one-label", 16, 8, 8, "image", 28, "single-label")
        fails(2, "--early-stop-patience", "validation", **{**base, "data": unscored, "ranks": 2}, early_stop_patience=1)
        fails(2, "--threshold-sweep", "validation", **{**base, "data": unscored}, threshold_sweep="class")
        fails(2, "--threshold-sweep", "several labels", **{**base, "data": single}, threshold_sweep="global")
        fails(2, "--step graphed", "--step eager", **{**base, "ranks": 2}, step="graphed")
        fails(2, "--cache device", "--cache decoded", **{**base, "ranks": 2}, cache="device")
        fails(2, "GPU" if "CUDA" not in training.run(**base, device="cuda").stderr else "CUDA",
              **{**base, "ranks": 2}, device="cuda")
        assert not out.exists(), "a refused run left a folder"

        training.succeed(**base)
        fails(2, "finished", "--overwrite", **{**base, "ranks": 2})
        training.succeed(**base, overwrite=True)
        (out / "result.json").unlink()  # an unfinished run, as it seems
        fails(2, "momentum", "0.9", "0.8", **{**base, "ranks": 2}, momentum=0.8)
        fails(2, "micro_batch_size", **{**base, "micro_batch_size": 8})
        config = json.loads((out / "config.json").read_text())
        config["options"]["epochz"] = 3
        (out / "config.json").write_text(json.dumps(config))
        fails(1, "epochz", **base)
        other = folder / "other"
        other.mkdir()
        (other / "notes.txt").write_text("keep")
        fails(1, "no run", **{**base, "out": other}, overwrite=True)
        assert (other / "notes.txt").exists()
        training.succeed(**{**base, "out": folder / "idle"}, ranks=5)  # more ranks than micro-batches: some idle
    return 0


if __name__ == "__main__":
    sys.exit(main())
