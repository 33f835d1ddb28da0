#!/usr/bin/env python3
"""Draws the pictures of the lessons from the numbers that `lesson NAME --json` prints. Needs matplotlib (PyPI).

    draw_lessons.py [--build build] [NAME ...]      without NAME: all

Each picture lies beside its lesson: quant/observers/weights.md has quant/observers/weights.svg.
"""
import argparse
import json
import pathlib
import subprocess

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLUE, ORANGE, GREY, PALE = "#1f5fa8", "#c8501e", "#6b6b6b", "#e4ebf3"
plt.rcParams.update({"svg.hashsalt": "octet", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "axes.spines.top": False,
                     "axes.spines.right": False, "axes.titlesize": 11, "axes.titlelocation": "left", "figure.facecolor": "white"})


def figure(columns, width=9.0, height=3.2, **options):
    return plt.subplots(1, columns, figsize=(width, height), layout="constrained", **options)


def grid(ax, values, colour=lambda r, c: "white", size=10, rows=None):
    """A table of numbers with cells of equal size; rows: a label before each."""
    height, width = len(values), len(values[0])
    for r, line in enumerate(values):
        for c, value in enumerate(line):
            ax.add_patch(plt.Rectangle((c, height - 1 - r), 1, 1, facecolor=colour(r, c), edgecolor=GREY, linewidth=0.6))
            ax.text(c + 0.5, height - 0.5 - r, value, ha="center", va="center", fontsize=size)
        if rows:
            ax.text(-0.2, height - 0.5 - r, rows[r], ha="right", va="center", fontsize=size, color=BLUE)
    ax.set_xlim(-1.2 if rows else -0.1, width + 0.1)
    ax.set_ylim(-0.1, height + 0.1)
    ax.set_aspect("equal")
    ax.axis("off")


def im2col(n):
    fig, (image, columns) = figure(2, height=3.4, width_ratios=[5, 10])
    z = n["zero_point"]
    padded = [[z] * 5] + [[z, *n["image"][3 * h:3 * h + 3], z] for h in range(3)] + [[z] * 5]
    window = lambda r, c: "#f6d9c9" if r < 3 and c < 3 else PALE if r in (0, 4) or c in (0, 4) else "white"
    grid(image, padded, window)
    image.set_title("codes, padded with the zero point;\nthe first window")
    table = [n["columns"][9 * tap:9 * tap + 9] for tap in range(9)]
    grid(columns, table, lambda r, c: "#f6d9c9" if c == 0 else PALE if table[r][c] == z else "white", rows=n["filter"])
    columns.set_title("the filter's taps, and a column for each window")
    return fig


def recording(n):
    fig, ax = plt.subplots(figsize=(9, 2.6), layout="constrained")
    boxes = [("x", "[3, 1]", 0), ("fc", n["calls"][0][2], 1), ("relu", n["calls"][1][2], 2), ("add", n["calls"][2][2], 3)]
    gradient = {"x": n["gradients"]["x"], "fc": "weight " + n["gradients"]["fc.weight"]}
    for name, value, at in boxes:
        ax.add_patch(plt.Rectangle((at * 2.4, 0), 1.5, 1, facecolor=PALE, edgecolor=BLUE))
        ax.text(at * 2.4 + 0.75, 0.66, name, ha="center", va="center", weight="bold")
        ax.text(at * 2.4 + 0.75, 0.3, value, ha="center", va="center")
        if name in gradient:
            ax.text(at * 2.4 + 0.75, -0.22, "gradient: " + gradient[name], ha="center", va="center", color=ORANGE, fontsize=9)
    for at in range(3):
        ax.annotate("", (at * 2.4 + 2.4, 0.62), (at * 2.4 + 1.5, 0.62), arrowprops={"arrowstyle": "->", "color": BLUE})
        ax.annotate("", (at * 2.4 + 1.5, 0.25), (at * 2.4 + 2.4, 0.25), arrowprops={"arrowstyle": "->", "color": ORANGE})
    for y, colour, there, back in ((1.0, BLUE, 0.75, 7.95), (1.0, ORANGE, 7.8, 0.6)):
        ax.annotate("", (back, y + (0.02 if colour == BLUE else 0.0)), (there, y), arrowprops={"arrowstyle": "->", "color": colour,
                    "connectionstyle": f"arc3,rad={-0.17 if colour == BLUE else 0.12}"})
    ax.text(4.3, 2.35, "forwards: trace() makes the graph", color=BLUE, ha="center")
    ax.text(4.3, 2.0, "backwards: backward() goes from gradient to gradient", color=ORANGE, ha="center")
    ax.set_xlim(-0.8, 9.2)
    ax.set_ylim(-0.5, 2.6)
    ax.axis("off")
    return fig


