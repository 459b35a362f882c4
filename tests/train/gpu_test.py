"""On a GPU: what training computes there. Skips where there is no GPU."""
import json
import os
import pathlib
import sys

import training

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402

EXACT = dict(epochs=2, batch_size=16, micro_batch_size=8, learning_rate=0.02, seed=3, mixup_alpha=0.3, device="cuda",
             deterministic=True)


def steep_network(path):
    """Its gradients overflow float16 at the first loss scales, for more steps than are computed eagerly."""
    import torch  # takes seconds
    from torch import nn

    class Steep(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Conv2d(12, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))

        def forward(self, x):
            return self.layers(x).float() * 10000.0

    torch.jit.script(Steep()).save(str(path))


class Gpu(harness.ClassFolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = training.make_dataset(cls.root / "data", 400, 21, 10, "sentinel", 60)
        probe = training.run(cls.data, cls.root / "probe", **EXACT, max_steps=1)
        is_missing = probe.returncode == 2 and ("no GPU" in probe.stderr or "without CUDA" in probe.stderr)
        if is_missing and "EOSHARD_NEEDS_GPU" not in os.environ:
            raise harness.unittest.SkipTest(probe.stderr.strip())

    def train(self, name, **options):
        out = self.folder / name
        training.succeed(self.data, out, **{**EXACT, **options})
        return training.weights(out), training.metrics(out)

    def test_two_runs_of_fifty_steps_have_the_same_bits(self):
        for precision in ("fp32", "bf16", "fp16"):
            with self.subTest(precision):
                first = self.train(f"{precision}-1", precision=precision)
                self.assertEqual(self.train(f"{precision}-2", precision=precision), first)

    def test_a_graph_has_the_bits_of_eager(self):
        for model, precision in (("resnet18", "fp32"), ("resnet50", "bf16"), ("resnet18", "fp16"), ("efficientnet_b0", "bf16")):
            with self.subTest(model=model, precision=precision):
                options = dict(model=model, precision=precision, max_steps=20)
                eager = self.train(f"{model}-{precision}-eager", **options)
                self.assertEqual(self.train(f"{model}-{precision}-graphed", **options, step="graphed"), eager)

    def test_networks_of_any_number_of_classes_run(self):
        """19 and 10 floats in front of the batch norms, whose kernels want their weights aligned."""
        for classes in (19, 10):
            data = training.make_dataset(self.folder / f"{classes}", 64, 8, 8, "sentinel", 60, classes=classes)
            for model, precision in (("resnet50", "fp32"), ("resnet18", "fp16"), ("efficientnet_b0", "fp32"), ("efficientnet_b0", "fp16")):
                with self.subTest(classes=classes, model=model, precision=precision):
                    options = {**EXACT, "model": model, "precision": precision, "max_steps": 2, "epochs": 1}
                    options.pop("deterministic")
                    training.succeed(data, self.folder / f"{model}-{precision}-{classes}", **options)

    def test_a_captured_update_has_the_bits_of_eager(self):
        """Every optimizer over a warm-up, so that the rate differs from step to step; one micro-batch, and several."""
        for optimizer in ("sgd", "lars", "lamb", "novograd", "adamw"):
            for batch in (8, 24):
                with self.subTest(optimizer=optimizer, batch=batch):
                    options = dict(optimizer=optimizer, batch_size=batch, learning_rate=0.001, ema_decay=0.9, max_steps=12,
                                   clip_gradient_norm=0.5)
                    eager = self.train(f"{optimizer}-{batch}-eager", **options)
                    self.assertEqual(self.train(f"{optimizer}-{batch}-graphed", **options, step="graphed"), eager)

    def test_a_weighted_smoothed_loss_of_one_label_is_captured(self):
        data = training.make_dataset(self.folder / "data", 64, 8, 8, "sentinel", 60, "single-label")
        options = {**EXACT, "mixup_alpha": 0, "label_smoothing": 0.1, "class_weights": "balanced", "max_steps": 8}
        for step in ("eager", "graphed"):
            training.succeed(data, self.folder / step, **options, step=step)
        self.assertEqual(training.weights(self.folder / "graphed"), training.weights(self.folder / "eager"))

    def test_an_overflow_is_settled_in_the_graph(self):
        steep_network(self.folder / "steep.pt")
        options = dict(model=self.folder / "steep.pt", precision="fp16", batch_size=8, learning_rate=1e-5, max_steps=30, epochs=1)
        eager = self.train("steep-eager", **options)
        self.assertEqual(self.train("steep-graphed", **options, step="graphed"), eager)
        newest = training.checkpoints(self.folder / "steep-graphed")[-1].read_bytes()
        header = json.loads(newest[8:8 + int.from_bytes(newest[:8], "little")])
        scale = json.loads(header["__metadata__"]["position"])["loss_scale"]
        self.assertLess(scale, 65536 / 2 ** 4, "no more steps overflowed than are computed eagerly")

    def test_a_cache_on_the_gpu_changes_nothing(self):
        for name, options in (("whole", {}), ("part", dict(subset_fraction=0.3, batch_size=8))):
            with self.subTest(name):
                self.assertEqual(self.train(f"{name}-cached", cache="device", **options), self.train(f"{name}-read", **options))

    def test_batches_that_switch_are_captured_anew(self):
        options = dict(batch_size="16,1:32", micro_batch_size="8,1:16")
        self.assertEqual(self.train("graphed", **options, step="graphed"), self.train("eager", **options))

    def test_a_resumed_run_is_the_whole_one(self):
        whole = self.train("whole")
        self.assertEqual(training.run(self.data, self.folder / "stopped", **EXACT, time_limit=0.01).returncode, 75)
        self.assertEqual(self.train("stopped"), whole)

    def test_it_learns_what_the_cpu_learns(self):
        """The first steps, before rounding has grown."""
        losses = {}
        for device in ("cpu", "cuda"):
            self.train(device, device=device, max_steps=2, epochs=1, warmup_epochs=0)
            losses[device] = training.metrics(self.folder / device)[0]["loss"]
        self.assertAlmostEqual(losses["cuda"], losses["cpu"], delta=1e-4 * losses["cpu"])

    def test_every_optimizer_and_the_fast_arithmetic_run(self):
        for optimizer in ("sgd", "lars", "lamb", "novograd", "adamw"):
            with self.subTest(optimizer):
                out = self.folder / optimizer
                options = {**EXACT, "optimizer": optimizer, "learning_rate": 0.001, "max_steps": 4, "ema_decay": 0.9,
                           "tf32": True}
                options.pop("deterministic")
                training.succeed(self.data, out, **options)


harness.main()
