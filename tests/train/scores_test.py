"""Losses, scores and predictions against PyTorch and scikit-learn, from the files that a run leaves."""

import csv
import json
import os
import pathlib
import shutil
import sys

import numpy as np
import oracle_test
import torch
import training
import zarr
from safetensors.torch import load_file, save_file
from sklearn.metrics import average_precision_score, f1_score

QUICK = dict(epochs=1, batch_size=16, micro_batch_size=8, threads=1, learning_rate=0.01, warmup_epochs=0)


def write_samples_table(data, seed=0):
    """Ids, and seasons by chance, for a dataset that was made without them."""
    generator = np.random.default_rng(seed)
    manifest = json.loads((pathlib.Path(data) / "dataset.json").read_text())
    with open(pathlib.Path(data) / "samples.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["split", "index", "patch_id", "season"])
        for name, split in manifest["splits"].items():
            for index in range(split["samples"]):
                table.writerow([name, index, f"{name}_{index}", generator.choice(["spring", "summer"])])


def read_predictions(path, classes):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    scores = np.array([[float(row[name]) for name in classes] for row in rows])
    labels = np.array([[name in row["labels"].split(";") for name in classes] for row in rows])
    predicted = np.array([[name in row["predicted"].split(";") for name in classes] for row in rows])
    return rows, scores, labels, predicted


def evaluate(run, data, folder, split="test", ranks=1, **options):
    path = folder / "predictions.csv"
    result = training.succeed(data, None, ranks, evaluate=run, split=split, predictions=path, threads=1, **options)
    classes = json.loads((run / "weights.json").read_text())["classes"]
    return result, *read_predictions(path, classes)


def without_clock(result):
    return {name: value for name, value in result.items() if name not in ("images_per_second", "ranks")}


def scores_are_those_of_scikit_learn(data, folder):
    run = folder / "multi"
    trained = training.succeed(data, run, **QUICK, score_by="season", threshold_sweep="global")
    result, rows, scores, labels, predicted = evaluate(run, data, folder, score_by="season")
    assert [row["patch_id"] for row in rows] == [f"test_{index}" for index in range(len(rows))]
    for name in ("f1_micro", "f1_macro", "average_precision_macro", "hamming_loss", "loss"):
        assert abs(result[name] - trained[name]) < 1e-6, (name, result[name], trained[name])
    for average in ("micro", "macro", "weighted", "samples"):
        assert abs(result[f"f1_{average}"] - f1_score(labels, predicted, average=average, zero_division=0)) < 1e-12
    for average in ("micro", "macro", "weighted"):
        theirs = average_precision_score(labels, scores, average=average)
        assert abs(result[f"average_precision_{average}"] - theirs) < 1e-9, average
    with open(pathlib.Path(data) / "samples.csv", newline="") as file:
        seasons = np.array([row["season"] for row in csv.DictReader(file) if row["split"] == "test"])
    for season, one in result["by"]["season"].items():
        own = seasons == season
        assert one["samples"] == own.sum()
        assert abs(one["f1_micro"] - f1_score(labels[own], predicted[own], average="micro", zero_division=0)) < 1e-12
        f1 = f1_score(labels[own], predicted[own], average=None, zero_division=0)
        assert np.allclose([row["f1"] for row in one["per_class"]], f1, atol=1e-12)
    assert result["by"] == trained["by"]
    two, *_ = evaluate(run, data, folder, ranks=2, score_by="season")
    assert without_clock(two) == without_clock(result), "two ranks score otherwise than one"

    better = trained["at_better_thresholds"]
    threshold = better["thresholds"][0]
    assert threshold == round(threshold, 2), "not the hundredth that it stands for"
    f1 = f1_score(labels, scores >= threshold - 1e-9, average=None, zero_division=0)
    assert np.allclose([row["f1"] for row in better["per_class"]], f1, atol=1e-12)
    assert abs(better["f1_micro"] - f1_score(labels, scores >= threshold - 1e-9, average="micro")) < 1e-12
    _, _, validation, truth, _ = evaluate(run, data, folder, split="validation")
    f1 = [f1_score(truth, validation >= step / 100 - 1e-9, average="micro") for step in range(1, 100)]
    assert abs(f1[round(threshold * 100) - 1] - max(f1)) < 1e-12
    assert {"best", "last"} <= {line.get("weights") for line in training.metrics(run)}


def expected_loss(data, model, single_label, smoothing, weights):
    """Of the whole training split as one batch, in training mode."""
    manifest = json.loads((pathlib.Path(data) / "dataset.json").read_text())
    split = manifest["splits"]["train"]
    bands = split["statistics"]
    info = {"bands": list(bands), "mean": [one["mean"] for one in bands.values()], "rows": 28, "columns": 28,
            "standard_deviation": [one["standard_deviation"] for one in bands.values()]}
    images, labels = oracle_test.read_images(data, "train", info)
    counts = torch.tensor(split["class_counts"], dtype=torch.float32)
    model.train()
    with torch.no_grad():
        logits = model(images)
    if single_label:
        weight = split["samples"] / (len(counts) * counts) if weights else None
        return torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels).argmax(1), weight, label_smoothing=smoothing)
    targets = torch.from_numpy(labels).float() * (1 - smoothing) + smoothing / 2
    weight = (split["samples"] - counts) / counts if weights else None
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)