def weights(n):
    fig, (ranges, noise) = figure(2)
    order = sorted(range(len(n["largest"])), key=lambda k: -n["largest"][k])
    ranges.bar(range(len(order)), [n["largest"][k] for k in order], color=BLUE, width=0.9)
    ranges.axhline(n["scale"] * 127.5, color=ORANGE, linewidth=1)
    ranges.text(len(order) - 1, n["scale"] * 127.5, "what one scale must reach", color=ORANGE, ha="right", va="bottom")
    ranges.set(title="largest weight of each filter", xlabel="filters, the widest first")
    noise.plot([n["per_channel"][k] for k in order], color=BLUE, label="a scale for each filter")
    noise.plot([n["per_tensor"][k] for k in order], color=ORANGE, label="one scale for all")
    noise.set(title="SQNR of each filter's weights, dB", xlabel="the same order")
    noise.legend(frameon=False)
    return fig


def histogram(n):
    fig, (small, large) = figure(2, height=3.4)
    small.bar([b + 0.5 for b in range(8)], n["counts"], width=0.95, color=PALE, edgecolor=BLUE)
    best = min((r for r in n["ranges"] if r[0] == 0), key=lambda r: r[2])
    for (start, end, error), y, colour in ((n["ranges"][0], 31, GREY), (best, 25, ORANGE)):
        width = (end + 1 - start) / 4
        for code in range(4):
            small.plot([start + width * code, start + width * (code + 1)], [y, y], color=colour, linewidth=2, marker="|", markersize=9)
        small.text(8, y + 1.2, f"bins {start} to {end}: error {error:.2f}", color=colour, ha="right")
    small.set(title="eight bins", xlabel="value", ylabel="values in the bin")
    layer = n["layer"]
    width = (layer["max"] - layer["min"]) / len(layer["counts"])
    merged = [sum(layer["counts"][i:i + 16]) for i in range(0, 2048, 16)]
    edges = [layer["min"] + 16 * width * i for i in range(128)]
    large.bar(edges, merged, width=16 * width, align="edge", color=BLUE)
    large.set_yscale("log")
    for side, text, align in (("low", " low", "left"), ("high", "high ", "right")):
        large.axvline(layer[side], color=ORANGE, linewidth=1)
        large.text(layer[side], max(merged), text, color=ORANGE, ha=align, va="top")
    large.set(title="0.4.0.conv1.weight", xlabel="value", ylabel="values, logarithmic")
    return fig


def fake_quantization(n):
    fig, (steps, learns) = figure(2)
    xs = [i / 200 for i in range(-500, 601)]
    rounded = [0.5 * (min(max(round(x / 0.5), -3), 4)) for x in xs]
    steps.plot(xs, xs, color=GREY, linewidth=0.8, linestyle=":")
    steps.plot(xs, rounded, color=BLUE)
    steps.plot(n["x"], n["y"], "o", color=BLUE, markersize=4)
    steps.axvspan(-1.75, 2.25, color=PALE, zorder=0)
    steps.text(0.25, -2.3, "the gradient passes", ha="center", color=ORANGE)
    steps.text(2.3, -2.3, "it is 0", color=ORANGE)
    steps.set(title="fake_quantize(x), scale 0.5, codes 0 to 7", xlabel="x", ylim=(-2.6, 2.4))
    learns.plot([s[0] for s in n["steps"]], color=GREY, marker=".", label="w, which learns")
    learns.step(range(len(n["steps"])), [s[1] for s in n["steps"]], color=BLUE, where="mid", label="w rounded, which the loss sees")
    learns.set(title="a weight on its way to 1", xlabel="step")
    learns.legend(frameon=False)
    return fig


