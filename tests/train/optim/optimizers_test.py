"""A hundred float32 steps of every optimizer on recorded gradients: PyTorch's and timm's weights to 1e-6."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import timm.optim
import torch

TOOL = pathlib.Path(os.environ["EOSHARD_BIN"]).parent / "tests" / "follow_gradients"
SHAPES = [(64, 27, 3, 3), (64,), (100, 300), (100,)]
STEPS, RATE, DECAY = 100, 0.01, 1e-3
LIBRARIES = {
    "sgd": (lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.9, nesterov=True), 0),
    "lars": (lambda groups: timm.optim.Lars(groups, lr=RATE, momentum=0.9, nesterov=True), 0),
    "lamb": (lambda groups: timm.optim.Lamb(groups, lr=RATE), 1),
    "novograd": (lambda groups: timm.optim.NvNovoGrad(groups, lr=RATE), 0),
    "adamw": (lambda groups: torch.optim.AdamW(groups, lr=RATE), 0),
}


def recorded(seed=0):
    """Weights, and gradients that pull them towards a target with noise: norms fall and rise as in training."""
    generator = np.random.default_rng(seed)
    weights = [generator.normal(0, 0.1, shape).astype(np.float32) for shape in SHAPES]
    gradients = [[(generator.normal(0, 0.05, shape) + 0.2 * np.sin(step / 9) * weight).astype(np.float32)
                  for shape, weight in zip(SHAPES, weights)] for step in range(STEPS)]
    return weights, gradients


def theirs(make, weights, gradients):
    parameters = [torch.nn.Parameter(torch.from_numpy(weight.copy())) for weight in weights]
    optimizer = make([{"params": parameters[0::2], "weight_decay": DECAY}, {"params": parameters[1::2], "weight_decay": 0.0}])
    for step in gradients:
        for parameter, gradient in zip(parameters, step):
            parameter.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in parameters])


def ours(rule, clip, weights, gradients):
    content = b"".join(values.tobytes() for values in [*weights, *(part for step in gradients for part in step)])
    lengths = [str(weight.size) for weight in weights]
    command = [str(TOOL), rule, str(DECAY), str(clip), str(STEPS), str(RATE), *lengths]
    result = subprocess.run(command, input=content, capture_output=True, check=True)
    return np.frombuffer(result.stdout, np.float32)


def main():
    weights, gradients = recorded()
    start = np.concatenate([weight.ravel() for weight in weights])
    for rule, (make, clip) in LIBRARIES.items():
        one, other = ours(rule, clip, weights, gradients), theirs(make, weights, gradients)
        difference = np.abs(one - other).max() / np.abs(other).max()
        print(f"{rule}: {difference:.2g} of the largest weight; moved by up to {np.abs(other - start).max():.2g}")
        assert difference < 1e-6, rule
        assert np.abs(other - start).max() > 1e-4, rule
    return 0


if __name__ == "__main__":
    sys.exit(main())
