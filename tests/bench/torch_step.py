"""The plain PyTorch training step that eoshard-train is compared with: a torchvision network for 12 bands and 19 labels.

Every step takes the same batch, which lies in memory, normalised, in channels-last order: nothing is read. Prints one
JSON object. --mode graphed replays one CUDA graph of the whole step; compile and max-autotune are torch.compile's. With
RANK, WORLD_SIZE and --rendezvous: one of several processes of DistributedDataParallel over gloo, whose images are counted
together.
"""
import argparse
import json
import os
import pathlib
import time

import torch
import torch.distributed
import torchvision

BANDS, CLASSES, SIDE = 12, 19, 120


def make_model(name):
    """With a first convolution for all bands, in channels-last order."""
    model = getattr(torchvision.models, name)(num_classes=CLASSES)
    first = model.features[0] if hasattr(model, "features") else model
    key = "0" if hasattr(model, "features") else "conv1"
    old = getattr(first, key)
    setattr(first, key, torch.nn.Conv2d(BANDS, old.out_channels, old.kernel_size, old.stride, old.padding, bias=False))
    return model.to(memory_format=torch.channels_last)


def parameter_groups(model):
    """Decay on the weights of convolutions and of the linear layer alone."""
    weights = [value for value in model.parameters() if value.dim() > 1]
    others = [value for value in model.parameters() if value.dim() <= 1]
    return [{"params": weights, "weight_decay": 1e-4}, {"params": others, "weight_decay": 0.0}]


def distribute(model, rendezvous):
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    torch.distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=size)
    return torch.nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=True), rank, size


def take_step(model, optimizer, images, labels, precision):
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
        logits = model(images)
    torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), labels).backward()
    optimizer.step()


def capture(step):
    """A function that replays what step() queues on the GPU."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def run_steps(step, steps, device):
    for _ in range(steps):
        step()
    if device == "cuda":
        torch.cuda.synchronize()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--batch-size", type=int, default=16, help="of each process")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--mode", choices=["eager", "graphed", "compile", "max-autotune"], default="eager")
    parser.add_argument("--rendezvous", type=pathlib.Path, help="a file that is not there yet, the same for all processes")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    torch.backends.cudnn.benchmark = True
    model = make_model(options.model).train().to(options.device)
    rank, size = 0, 1
    if options.rendezvous:
        model, rank, size = distribute(model, options.rendezvous)
    optimizer = torch.optim.SGD(parameter_groups(model), lr=0.01, momentum=0.9, nesterov=True, fused=True)
    if options.mode in ("compile", "max-autotune"):
        model = torch.compile(model, mode="max-autotune" if options.mode == "max-autotune" else "default")
    images = torch.randn(options.batch_size, BANDS, SIDE, SIDE).contiguous(memory_format=torch.channels_last).to(options.device)
    labels = (torch.rand(options.batch_size, CLASSES) < 0.15).float().to(options.device)

    def step():
        take_step(model, optimizer, images, labels, options.precision)

    if options.mode == "graphed":
        step = capture(step)
    run_steps(step, 5, options.device)
    start = time.perf_counter()
    run_steps(step, options.steps, options.device)
    seconds = time.perf_counter() - start
    if rank == 0:
        print(json.dumps({"images_per_second": options.steps * options.batch_size * size / seconds}))
    if size > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
