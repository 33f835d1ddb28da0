#!/usr/bin/env python3
"""Training from a .pt2, beside the real PyTorch: the same network, weights, images, recipe. Needs torch 2.11, torchvision, numpy, Pillow.

    finetune.py NAME --data FOLDER [--epochs 2] [--size 64] [--seeds 3] [--build build]        FOLDER has train/ and val/

NAME is of torchvision, such as mobilenet_v3_small; its weights are random, and its batch norms have PyTorch's usual momentum, so that
their statistics follow within so few steps. The recipe is train_or_load's: AdamW (0.9 cycled, 0.99, 1e-5), weight decay 0.01 but for batch
norm and biases, one cycle up to 0.002, random crops from 0.35 of an image, mirrored half of the time, batches of 64. Order and crops are
drawn by each side for itself, so each seed is another run: the table has all of them, and the mean of each side.
At the end octet quantizes the last of its runs, and PyTorch its own: accuracy in int8.
"""
import argparse
import csv
import math
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parents[2]
import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
from torchvision.transforms import RandomResizedCrop

MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def build(name, classes):
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, num_classes=classes)
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.momentum = 0.1
    return model


def read(folder):
    classes = sorted(d.name for d in folder.iterdir())
    files = [(f, i) for i, c in enumerate(classes) for f in sorted((folder / c).rglob("*")) if f.is_file()]
    return [(Image.open(f).convert("RGB"), i) for f, i in files], len(classes)


def to_tensor(image):
    return torch.from_numpy(((np.asarray(image, np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1).copy())


def centre(image, size):
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.resize((size, size), Image.BILINEAR, box=(left, top, left + side, top + side))


def augmented(image, size):
    top, left, height, width = RandomResizedCrop.get_params(image, (0.35, 1.0), (3 / 4, 4 / 3))
    image = image.resize((size, size), Image.BILINEAR, box=(left, top, left + width, top + height))
    return image.transpose(Image.FLIP_LEFT_RIGHT) if torch.rand(1) < 0.5 else image


def evaluate(model, images, size):
    right = loss = 0
    model.eval()
    with torch.no_grad():
        for begin in range(0, len(images), 64):
            part = images[begin:begin + 64]
            y = torch.tensor([i for _, i in part])
            logits = model(torch.stack([to_tensor(centre(image, size)) for image, _ in part]))
            right, loss = right + int((logits.argmax(1) == y).sum()), loss + float(F.cross_entropy(logits, y, reduction="sum"))
    return loss / len(images), right / len(images)


def between(x, start, middle, end):
    cosine = lambda a, b, at: a + (1 + math.cos(math.pi * (1 - at))) * (b - a) / 2
    return cosine(start, middle, x / 0.25) if x < 0.25 else cosine(middle, end, (x - 0.25) / 0.75)


def train(model, images, valid, a, seed):
    """[(smoothed loss, valid loss, accuracy)] of each epoch, and images a second of training."""
    torch.manual_seed(seed + 1)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}], betas=(0.9, 0.99), eps=1e-5)
    total, count, rows, seconds = 0.0, 0, [], 0.0
    steps = len(images) // 64
    for epoch in range(a.epochs):
        order, begin = torch.randperm(len(images)), time.time()
        model.train()
        for step in range(steps):
            x = (epoch + step / steps) / a.epochs
            for group in optimizer.param_groups:
                group["lr"], group["betas"] = 0.002 * between(x, 1 / 25, 1, 1e-5), (between(x, 0.95, 0.85, 0.95), 0.99)
            part = [images[i] for i in order[step * 64:step * 64 + 64]]
            batch = torch.stack([to_tensor(augmented(image, a.size)) for image, _ in part]).to(memory_format=torch.channels_last)
            loss = F.cross_entropy(model(batch), torch.tensor([i for _, i in part]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total, count = 0.98 * total + 0.02 * float(loss), count + 1
        seconds += time.time() - begin
        rows.append((total / (1 - 0.98 ** count), *evaluate(model, valid, a.size)))
    return rows, a.epochs * steps * 64 / seconds


def octet(a, program, *arguments):
    done = subprocess.run([str(a.build / program), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip().splitlines()[-1])
    return done.stdout


def octet_rows(path):
    with open(path) as file:
        rows = list(csv.DictReader(file))
    return [(float(r["train_loss"]), float(r["valid_loss"]), float(r["accuracy"])) for r in rows], [float(r["seconds"]) for r in rows]


def quantized(model, images, size):
    """PyTorch's int8 accuracy on the validation images, calibrated on 200 of them."""
    torch.backends.quantized.engine = "qnnpack"
    prepared = prepare_fx(model.eval(), get_default_qconfig_mapping("qnnpack"), torch.randn(1, 3, size, size))
    step = len(images) // 200
    with torch.no_grad():
        for begin in range(0, 200, 50):
            prepared(torch.stack([to_tensor(centre(image, size)) for image, _ in images[begin * step:(begin + 50) * step:step]]))
    return evaluate(convert_fx(prepared), images, size)[1]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("network")
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--epochs", type=int, default=2)
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    a = p.parse_args()
    torch.set_num_threads(2)
    images, classes = read(a.data / "train")
    valid, _ = read(a.data / "val")
    with tempfile.TemporaryDirectory() as tmp:
        model = build(a.network, classes).eval()
        x = torch.randn(2, 3, a.size, a.size)
        torch.export.save(torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("N", max=1024)},)), f"{tmp}/net.pt2")
        ends = {"octet": [], "PyTorch": []}

        def show(side, seed, rows):
            print(f"{side} {seed}: " + "; ".join(f"train {t:.3f}, valid {v:.3f}, {100 * c:.1f} %" for t, v, c in rows), flush=True)
            ends[side].append(rows[-1])

        for seed in range(a.seeds):
            octet(a, "train_or_load", "--weights", f"{tmp}/net.pt2", "--data", a.data, "--epochs", a.epochs, "--seed", seed, "--output", f"{tmp}/o.pth", "--log", f"{tmp}/o.csv", "--force", "--quiet")
            rows, seconds = octet_rows(f"{tmp}/o.csv")
            show("octet", seed, rows)
            model = build(a.network, classes).to(memory_format=torch.channels_last)
            rows, rate = train(model, images, valid, a, seed)
            show("PyTorch", seed, rows)
            print(f"  seconds an epoch with validation: octet {np.mean(seconds):.0f}; images/s of PyTorch's training: {rate:.0f}", flush=True)
        for side, rows in ends.items():
            train_loss, loss, accuracy = np.mean(rows, 0)
            print(f"mean of {side}: train {train_loss:.3f}, valid {loss:.3f}, {100 * accuracy:.2f} % (from {100 * min(r[2] for r in rows):.1f} to {100 * max(r[2] for r in rows):.1f})")
        answer = octet(a, "quantize", "--network", f"{tmp}/net.pt2", "--weights", f"{tmp}/o.pth", "--data", a.data, "--limit", 200, "--subset", "spread", "--no-fake-quant")
        print("octet in int8: " + next(line for line in answer.splitlines() if line.startswith("int8")))
        print(f"PyTorch in int8: {100 * quantized(model, valid, a.size):.2f} %")


if __name__ == "__main__":
    main()