def losses_are_those_of_pytorch(folder):
    torch.manual_seed(0)
    model = oracle_test.reference_model("resnet18", 4, 4)
    save_file(model.state_dict(), folder / "start.safetensors")
    options = dict(epochs=1, batch_size=16, micro_batch_size=16, threads=1, learning_rate=0, augment="none",
                   init=folder / "start.safetensors", init_head="keep", label_smoothing=0.2, class_weights="balanced")
    for task in ("multi-label", "single-label"):
        data = training.make_dataset(folder / task, 16, 0, 4, "image", 28, task)
        training.succeed(data, folder / f"loss-{task}", **options)
        theirs = expected_loss(data, model, task == "single-label", 0.2, True).item()
        ours = training.metrics(folder / f"loss-{task}")[0]["loss"]
        print(f"{task}: loss with smoothing and class weights {ours:.7f}, PyTorch's {theirs:.7f}")
        assert abs(ours - theirs) < 1e-5


def flat_gradient(model, image, label):
    model.zero_grad()
    model.train()
    torch.nn.functional.cross_entropy(model(image), label).backward()
    return torch.cat([parameter.grad.double().ravel() for parameter in model.parameters()])


def the_noise_scale_follows_its_definition(folder):
    """Two micro-batches of one sample each: B_small = 1, B_big = 2, whichever of the two comes first."""
    data = training.make_dataset(folder / "two", 2, 0, 2, "image", 28, "single-label")
    torch.manual_seed(0)
    model = oracle_test.reference_model("resnet18", 4, 4, "small")
    save_file(model.state_dict(), folder / "small.safetensors")
    training.succeed(data, folder / "noise", epochs=1, batch_size=2, micro_batch_size=1, threads=1, learning_rate=0,
                     augment="none", init=folder / "small.safetensors", init_head="keep", stem="small")
    ours = training.metrics(folder / "noise")[0]["gradient_noise_scale"]
    info = json.loads((folder / "noise" / "weights.json").read_text())
    images, labels = oracle_test.read_images(data, "train", info)
    truth = torch.from_numpy(labels).argmax(1)
    gradients = [flat_gradient(model, images[index:index + 1], truth[index:index + 1]) for index in (0, 1)]
    big = ((gradients[0] + gradients[1]) / 2).square().sum()
    candidates = []
    for gradient in gradients:
        small = gradient.square().sum()
        signal, noise = (2 * big - small) / (2 - 1), (small - big) / (1 - 1 / 2)
        candidates.append((noise / signal).item())
    print(f"gradient noise scale {ours:.6g}, expected one of {candidates[0]:.6g} and {candidates[1]:.6g}")
    assert min(abs(ours - one) / abs(one) for one in candidates) < 1e-3
    assert training.metrics(folder / "multi")[0]["gradient_noise_scale"] is not None
    assert training.metrics(folder / "loss-multi-label")[0]["gradient_noise_scale"] is None


