"""Every kind of network against torchvision and timm: built-in ones, TorchScript files, weights to begin with."""

import json
import pathlib
import sys

import numpy as np
import oracle_test
import timm
import torch
import torchvision
import training
from safetensors.torch import load_file, save_file

QUICK = dict(epochs=1, batch_size=16, micro_batch_size=8, threads=1, learning_rate=0.01, warmup_epochs=0)


def script(model, path):
    torch.jit.script(model).save(path)
    return str(path)


def largest_difference(one, other):
    return max((one[name].double() - other[name].double()).abs().max().item() for name in one)


def built_in_networks_equal_torchvision(folder, sentinel, images):
    oracle_test.check(sentinel, folder / "b0", False, **{**QUICK, "model": "efficientnet_b0"})
    oracle_test.check(images, folder / "b0-small", True, **QUICK, **{"model": "efficientnet_b0", "stem": "small"},
                      max_steps=1)
    oracle_test.check(images, folder / "r18-small", True, **QUICK, stem="small", dropout=0.5)


def dropout_draws_the_same_on_any_ranks(folder, sentinel):
    """And without dropout the weights are others: it was at work."""
    options = {**QUICK, "model": "efficientnet_b0", "max_steps": 2, "seed": 5}
    for ranks in (1, 2):
        training.succeed(sentinel, folder / f"b0-ranks{ranks}", ranks, **options)
    training.succeed(sentinel, folder / "b0-plain", **options, dropout=0, stochastic_depth=0)
    assert training.weights(folder / "b0-ranks1") == training.weights(folder / "b0-ranks2")
    assert training.weights(folder / "b0-ranks1") != training.weights(folder / "b0-plain")


def a_scripted_network_trains_as_the_built_in_one(folder, sentinel):
    torch.manual_seed(1)
    model = oracle_test.reference_model("resnet18", 12, 4)
    save_file(model.state_dict(), folder / "start.safetensors")
    path = script(model, folder / "resnet18.pt")
    oracle_test.check(sentinel, folder / "scripted", False, reference=model, **{**QUICK, "model": path, "max_steps": 2})
    training.succeed(sentinel, folder / "built-in", **QUICK, max_steps=2, init=folder / "start.safetensors",
                     init_head="keep")
    one, other = (load_file(folder / name / "weights.safetensors") for name in ("scripted", "built-in"))
    assert set(one) == set(other)
    difference = largest_difference(one, other)
    print(f"two steps of a scripted and the built-in ResNet-18 differ by {difference:.2g}")
    assert difference < 1e-6
    assert largest_difference(one, load_file(folder / "start.safetensors")) > 1e-3


def a_scripted_network_gives_embeddings(folder, sentinel):
    """In both precisions what torchvision's last layer sees; a script that changes its logits afterwards is refused."""
    info = json.loads((folder / "scripted" / "weights.json").read_text())
    model = oracle_test.reference_model("resnet18", 12, 4)
    model.load_state_dict(load_file(folder / "scripted" / "weights.safetensors"))
    model.fc = torch.nn.Identity()
    images, _ = oracle_test.read_images(sentinel, "test", info)
    with torch.no_grad():
        theirs = model.eval()(images).numpy()
    for precision, tolerance in (("fp32", 1e-5), ("bf16", 3e-2)):
        path = folder / f"{precision}.npy"
        training.succeed(sentinel, None, evaluate=folder / "scripted", embeddings=path, precision=precision, threads=1)
        difference = np.abs(np.load(path) - theirs).max() / np.abs(theirs).max()
        print(f"embeddings of a scripted ResNet-18 in {precision} differ by {difference:.2g}")
        assert difference < tolerance
    model = torch.nn.Sequential(oracle_test.reference_model("resnet18", 12, 4), torch.nn.Tanh())
    options = {**QUICK, "model": script(model, folder / "tanh.pt"), "max_steps": 1}
    training.succeed(sentinel, folder / "tanh", **options)
    result = training.run(sentinel, None, 2, evaluate=folder / "tanh", embeddings=folder / "tanh.npy")
    assert result.returncode == 1 and "last linear layer (0.fc.weight)" in result.stderr, result.stderr
    assert result.stderr.count("error: ") == 1 and not (folder / "tanh.npy").exists()