def passes(n):
    fig, ax = plt.subplots(figsize=(9, 3.4), layout="constrained")
    colours = {"conv": "#cfe0f3", "bn": "#f6d9c9", "relu": "#e6f0cf", "add": "#e5dcf0", "[": "#fff3c4"}
    for row, (name, nodes) in enumerate((stage, n[stage]) for stage in ("trace", "fold_batch_norm", "fuse_relu", "insert_observers", "convert")):
        ax.text(-0.1, -row + 0.25, name, ha="right", va="center", color=BLUE)
        at = 0.0
        for node in nodes:
            width = 0.55 if node.startswith("[") else 1.5
            kind = "add" if node.startswith("add") else next((k for k in colours if k in node), "conv")
            ax.add_patch(plt.Rectangle((at, -row), width, 0.5, facecolor=colours[kind], edgecolor=GREY, linewidth=0.6))
            ax.text(at + width / 2, -row + 0.25, node.removeprefix("_0_4_0_"), ha="center", va="center", fontsize=9)
            at += width + 0.12
    ax.set_xlim(-2.3, 11.5)
    ax.set_ylim(-4.2, 0.7)
    ax.axis("off")
    return fig


def requantize(n):
    fig, ax = plt.subplots(figsize=(9, 1.9), layout="constrained")
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(3.5, color=ORANGE)
    ax.text(3.5, 1.25, "a tie: half to even goes up, to 4", color=ORANGE, ha="center")
    for height, engine in zip((0.8, 0.45, -0.35), n):
        ax.plot([engine["steps"]], [0], "o", color=BLUE)
        ax.annotate(f"{engine['engine']}: {engine['steps']:.5f}, code {engine['code']}", (engine["steps"], 0), (engine["steps"] - 0.0001, height),
                    ha="right", arrowprops={"arrowstyle": "-", "color": GREY})
    ax.set(xlim=(3.4975, 3.5008), ylim=(-0.6, 1.5), xlabel="steps of the output's scale, before rounding", yticks=[])
    ax.spines["left"].set_visible(False)
    return fig


def winograd(n):
    fig, ax = plt.subplots(figsize=(9, 3.2), layout="constrained")
    layers = n["layers"]
    ax.barh([name for name, _ in layers][::-1], [bound for _, bound in layers][::-1], color=BLUE)
    ax.axvline(2 ** 25, color=ORANGE)
    ax.text(2 ** 25, len(layers) - 0.5, "exact below 2^25 ", color=ORANGE, ha="right", va="bottom")
    ax.tick_params(axis="y", labelsize=8)
    ax.set(title="the largest sum that each 3x3 layer of ResNet18 can have")
    return fig


PLACES = {im2col: "ops/conv/conv2d", recording: "nn/recording", weights: "quant/observers/weights", histogram: "quant/observers/histogram_observer",
          passes: "quant/passes/passes", requantize: "ops/engines/requantize", fake_quantization: "quant/qat/fake_quantization", winograd: "ops/cpu/winograd"}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", choices=[draw.__name__ for draw in PLACES] + [[]])
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    a = p.parse_args()
    for draw, place in PLACES.items():
        if a.names and draw.__name__ not in a.names:
            continue
        printed = subprocess.run([str(a.build / "lesson"), draw.__name__, "--json"], check=True, capture_output=True, text=True).stdout
        draw(json.loads(printed)).savefig(ROOT / f"{place}.svg", metadata={"Date": None})
        print(f"{place}.svg")


if __name__ == "__main__":
    main()
