"""torchvision and scikit-learn against eoshard-train: weights that load with strict=True, and the same logits, loss and
scores on the test split from zarr-python's reading, torch's interpolation, torchvision's forward and scikit-learn's
scores."""

import csv
import json
import pathlib
import sys

import numpy as np
import torch
import torchvision
import zarr
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

import training


def reference_model(name, bands, classes, stem="standard"):
    """torchvision's network for any number of bands, as docs/eoshard-train.md describes the small stem."""
    model = getattr(torchvision.models, name)(num_classes=classes)
    if name == "efficientnet_b0":
        model.features[0][0] = torch.nn.Conv2d(bands, 32, 3, 2 if stem == "standard" else 1, 1, bias=False)
        return model
    out = model.conv1.out_channels
    model.conv1 = torch.nn.Conv2d(bands, out, 7, 2, 3, bias=False)
    if stem == "small":
        model.conv1 = torch.nn.Conv2d(bands, out, 3, 1, 1, bias=False)
        model.maxpool = torch.nn.Identity()
    torch.nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")  # as torchvision draws it
    return model


def read_images(data, split, info):
    """(N, bands, rows, columns) float32, normalised, in the network's band order."""
    manifest = json.loads((pathlib.Path(data) / "dataset.json").read_text())
    group = zarr.open_group(pathlib.Path(data) / f"{split}.zarr", mode="r")
    planes = {}
    for array in manifest["arrays"]:
        values = torch.from_numpy(group[array["name"]][:].astype(np.float32))
        size = (info["rows"], info["columns"])
        values = torch.nn.functional.interpolate(values, size=size, mode="bilinear", align_corners=False)
        for index, band in enumerate(array["bands"]):
            planes[band] = values[:, index]
    normalised = [
        (planes[band] - mean) / deviation
        for band, mean, deviation in zip(info["bands"], info["mean"], info["standard_deviation"])
    ]
    return torch.stack(normalised, 1), group["classes"][:]


def write_samples_table(data):
    """For datasets that were made without."""
    manifest = json.loads((pathlib.Path(data) / "dataset.json").read_text())
    lines = ["split,index,patch_id"]
    for name, split in manifest["splits"].items():
        lines += [f"{name},{index},{name}_{index}" for index in range(split["samples"])]
    (pathlib.Path(data) / "samples.csv").write_text("\n".join(lines) + "\n")


def check_logits(data, out, single_label, **options):
    """In float32, whatever the precision of training: the run's last layer on what it says goes into it, and the
    probabilities that it predicts, against torchvision's forward of the same file."""
    training.succeed(data, out, **options)
    info = json.loads((out / "weights.json").read_text())
    weights = load_file(out / "weights.safetensors")
    model = reference_model(info["model"], len(info["bands"]), len(info["classes"]), options.get("stem", "standard"))
    model.load_state_dict(weights, strict=True)
    model.eval()
    images, _ = read_images(data, "test", info)
    with torch.no_grad():
        theirs = model(images).double()
    write_samples_table(data)
    features, table = out / "features.npy", out / "predictions.csv"
    training.succeed(data, None, evaluate=out, embeddings=features, predictions=table, threads=1)
    head = "classifier.1" if info["model"] == "efficientnet_b0" else "fc"
    ours = torch.from_numpy(np.load(features)).double() @ weights[f"{head}.weight"].double().T + weights[f"{head}.bias"]
    difference = (ours - theirs).abs().max().item()
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    predicted = torch.tensor([[float(row[name]) for name in info["classes"]] for row in rows])
    expected = theirs.softmax(1) if single_label else theirs.sigmoid()
    print(f"{info['model']}, {options.get('precision', 'fp32')}: logits up to {theirs.abs().max():.3g} differ by "
          f"{difference:.2g}, probabilities by {(predicted - expected).abs().max():.2g}")
    assert difference < 1e-5 * max(1, theirs.abs().max().item())
    assert (predicted - expected).abs().max() < 1e-5
    assert theirs.std() > 1e-3, "logits that say nothing"