class Unrounded(torch.nn.Module):
    """A network that does something else with its images before it convolves them, without changing them."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x * 1)


def images_in_bfloat16_change_nothing(folder, sentinel):
    """They are what autocast would make of them: the same weights as where it does."""
    options = {**QUICK, "precision": "bf16", "max_steps": 2}
    torch.manual_seed(4)
    model = oracle_test.reference_model("resnet18", 12, 4)
    weights = []
    for name, network, wanted in (("rounded", model, "bfloat16"), ("unrounded", Unrounded(model), "float32")):
        path, out = script(network, folder / f"{name}.pt"), folder / f"{name}-run"
        step = training.succeed(sentinel, None, benchmark_step=True, **{**options, "model": path})
        assert step["input"] == wanted, (name, step)
        training.succeed(sentinel, out, **{**options, "model": path})
        weights.append({key.removeprefix("network."): value for key, value in load_file(out / "weights.safetensors").items()})
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    step = training.succeed(sentinel, None, benchmark_step=True, **{**options, "model": "efficientnet_b0", "max_steps": 1})
    assert step["input"] == "bfloat16", step


def changed_files_are_refused(folder, sentinel):
    """A run that has begun goes on with the same content of --init and --model only."""
    for name, options, path in (
            ("begun-init", {"init": folder / "start.safetensors"}, folder / "start.safetensors"),
            ("begun-script", {"model": folder / "resnet18.pt"}, folder / "resnet18.pt")):
        options = {**QUICK, **options, "max_steps": 1}
        run = folder / name
        training.succeed(sentinel, run, **options)
        before = training.weights(run)
        (run / "result.json").unlink()  # unfinished, as it seems
        content = path.read_bytes()
        torch.manual_seed(9)
        other = oracle_test.reference_model("resnet18", 12, 4)
        save_file(other.state_dict(), path) if "init" in name else script(other, path)
        result = training.run(sentinel, run, 2, **options)
        assert result.returncode == 2 and "another content" in result.stderr and path.name in result.stderr, result.stderr
        assert result.stderr.count("error: ") == 1
        path.write_bytes(content)
        training.succeed(sentinel, run, **options)
        assert training.weights(run) == before


def a_timm_network_trains(folder, sentinel):
    """Its batch norm has another momentum, 0.01, which the running averages must follow."""
    torch.manual_seed(2)
    model = timm.create_model("mobilenetv3_small_050", in_chans=12, num_classes=4, bn_momentum=0.01)
    path = script(model, folder / "timm.pt")
    options = {**QUICK, "model": path, "max_steps": 1, "batch_size": 8, "learning_rate": 0}
    oracle_test.check(sentinel, folder / "timm", False, reference=model, **options)
    ours = load_file(folder / "timm" / "weights.safetensors")
    moved = (ours["bn1.running_var"] - 1).abs().max()  # (1 - m) · 1 + m · var
    assert 0 < moved < 0.05, moved


def first_convolutions_adapt(folder, sentinel):
    torch.manual_seed(3)
    start = torchvision.models.resnet18(num_classes=10).state_dict()
    save_file({name: value.half() if value.is_floating_point() else value for name, value in start.items()},
              folder / "rgb.safetensors")
    options = {**QUICK, "learning_rate": 0, "max_steps": 1, "init": folder / "rgb.safetensors"}
    training.succeed(sentinel, folder / "average", **options)
    training.succeed(sentinel, folder / "skip", **options, init_first_conv="skip")
    average, skip = (load_file(folder / name / "weights.safetensors") for name in ("average", "skip"))
    expected = start["conv1.weight"].half().double().mean(1, keepdim=True) * 3 / 12
    assert torch.allclose(average["conv1.weight"].double(), expected.expand(-1, 12, -1, -1), atol=1e-6)
    assert skip["conv1.weight"].std() > 0.02, "a skipped first convolution keeps its own draws"
    assert not torch.allclose(skip["conv1.weight"][:, 0], skip["conv1.weight"][:, 1])
    for weights in (average, skip):
        assert weights["fc.weight"].shape == (4, 512)
        assert torch.equal(weights["layer4.1.conv2.weight"], start["layer4.1.conv2.weight"].half().float())


def a_frozen_backbone_stays(folder, sentinel):
    training.succeed(sentinel, folder / "frozen", **QUICK, max_steps=2, init=folder / "start.safetensors",
                     init_head="keep", freeze="backbone")
    start, after = load_file(folder / "start.safetensors"), load_file(folder / "frozen" / "weights.safetensors")
    for name in start:
        same = torch.equal(start[name], after[name])
        assert same != name.startswith("fc.") or name.endswith("num_batches_tracked"), name


def averaged_weights_lie_between(folder, sentinel):
    """After one step with decay 0.5 they are the middle of where the step began and where it ended."""
    options = {**QUICK, "max_steps": 1, "init": folder / "start.safetensors", "init_head": "keep"}
    training.succeed(sentinel, folder / "raw", **options)
    training.succeed(sentinel, folder / "averaged", **options, ema_decay=0.5)
    start, raw, averaged = (load_file(path) for path in (folder / "start.safetensors",
                            folder / "raw" / "weights.safetensors", folder / "averaged" / "weights.safetensors"))
    for name in start:
        if name.endswith("num_batches_tracked"):
            continue
        assert torch.allclose(averaged[name], (start[name] + raw[name]) / 2, atol=1e-6), name


def refused(data, out, *words, **options):
    result = training.run(data, out, **options)
    assert result.returncode != 0
    errors = [line for line in result.stderr.splitlines() if "error: " in line]
    assert len(errors) == 1, result.stderr
    for word in words:
        assert word in errors[0], (word, errors[0])


def what_does_not_fit_is_refused(folder, sentinel):
    out = folder / "refused"
    save_file(torchvision.models.mobilenet_v3_small(num_classes=4).state_dict(), folder / "other.safetensors")
    refused(sentinel, out, "another network", "bn1.bias", "classifier.0.bias", **QUICK, init=folder / "other.safetensors")
    refused(sentinel, out, "conv1.weight", "7", "3, 3", **QUICK, init=folder / "start.safetensors", stem="small")
    refused(sentinel, out, "safetensors", **QUICK, init=folder / "resnet18.pt")
    three = script(oracle_test.reference_model("resnet18", 3, 4), folder / "three.pt")
    refused(sentinel, out, "12 bands", "24 x 24", **{**QUICK, "model": three})
    seven = script(oracle_test.reference_model("resnet18", 12, 7), folder / "seven.pt")
    refused(sentinel, out, "(2, 7)", "4 classes", **{**QUICK, "model": seven})
    model = oracle_test.reference_model("resnet18", 12, 4)
    torch.jit.trace(model.eval(), torch.zeros(2, 12, 24, 24)).save(folder / "traced.pt")
    refused(sentinel, out, "torch.jit.script", **{**QUICK, "model": folder / "traced.pt"})
    torch.save({}, folder / "pickled.pt")
    refused(sentinel, out, "no TorchScript file", **{**QUICK, "model": folder / "pickled.pt"})
    refused(sentinel, out, "--dropout", **{**QUICK, "model": seven}, dropout=0.1)


def main():
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        sentinel = training.make_dataset(folder / "data", 32, 8, 21)
        images = training.make_dataset(folder / "images", 32, 8, 21, "image", 28, "single-label")
        built_in_networks_equal_torchvision(folder, sentinel, images)
        dropout_draws_the_same_on_any_ranks(folder, sentinel)
        a_scripted_network_trains_as_the_built_in_one(folder, sentinel)
        a_scripted_network_gives_embeddings(folder, sentinel)
        images_in_bfloat16_change_nothing(folder, sentinel)
        changed_files_are_refused(folder, sentinel)
        a_timm_network_trains(folder, sentinel)
        first_convolutions_adapt(folder, sentinel)
        a_frozen_backbone_stays(folder, sentinel)
        averaged_weights_lie_between(folder, sentinel)
        what_does_not_fit_is_refused(folder, sentinel)
    return 0


if __name__ == "__main__":
    sys.exit(main())
