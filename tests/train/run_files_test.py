"""What a run leaves, read by others' software: metrics.jsonl by its schema, TensorBoard's events, the page of HTML as XML;
and every recipe of docs/recipes, cut down."""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

import jsonschema
import training
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SOURCE = pathlib.Path(__file__).resolve().parents[2]
QUICK = dict(batch_size=16, micro_batch_size=8, threads=1, learning_rate=0.01, warmup_epochs=0)


def lines_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def tensorboard_reads_the_same_figures(run):
    events = EventAccumulator(str(run))
    events.Reload()
    found = {(tag, one.step): one.value for tag in events.Tags()["scalars"] for one in events.Scalars(tag)}
    expected = {}
    for line in lines_of(run):
        group = line["split"] + ("-" + line["weights"] if "weights" in line else "")
        for name, value in line.items():
            if isinstance(value, (int, float)) and name not in ("step", "time"):
                expected[f"{group}/{name}", line["step"]] = value
    assert set(found) == set(expected), set(found) ^ set(expected)
    for key, value in expected.items():
        assert abs(found[key] - value) <= 1e-6 * abs(value), (key, found[key], value)


def the_page_is_whole(run, classes):
    page = (run / "report.html").read_text()
    tree = xml.fromstring(page.replace("<!DOCTYPE html>\n", ""))
    assert "http" not in page.replace("http-equiv", ""), "the page asks for something from outside"
    text = " ".join(tree.itertext())
    for name in classes:
        assert name in text
    for average in ("micro average", "macro average", "weighted average", "samples average"):
        assert average in text
    for figure in tree.iter("figure"):
        ticks = [one for one in figure.iter("text") if one.get("class") == "tick last"]
        steps = {round(float(one.text) - float(other.text), 9) for one, other in zip(ticks[1:], ticks)}
        assert len(ticks) > 3 and len(steps) == 1, "uneven ticks"
        assert re.fullmatch(r"[125]e[+-]\d+", f"{steps.pop():.0e}") and all(len(one.text) < 7 for one in ticks)
    titles = [one.text for one in tree.iter("h3")]
    assert {"Loss", "F1 on validation", "Learning rate at the end of the epoch", "Images a second"} <= set(titles), titles


def files_are_in_order(data, folder):
    schema = json.loads((SOURCE / "schemas" / "metrics.schema.json").read_text())
    run = folder / "run"
    result = training.succeed(data, run, epochs=3, **QUICK)
    lines = lines_of(run)
    for line in lines:
        jsonschema.validate(line, schema)
    assert [line["split"] for line in lines] == ["train", "validation"] * 3 + ["test"] * 2
    tensorboard_reads_the_same_figures(run)
    the_page_is_whole(run, [one["name"] for one in result["per_class"]])


def progress_is_told(data, folder):
    result = training.run(data, folder / "told", 2, epochs=2, **QUICK, progress="always")
    pattern = (r"epoch 1/2: 16/32 images \(\d+/s, \d+ s left\) step 1, loss \d\.\d{4}, input wait \d+ %, run \d+ s left")
    assert len(re.findall(pattern, result.stderr)) == 1, result.stderr
    assert "test: 12/12 images" in result.stderr, result.stderr  # of eight on validation rank 0 has none


def an_interrupted_run_tells_the_same(data, folder):
    """Events and metrics of a run that a time limit stopped again and again are those of one in one piece."""
    run = folder / "stopped"
    options = dict(epochs=3, **QUICK, time_limit=0.01)
    for attempt in range(40):
        status = training.run(data, run, **options).returncode
        if status == 0:
            break
        assert status == 75, status
    assert attempt > 2 and status == 0
    assert training.metrics(run) == training.metrics(folder / "run")
    assert training.weights(run) == training.weights(folder / "run")
    tensorboard_reads_the_same_figures(run)


def recipes_run(data, images, folder):
    for recipe in sorted((SOURCE / "docs" / "recipes").glob("*.toml")):
        small = {"batch_size": "8,1:16", "micro_batch_size": "4,1:8", "epochs": 2, "max_steps": 5, "threads": 1}
        dataset = images if recipe.name.startswith(("p3", "eurosat")) else data
        result = training.succeed(dataset, folder / recipe.stem, config=recipe, **small, precision="fp32")
        print(f"{recipe.stem}: loss {result['loss']:.3f} after {result['steps']} steps")
        assert result["steps"] == 5


def main():
    with training.temporary_folder() as folder:
        folder = pathlib.Path(folder)
        data = training.make_dataset(folder / "data", 32, 8, 12)
        images = training.make_dataset(folder / "images", 32, 8, 12, "image", 28, "single-label")
        files_are_in_order(data, folder)
        progress_is_told(data, folder)
        an_interrupted_run_tells_the_same(data, folder)
        recipes_run(data, images, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
