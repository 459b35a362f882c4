"""Post-local SGD against two networks in PyTorch that average their weights and momenta, its limits, and its restart."""

import copy
import json
import pathlib
import shutil
import sys

import oracle_test
import torch
import training
from safetensors.torch import load_file

RATE, MOMENTUM, DECAY = 0.05, 0.9, 1e-3
SIDE, TRAIN, BATCH, MICRO = 16, 24, 8, 4
OPTIONS = dict(epochs=2, batch_size=BATCH, micro_batch_size=MICRO, threads=1, learning_rate=RATE, warmup_epochs=0,
               schedule="constant", weight_decay=DECAY, augment="none", seed=3)
MASK = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10 (Salmon et al., SC11)."""
    for _ in range(10):
        one, other = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [other >> 32 ^ counter[1] ^ key[0], other & MASK, one >> 32 ^ counter[3] ^ key[1], one & MASK]
        key = [(key[0] + 0x9E3779B9) & MASK, (key[1] + 0xBB67AE85) & MASK]
    return counter


def sample_order(samples, seed, epoch):
    order = list(range(samples))
    for last in range(samples - 1, 0, -1):
        words = philox([last, 0, epoch << 8 & MASK, epoch >> 24], [seed & MASK, seed >> 32])
        other = (words[0] << 32 | words[1]) * (last + 1) >> 64
        order[last], order[other] = order[other], order[last]
    return order


def average(models, optimizers, has_momenta=True):
    with torch.no_grad():
        for tensors in zip(*(model.state_dict().values() for model in models)):
            if tensors[0].is_floating_point():
                mean = sum(tensors) / len(tensors)
                for tensor in tensors:
                    tensor.copy_(mean)
        for parameters in zip(*(model.parameters() for model in models)) if has_momenta else ():
            states = [optimizer.state[parameter]["momentum_buffer"] for optimizer, parameter in zip(optimizers, parameters)]
            mean = sum(states) / len(states)
            for state in states:
                state.copy_(mean)


class SmallNetwork(torch.nn.Module):
    """So well-conditioned that rounding stays far below what is to be seen; a residual network of this size is not."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(4, 8, 3, 2, 1)
        self.bn = torch.nn.BatchNorm2d(8)
        self.fc = torch.nn.Linear(8 * (SIDE // 4) ** 2, 4)

    def forward(self, x):
        x = torch.tanh(self.bn(self.conv(x)))
        return self.fc(torch.nn.functional.avg_pool2d(x, 2).flatten(1))


def simulate(data, network, info, local_steps, **switches):
    """Two ranks of one micro-batch a step each; one step between averages is synchronous SGD."""
    images, labels = oracle_test.read_images(data, "train", info)
    truth = torch.from_numpy(labels).argmax(1)
    models, optimizers = [], []
    for _ in range(2):
        model = copy.deepcopy(network).train()
        decayed = [one for one in model.parameters() if one.dim() > 1]
        plain = [one for one in model.parameters() if one.dim() == 1]
        groups = [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}]
        models.append(model)
        optimizers.append(torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM, nesterov=True))
    steps = TRAIN // BATCH
    for epoch, between in enumerate(local_steps):
        order = sample_order(TRAIN, OPTIONS["seed"], epoch)
        for step in range(steps):
            for rank, (model, optimizer) in enumerate(zip(models, optimizers)):
                first = step * BATCH + rank * MICRO
                own = order[first:first + MICRO]
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(images[own]), truth[own]).backward()
                optimizer.step()
            if (step + 1) % between == 0 or step + 1 == steps:
                average(models, optimizers, **switches)
    return models[0].state_dict()


def largest_difference(one, other):
    return max((one[name] - other[name]).abs().max().item() for name in one if one[name].is_floating_point())


