"""The plain PyTorch program that eoshard-train is compared with: torchvision's ResNet-18 on a packed RGB dataset.

Same initial weights, batch, rates a step, decay, flips and precision; its own random order and flips. The images lie in
memory, decoded, before the clock starts. Prints one JSON object.
"""
import argparse
import csv
import json
import pathlib
import time

import numpy as np
import safetensors.torch
import sklearn.metrics
import torch
import torchvision
import zarr


def read_split(dataset, split, moments):
    """Images as normalised float32 [N,3,64,64] in channels-last order, and class numbers."""
    group = zarr.open_group(dataset / f"{split}.zarr", mode="r")
    mean, std = (torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1) for values in moments)
    images = (torch.from_numpy(group["data"][:]).float() - mean) / std
    return images.contiguous(memory_format=torch.channels_last), torch.from_numpy(group["classes"][:].argmax(1))


def moments_of(dataset):
    """Mean and standard deviation of each band, in the array's order."""
    manifest = json.loads((dataset / "dataset.json").read_text())
    (array,) = manifest["arrays"]
    bands = [manifest["splits"]["train"]["statistics"][band] for band in array["bands"]]
    return [band["mean"] for band in bands], [band["standard_deviation"] for band in bands]


def parameter_groups(model, decay):
    """Decay on the weights of convolutions and of the linear layer alone."""
    weights = [value for value in model.parameters() if value.dim() > 1]
    others = [value for value in model.parameters() if value.dim() <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def flip(images):
    """Both flips, each with chance one half an image."""
    for dimension in (2, 3):
        chosen = torch.rand(len(images)) < 0.5
        images = torch.where(chosen.view(-1, 1, 1, 1), images.flip(dimension), images)
    return images


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16)


def train_epoch(model, optimizer, images, labels, rates, batch_size):
    """Images a second."""
    model.train()
    order = torch.randperm(len(images))
    steps = len(images) // batch_size
    start = time.perf_counter()
    for step in range(steps):
        chosen = order[step * batch_size : (step + 1) * batch_size]
        batch = flip(images[chosen]).contiguous(memory_format=torch.channels_last)
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            logits = model(batch)
        torch.nn.functional.cross_entropy(logits.float(), labels[chosen]).backward()
        optimizer.step()
    return steps * batch_size / (time.perf_counter() - start)


def predict(model, images):
    model.eval()
    with torch.no_grad(), autocast():
        return torch.cat([model(part).float().argmax(1) for part in images.split(250)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("--init", required=True, help="safetensors with torchvision's names")
    parser.add_argument("--rates", required=True, help="CSV of eoshard-train --print-schedule")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    with open(options.rates) as file:
        schedule = list(csv.DictReader(file))
    batch_size = int(schedule[0]["batch_size"])
    moments = moments_of(options.dataset)
    images, labels = read_split(options.dataset, "train", moments)
    model = torchvision.models.resnet18(num_classes=10)
    model.load_state_dict(safetensors.torch.load_file(options.init), strict=True)
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(parameter_groups(model, 5e-4), lr=0.1, momentum=0.9, nesterov=True)

    rates = [float(row["learning_rate"]) for row in schedule]
    steps = len(images) // batch_size
    speeds = [train_epoch(model, optimizer, images, labels, rates[first : first + steps], batch_size)
              for first in range(0, len(rates), steps)]
    test_images, test_labels = read_split(options.dataset, "test", moments)
    predicted = predict(model, test_images)
    print(json.dumps({"images_per_second": speeds,
                      "accuracy": sklearn.metrics.accuracy_score(test_labels, predicted),
                      "f1_macro": sklearn.metrics.f1_score(test_labels, predicted, average="macro")}))


if __name__ == "__main__":
    main()
