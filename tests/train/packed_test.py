"""eoshard-train on a dataset of eoshard-pack."""
import math
import pathlib
import sys

import training

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import bigearthnet, harness  # noqa: E402


class Packed(harness.FolderTest):
    def test_bigearthnet(self):
        patches = bigearthnet.make(self.folder / "in", 1, 16)
        lists = bigearthnet.write_lists(self.folder, patches)
        bigearthnet.pack(self.folder / "data", "bigearthnet-v1", "--split", lists, self.folder / "in")
        scores = training.succeed(self.folder / "data", self.folder / "run", epochs=1, batch_size=4, max_steps=2, seed=1)
        self.assertEqual(scores["samples"], sum(patch["split"] == "test" for patch in patches))
        self.assertTrue(math.isfinite(scores["loss"]))
        self.assertEqual(len(scores["per_class"]), 19)
        supports = {entry["name"]: entry["support"] for entry in scores["per_class"]}
        self.assertEqual(supports["Pastures"], sum("Pastures" in patch["labels"] for patch in patches if patch["split"] == "test"))

harness.main()