def check(data, out, single_label, reference=None, **options):
    """`reference` is the network that the weights are loaded into; by default torchvision's of the run's name."""
    result = training.succeed(data, out, **options)
    info = json.loads((out / "weights.json").read_text())
    model = reference
    if model is None:
        stem = options.get("stem", "standard")
        model = reference_model(info["model"], len(info["bands"]), len(info["classes"]), stem)
    model.load_state_dict(load_file(out / "weights.safetensors"), strict=True)
    model.eval()
    images, labels = read_images(data, "test", info)
    with torch.no_grad():
        logits = model(images)
    if single_label:
        truth = torch.from_numpy(labels).argmax(1)
        loss = torch.nn.functional.cross_entropy(logits, truth)
        predicted = logits.argmax(1).numpy()
        truth = truth.numpy()
        assert abs(result["accuracy"] - accuracy_score(truth, predicted)) < 1e-12
    else:
        truth = labels
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(labels).float())
        predicted = (torch.sigmoid(logits) >= 0.5).numpy().astype(np.uint8)
    assert abs(loss.item() - result["loss"]) < 1e-5 * max(1, loss.item()), (loss.item(), result["loss"])
    classes = list(range(len(info["classes"])))
    for average in ("micro", "macro"):
        scores = precision_recall_fscore_support(truth, predicted, labels=classes, average=average, zero_division=0)
        ours = [result[f"{name}_{average}"] for name in ("precision", "recall", "f1")]
        assert np.allclose(ours, scores[:3], atol=1e-12), (average, ours, scores)
    per_class = precision_recall_fscore_support(truth, predicted, labels=classes, average=None, zero_division=0)
    for index, row in enumerate(result["per_class"]):
        ours = [row[name] for name in ("precision", "recall", "f1", "support")]
        assert np.allclose(ours, [column[index] for column in per_class], atol=1e-12), row
    print(f"{info['model']}: loss {loss.item():.6f} / {result['loss']:.6f}, F1 micro {result['f1_micro']:.4f}")


def check_initialisation(data, out):
    """A rate of zero leaves the weights as they were drawn: torchvision's distributions, tensor by tensor."""
    training.succeed(data, out, epochs=1, max_steps=1, batch_size=16, learning_rate=0, model="resnet18")
    ours = load_file(out / "weights.safetensors")
    torch.manual_seed(0)
    for name, theirs in reference_model("resnet18", 12, 4).state_dict().items():
        one = ours[name].double()
        assert one.shape == theirs.shape, name
        if theirs.dim() == 4 or name == "fc.weight":  # relative error of a deviation from n draws: 1 / sqrt(2 n)
            deviation = theirs.double().std()
            tolerance = 5 * deviation / (2 * theirs.numel()) ** 0.5 * 2**0.5
            assert abs(one.std() - deviation) < tolerance, (name, one.std(), deviation)
            assert abs(one.mean()) < 5 * deviation / theirs.numel() ** 0.5, name
        elif name.endswith(("weight", "bias")) and not name.startswith("fc"):
            assert torch.equal(one, theirs.double()), name


def main():
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        data = training.make_dataset(folder / "data", 48, 20, 37)
        check(data, folder / "r18", False, epochs=2, batch_size=16, learning_rate=0.003, model="resnet18")
        check(data, folder / "r50", False, epochs=1, batch_size=16, learning_rate=0.01, model="resnet50",
              bands="B8A,B04,B01")
        check_initialisation(data, folder / "initial")
        images = training.make_dataset(folder / "images", 48, 20, 37, "image", 28, "single-label")
        check(images, folder / "sat", True, epochs=2, batch_size=16, learning_rate=0.003, model="resnet18")
        for model in ("resnet18", "resnet50", "efficientnet_b0"):
            for precision in ("fp32", "bf16"):
                check_logits(images, folder / f"{model}-{precision}", True, epochs=1, max_steps=2, batch_size=16,
                             learning_rate=0.003, model=model, precision=precision, threads=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
