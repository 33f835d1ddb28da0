#!/usr/bin/env python3
"""Two builds of octet by turns in one run, so that both meet the same machine: what a change costs.

    versions.py OLD NEW [--rounds 7] [--threads 2] [--seconds 2]       OLD, NEW: build folders

Times inference (int8 and float, 1 and 32 images of 224 px), a training step (32 images of 128 px) and calibration (64 images, one pass).
Prints, for each, the median over the rounds of each build's fastest run, and the median and the range of the ratio NEW / OLD of a round.
"""
import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time


def inference(build, model, batch, args):
    """Milliseconds of the fastest run: the fourth word of predict's line."""
    line = subprocess.run([build / "predict", "--quiet", "--model", model, "--benchmark", str(args.seconds), "--batch", str(batch), "--threads", str(args.threads)],
                          check=True, capture_output=True, text=True).stdout
    return float(line.split()[3])


def training(build, args):
    """Milliseconds per image of a training step: "octet train SIZE BATCH THREADS images_per_second peak_rss_mb"."""
    line = subprocess.run([build / "train_or_load", "--benchmark-steps", "5", "--size", "128", "--batch-size", "32", "--threads", str(args.threads)],
                          check=True, capture_output=True, text=True).stdout
    return 1000 / float(line.split()[5])


def calibration(build, args):
    start = time.perf_counter()
    subprocess.run([build / "quantize", "--quiet", "--no-fake-quant", "--limit", "64", "--eval-limit", "1", "--threads", str(args.threads)], check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        int8, floats = pathlib.Path(folder) / "model.safetensors", "data/resnet18-imagenette-fastai.pth"
        subprocess.run([args.old / "quantize", "--quiet", "--no-fake-quant", "--limit", "8", "--eval-limit", "1", "--output", folder], check=True, stdout=subprocess.DEVNULL)
        cases = {f"{kind}, {batch}": (lambda build, model=model, batch=batch: inference(build, model, batch, args))
                 for kind, model in (("int8", int8), ("float", floats)) for batch in (1, 32)}
        cases |= {"training": lambda build: training(build, args), "calibration": lambda build: calibration(build, args)}
        print(f"{'ms':14} {'old':>9} {'new':>9}  new / old", flush=True)
        for name, time_of in cases.items():
            rounds = []
            for turn in range(args.rounds):  # who starts changes from round to round
                order = (args.old, args.new) if turn % 2 == 0 else (args.new, args.old)
                times = {build: time_of(build) for build in order}
                rounds.append((times[args.old], times[args.new]))
            ratios = sorted(new / old for old, new in rounds)
            old, new = (statistics.median(column) for column in zip(*rounds))
            print(f"{name:14} {old:9.3f} {new:9.3f}  {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})", flush=True)


if __name__ == "__main__":
    main()
