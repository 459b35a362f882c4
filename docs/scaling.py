"""Computes the tables of scaling.md: how much communication a step of data-parallel training cannot hide, by a model.

python docs/scaling.py prints them; python docs/scaling.py --update writes them into scaling.md, between its markers."""

import pathlib
import sys

PAGE = pathlib.Path(__file__).with_name("scaling.md")
BEGIN, END = "<!-- begin of scaling.py -->\n", "<!-- end of scaling.py -->\n"

# ResNet-50 for 12 bands and 43 classes: torchvision's 25,557,032 parameters, with 9 more bands of 64 kernels of 7 x 7,
# and a last layer for 43 classes instead of 1,000; two running averages of each of 26,560 channels.
PARAMETERS = 25_557_032 + 9 * 64 * 49 - (1000 - 43) * 2049
STATISTICS = 2 * 26_560
BUCKET_BYTES = 25 << 20
LAST_GRADIENTS = (1 << 20) // 4  # the first layers', ready with the averages when backward ends

# Assumptions, none of them measured here. Bandwidths are per direction; a node's network is shared by its GPUs' rings.
SETTINGS = {
    "P2's kind of node: 4 V100, 2 × 100 Gb/s a node, 64 images a GPU, float32": dict(
        gpus=4, network=25e9, inside=50e9, latency=3e-6, batch=64, images_per_second=1250, bytes_a_value=4),
    "8 H100/H200, 8 × 400 Gb/s a node, 256 images a GPU, bf16, float32 on the wire": dict(
        gpus=8, network=400e9, inside=400e9, latency=3e-6, batch=256, images_per_second=9000, bytes_a_value=4),
    "the same with --wire bf16": dict(
        gpus=8, network=400e9, inside=400e9, latency=3e-6, batch=256, images_per_second=9000, bytes_a_value=2),
}
GPUS = (8, 16, 32, 64, 128, 256, 512, 1024)
BACKWARD_SHARE = 2 / 3  # of a step's computing: two products for each of forward's
EFFICIENCY_OF_LINKS = 0.8

# Training times of IGARSS 2020 (P2), in seconds by GPUs.
PUBLISHED = {8: 49_400, 128: 3_400}


def ring_seconds(gpus, length, setting):
    """D = 2 (N - 1) K / N bytes through the slowest link, and 2 (N - 1) hops."""
    link = (setting["inside"] if gpus <= setting["gpus"] else setting["network"]) * EFFICIENCY_OF_LINKS
    return 2 * (gpus - 1) / gpus * length / link + 2 * (gpus - 1) * setting["latency"]


def model(gpus, setting):
    """Megabytes sent by a GPU, milliseconds of computing, communication and what of it nothing hides, efficiency."""
    length = PARAMETERS * setting["bytes_a_value"] + STATISTICS * 4
    buckets = -(-PARAMETERS * 4 // BUCKET_BYTES)
    computing = setting["batch"] / setting["images_per_second"]
    last = LAST_GRADIENTS * setting["bytes_a_value"] + STATISTICS * 4
    sizes = [(length - last) / (buckets - 1)] * (buckets - 1) + [last]
    times = [ring_seconds(gpus, size, setting) for size in sizes]
    # Gradients of bucket k are ready after its share of backward; buckets follow each other on one lane.
    end = 0
    for number, seconds in enumerate(times):
        ready = computing * (1 - BACKWARD_SHARE) + computing * BACKWARD_SHARE * (number + 1) / buckets
        end = max(end, ready) + seconds
    exposed = end - computing
    sent = 2 * (gpus - 1) / gpus * length
    return sent / 1e6, computing * 1e3, sum(times) * 1e3, exposed * 1e3, computing / (computing + exposed)


def table(name, setting):
    lines = [f"**{name}** (assumed: {setting['images_per_second']:,} images/s a GPU)", "",
             "| GPUs | D, MB a GPU and step | computing, ms | communication, ms | exposed, ms | efficiency |",
             "|---|---|---|---|---|---|"]
    for gpus in GPUS:
        sent, computing, communication, exposed, efficiency = model(gpus, setting)
        lines.append(f"| {gpus} | {sent:.1f} | {computing:.1f} | {communication:.1f} | {exposed:.1f} | {efficiency:.3f} |")
    return "\n".join(lines) + "\n"


def beside_published():
    setting = next(iter(SETTINGS.values()))
    few, many = sorted(PUBLISHED)
    measured = PUBLISHED[few] / PUBLISHED[many]
    modelled = many / few * model(many, setting)[4] / model(few, setting)[4]
    return (f"From {few} to {many} GPUs P2's time went from {PUBLISHED[few]:,} s to {PUBLISHED[many]:,} s: "
            f"{measured:.1f} times faster (ideal {many // few}). The model of the first table says {modelled:.1f}.\n")


def tables():
    return "\n".join(table(name, setting) for name, setting in SETTINGS.items()) + "\n" + beside_published()


def updated(page):
    before, rest = page.split(BEGIN)
    return before + BEGIN + tables() + END + rest.split(END)[1]


if __name__ == "__main__":
    if "--update" in sys.argv:
        PAGE.write_text(updated(PAGE.read_text()))
    else:
        print(tables())
