"""docs/scaling.md holds what docs/scaling.py computes, and the model does what its formulas say."""

import importlib.util
import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def main():
    spec = importlib.util.spec_from_file_location("scaling", DOCS / "scaling.py")
    scaling = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scaling)
    page = (DOCS / "scaling.md").read_text()
    assert scaling.updated(page) == page, "docs/scaling.md is old: python docs/scaling.py --update"
    assert scaling.PARAMETERS == 23_624_363, scaling.PARAMETERS
    setting = next(iter(scaling.SETTINGS.values()))
    sent, computing, communication, exposed, efficiency = scaling.model(2, setting)
    assert abs(sent * 1e6 - (scaling.PARAMETERS + scaling.STATISTICS) * 4) < 1, sent  # two ranks: D = K
    assert 0 < exposed < communication and efficiency < 1
    *_, rounded = scaling.SETTINGS.values()  # over bfloat16 the last bucket's gradients are half as many bytes
    last = (1 << 19) + scaling.STATISTICS * 4
    assert abs(scaling.model(8, rounded)[3] / 1e3 - scaling.ring_seconds(8, last, rounded)) < 1e-9
    few, many = (scaling.model(gpus, setting)[3] for gpus in (8, 1024))
    assert few < many
    return 0


if __name__ == "__main__":
    sys.exit(main())