def everything_drawn_is_the_same_on_any_ranks(data, folder):
    """Mix-up, smoothing and a switch of the batch: and each of them changes the weights."""
    options = {**QUICK, "epochs": 2, "batch_size": "8,1:16", "micro_batch_size": "4,1:8", "mixup_alpha": 0.4,
               "label_smoothing": 0.1, "optimizer": "lamb"}
    for ranks in (1, 2):
        training.succeed(data, folder / f"mixed{ranks}", ranks, **options)
    assert training.weights(folder / "mixed1") == training.weights(folder / "mixed2")
    assert training.metrics(folder / "mixed1") == training.metrics(folder / "mixed2")
    assert [line["step"] for line in training.metrics(folder / "mixed1") if line["split"] == "train"] == [4, 6]
    training.succeed(data, folder / "unmixed", **{**options, "mixup_alpha": 0})
    assert training.weights(folder / "mixed1") != training.weights(folder / "unmixed")
    training.succeed(None, folder / "again", config=folder / "mixed1" / "config.json")
    assert training.weights(folder / "again") == training.weights(folder / "mixed1"), "config.json gives another run"


def toml_files_give_options(data, folder):
    path = folder / "recipe.toml"
    path.write_text('# a recipe\nepochs = 2\nlearning-rate = 0.02\nmilestones = [3, 4.5]\nnesterov = false\n'
                    'augment = ["flip"]\nbatch-size = "8,1:16"\n')
    table = training.run(data, None, config=path, print_schedule=True, epochs=3, warmup_epochs=0)
    assert table.returncode == 0, table.stderr
    rows = list(csv.DictReader(table.stdout.splitlines()))
    assert [int(row["batch_size"]) for row in rows] == [8] * 4 + [16] * 4
    assert all(float(row["learning_rate"]) == 0.02 for row in rows)
    training.succeed(data, folder / "toml", config=path, max_steps=1)
    options = json.loads((folder / "toml" / "config.json").read_text())["options"]
    assert options["milestones"] == [3, 4.5] and options["nesterov"] is False and options["augment"] == ["flip"]
    for text, word in (("epochz = 3\n", "'epochs'"), ("epochs = \"three\"\n", "three"), ("optimizer = \"adam\"\n", "adam")):
        path.write_text(text)
        result = training.run(data, folder / "bad", config=path)
        assert result.returncode == 2 and word in result.stderr, result.stderr


def parts_of_the_training_split(data, folder):
    with open(pathlib.Path(data) / "samples.csv", newline="") as file:
        summer = sum(row["season"] == "summer" and row["split"] == "train" for row in csv.DictReader(file))
    options = {**QUICK, "batch_size": 4, "micro_batch_size": 4}
    result = training.succeed(data, folder / "summer", **options, where="season=summer")
    assert result["steps"] == summer // 4, (result["steps"], summer)
    assert training.succeed(data, folder / "half", **options, subset_fraction=0.5)["steps"] == 4
    result = training.run(data, folder / "none", **options, where="season=monsoon")
    assert result.returncode == 2 and "larger than the training split of 0" in result.stderr, result.stderr


def embeddings_are_what_the_last_layer_sees(data, folder):
    path = folder / "embeddings.npy"
    training.succeed(data, None, evaluate=folder / "multi", embeddings=path, predictions=folder / "seen.csv", threads=1)
    weights = load_file(folder / "multi" / "weights.safetensors")
    classes = json.loads((folder / "multi" / "weights.json").read_text())["classes"]
    _, scores, *_ = read_predictions(folder / "seen.csv", classes)
    features = torch.from_numpy(np.load(path))
    assert features.shape == (37, 512)
    ours = torch.sigmoid(features @ weights["fc.weight"].T + weights["fc.bias"])
    assert np.allclose(ours.numpy(), scores, atol=1e-6)


def predictions_as_parquet_are_those_as_csv(data, folder):
    table, path = folder / "seen.csv", folder / "seen.parquet"
    command = dict(evaluate=folder / "multi", threads=1)
    if os.environ.get("EOSHARD_HAVE_PARQUET", "TRUE") != "TRUE":
        result = training.run(data, None, **command, predictions=path)
        assert result.returncode == 1 and "without Parquet" in result.stderr and not path.exists(), result.stderr
        return
    import pyarrow.parquet
    training.succeed(data, None, **command, predictions=table)
    training.succeed(data, None, 2, **command, predictions=path)
    classes = json.loads((folder / "multi" / "weights.json").read_text())["classes"]
    found = pyarrow.parquet.read_table(path)
    assert found.column_names == ["split", "index", "patch_id", "labels", "predicted", *classes]
    types = [str(field.type) for field in found.schema]
    assert types[:3] == ["string", "int64", "string"] and set(types[5:]) == {"float"}, types
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    for one, row in zip(found.to_pylist(), rows, strict=True):
        assert (one["split"], str(one["index"]), one["patch_id"]) == (row["split"], row["index"], row["patch_id"])
        for name in ("labels", "predicted"):
            assert ";".join(one[name]) == row[name]
        for name in classes:
            assert np.float32(row[name]) == np.float32(one[name])