def two_ranks_average_what_two_networks_do(data, folder):
    torch.manual_seed(0)
    start = SmallNetwork()
    torch.jit.script(start).save(folder / "small.pt")
    training.succeed(data, folder / "local", 2, **OPTIONS, model=folder / "small.pt", local_steps="1,1:2")
    info = json.loads((folder / "local" / "weights.json").read_text())
    ours = load_file(folder / "local" / "weights.safetensors")
    difference = largest_difference(ours, simulate(data, start, info, [1, 2]))
    without = largest_difference(ours, simulate(data, start, info, [1, 2], has_momenta=False))
    synchronous = largest_difference(ours, simulate(data, start, info, [1, 1]))
    print(f"weights differ by {difference:.2g} from PyTorch's; {without:.2g} if momenta were not averaged, "
          f"{synchronous:.2g} from synchronous steps")
    assert difference < 1e-6 and without > 10 * difference and synchronous > 10 * difference
    noise = [line["gradient_noise_scale"] for line in training.metrics(folder / "local") if line["split"] == "train"]
    assert noise[0] is not None and noise[1] is None


def averages_after_every_step_are_synchronous_steps(data, folder):
    """An epoch of one step ends in an average: of weights that each rank has moved by its own gradient."""
    options = {**OPTIONS, "epochs": 3, "batch_size": TRAIN, "micro_batch_size": TRAIN // 2, "model": folder / "small.pt"}
    for name, steps in (("apart", 4), ("together", 1)):
        training.succeed(data, folder / name, 2, **options, local_steps=steps)
    one, other = (load_file(folder / name / "weights.safetensors") for name in ("apart", "together"))
    difference = largest_difference(one, other)
    print(f"three averaged steps differ by {difference:.2g} from synchronous ones")
    assert difference < 1e-6


def restart_is_exact(data, folder):
    """Stopped by a time limit as often as can be: at every synchronisation."""
    options = {**OPTIONS, "local_steps": 2, "model": folder / "small.pt"}
    whole = training.run(data, folder / "whole", 2, **options)
    assert whole.returncode == 0 and "depend on the number of ranks" in whole.stderr, whole.stderr
    for attempt in range(20):
        status = training.run(data, folder / "stopped", 2, **options, time_limit=0.01).returncode
        if status == 0:
            break
        assert status == 75, status
        if attempt == 0:
            shutil.copytree(folder / "stopped", folder / "alone")
    assert status == 0 and attempt >= 3, (status, attempt)
    assert training.weights(folder / "stopped") == training.weights(folder / "whole")
    assert training.metrics(folder / "stopped") == training.metrics(folder / "whole")
    alone = training.run(data, folder / "alone", **options)
    assert alone.returncode == 2 and "2 ranks" in alone.stderr and "--local-steps" in alone.stderr, alone.stderr


def what_is_left_out_is_said_once(data, folder):
    result = training.run(data, folder / "rest", 2, **{**OPTIONS, "batch_size": 16, "micro_batch_size": 8}, local_steps="1,1:2",
                          model=folder / "small.pt")
    assert result.returncode == 0 and "from epoch 2 on each of 2 ranks takes 2 steps" in result.stderr, result.stderr
    assert result.stderr.count("of every epoch's order are left out") == 1, result.stderr


def every_optimizer_is_averaged(data, folder):
    for optimizer in ("lars", "lamb", "novograd", "adamw"):
        training.succeed(data, folder / optimizer, 2, **OPTIONS, local_steps=2, optimizer=optimizer, ema_decay=0.5,
                         model=folder / "small.pt", precision="bf16")


def unequal_shares_are_refused(data, folder):
    result = training.run(data, folder / "uneven", 3, **OPTIONS, local_steps=2)
    assert result.returncode == 2 and "as many micro-batches on every rank" in result.stderr, result.stderr
    assert result.stderr.count("error: ") == 1 and not (folder / "uneven").exists()


def main():
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        data = training.make_dataset(folder / "data", TRAIN, 0, 8, "image", SIDE, "single-label")
        two_ranks_average_what_two_networks_do(data, folder)
        averages_after_every_step_are_synchronous_steps(data, folder)
        restart_is_exact(data, folder)
        what_is_left_out_is_said_once(data, folder)
        every_optimizer_is_averaged(data, folder)
        unequal_shares_are_refused(data, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