def other_classes_are_learnt(data, folder):
    """Four stored classes: two of the 43 that the 19 join, one alone, and one that the 19 leave out."""
    copy = folder / "corine"
    shutil.copytree(data, copy)
    manifest = json.loads((copy / "dataset.json").read_text())
    manifest["classes"] = ["Continuous urban fabric", "Discontinuous urban fabric", "Airports", "Sea and ocean"]
    (copy / "dataset.json").write_text(json.dumps(manifest))
    run = folder / "nineteen"
    result = training.run(copy, run, **QUICK, nomenclature="bigearthnet-19", class_weights="balanced", score_by="season")
    assert result.returncode == 0 and "carry no class of bigearthnet-19 and are left out" in result.stderr, result.stderr
    result = json.loads(result.stdout)
    names = [one["name"] for one in result["per_class"]]
    assert len(names) == 19 and names[0] == "Urban fabric" and names[18] == "Marine waters"
    stored = zarr.open_group(copy / "test.zarr", mode="r")["classes"][:].astype(bool)
    urban, sea = stored[:, 0] | stored[:, 1], stored[:, 3]
    kept = np.flatnonzero(urban | sea)
    assert 0 < len(kept) < len(stored), "some samples carry Airports alone"
    supports = [one["support"] for one in result["per_class"]]
    assert supports == [urban.sum()] + [0] * 17 + [sea.sum()] and result["samples"] == len(kept)
    again, rows, _, labels, _ = evaluate(run, copy, folder)
    assert [int(row["index"]) for row in rows] == kept.tolist()
    assert [row["patch_id"] for row in rows] == [f"test_{index}" for index in kept]
    assert np.array_equal(labels[:, 0], urban[kept]) and np.array_equal(labels[:, 18], sea[kept])
    assert without_clock(again)["f1_micro"] == result["f1_micro"]
    for dataset, name, word in ((data, "bigearthnet-19", "'class 0' is no land-cover class"),
                                (copy, "corine-45", "corine-44"), (copy, "bigearthnet-91", "bigearthnet-19")):
        refused = training.run(dataset, folder / "refused", 2, **QUICK, nomenclature=name)
        assert refused.returncode in (1, 2) and word in refused.stderr, refused.stderr
        assert refused.stderr.count("error: ") == 1


def early_stop_ends_the_run(data, folder):
    result = training.succeed(data, folder / "early", **{**QUICK, "epochs": 9, "learning_rate": 0}, early_stop_patience=2)
    assert result["last"]["epoch"] == 3 and result["epoch"] == 1


def what_does_not_fit_is_refused(data, folder):
    def refused(dataset, *words, **options):
        result = training.run(dataset, None, evaluate=folder / "multi", **options)
        assert result.returncode == 1 and all(word in result.stderr for word in words), result.stderr

    other = pathlib.Path(training.make_dataset(folder / "other", 0, 0, 4))
    manifest = json.loads((other / "dataset.json").read_text())
    manifest["classes"][2] = "class two"
    (other / "dataset.json").write_text(json.dumps(manifest))
    refused(other, "class 2", "'class two'")
    refused(training.make_dataset(folder / "images", 0, 0, 4, "image", 28), "band")
    refused(data, "weather", "season", score_by="weather")
    result = training.run(data, None, evaluate=folder)
    assert result.returncode == 1 and "weights.json" in result.stderr


def main():
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        data = training.make_dataset(folder / "data", 32, 24, 37)
        write_samples_table(data)
        scores_are_those_of_scikit_learn(data, folder)
        losses_are_those_of_pytorch(folder)
        the_noise_scale_follows_its_definition(folder)
        everything_drawn_is_the_same_on_any_ranks(data, folder)
        toml_files_give_options(data, folder)
        parts_of_the_training_split(data, folder)
        embeddings_are_what_the_last_layer_sees(data, folder)
        predictions_as_parquet_are_those_as_csv(data, folder)
        other_classes_are_learnt(data, folder)
        early_stop_ends_the_run(data, folder)
        what_does_not_fit_is_refused(data, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
