#!/usr/bin/env python3
"""Compares every figure of report.json's nodes with PyTorch: the histograms, SQNR and cosine by torch.ao.ns's formulas, codes used.

    report.py [--build build] [--network resnet18] [--rows 8] [--size 64] [--backend qnnpack]

The network is torchvision's with random weights, its input a random tensor; octet calibrates on the same rows (--input, one batch). Histograms
are those of PyTorch's observers; SQNR, cosine and the rest are computed by PyTorch from the values that `quantize --dump` wrote, whose codes
compare.py holds against PyTorch's. Exits 1 when a figure differs.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_VNNI"
import numpy as np
import torch
import torchvision
from torch.ao.ns.fx.utils import compute_sqnr
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import prepare_fx


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--build", default="build")
    p.add_argument("--network", default="resnet18")
    p.add_argument("--rows", type=int, default=8)
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--backend", default="qnnpack", choices=["qnnpack", "fbgemm"])
    a = p.parse_args()
    torch.manual_seed(0)
    torch.backends.quantized.engine = a.backend
    model = torchvision.models.get_model(a.network, num_classes=10).eval()
    x = torch.randn(a.rows, 3, a.size, a.size)
    prepared = prepare_fx(model, get_default_qconfig_mapping(a.backend), x)
    with torch.no_grad():
        prepared(x)
    with tempfile.TemporaryDirectory() as folder:
        torch.save(model.state_dict(), f"{folder}/model.pth")
        np.save(f"{folder}/x.npy", x.numpy())
        backend = ["--backend", a.backend]
        subprocess.run([f"{a.build}/quantize", "--quiet", "--weights", f"{folder}/model.pth", "--input", f"{folder}/x.npy", "--batch-size", str(a.rows), *backend,
                        "--output", f"{folder}/out", "--dump", f"{folder}/stages"], check=True, stdout=subprocess.DEVNULL)
        report = json.loads(pathlib.Path(f"{folder}/out/report.json").read_text())
        page = pathlib.Path(f"{folder}/out/report.html").read_text()
        partners = json.loads(pathlib.Path(f"{folder}/stages/partners.json").read_text())
        stages = {stage: {f.stem: np.load(f) for f in pathlib.Path(f"{folder}/stages/{stage}").glob("*.npy")} for stage in ("float", "fake_quant", "int8")}
    targets = {node.name: str(node.target) for node in prepared.graph.nodes}

    failures, checked = [], 0

    def check(what, got, want, tolerance):
        nonlocal checked
        checked += 1
        if not abs(got - want) <= tolerance * max(1.0, abs(want)):
            failures.append(f"{what}: octet {got}, PyTorch {want}")

    histograms = 0
    for o in report["observers"]:
        module = getattr(prepared, o["name"])
        if o["histogram"] is None:
            continue
        got, want = np.array(o["histogram"], "f"), module.histogram.numpy()
        histograms += 1
        # Floats of deep layers differ in their last bits, so that a value at the edge of a bin may fall into the next one.
        moved = np.abs(np.cumsum(got.astype("d")) - np.cumsum(want.astype("d"))).max()
        check(f"{o['name']}: values that fell into another bin", moved, 0, max(2, 2e-4 * want.sum()))
        check(f"{o['name']}: min", o["min"], module.min_val.item(), 1e-5)
        check(f"{o['name']}: max", o["max"], module.max_val.item(), 1e-5)

    for n in report["nodes"]:
        value, quantized = torch.from_numpy(stages["float"][n["partner"]]), torch.from_numpy(stages["int8"][n["name"]])
        partner = next(p for p in partners if p["int8"] == n["name"])
        stands_for = (quantized.float() - partner["zero_point"]) * partner["scale"]
        check(f"{n['name']}: cumulative SQNR", n["cumulative"]["sqnr"], compute_sqnr(value, stands_for).item(), 1e-5)
        cosine = torch.nn.functional.cosine_similarity(value.flatten().double(), stands_for.flatten().double(), dim=0).item()
        check(f"{n['name']}: cumulative cosine", n["cumulative"]["cosine"], cosine, 1e-6)
        fake = torch.from_numpy(stages["fake_quant"][partner["fake_quant"]])
        check(f"{n['name']}: fake-quant SQNR", n["fake_quant"]["sqnr"], compute_sqnr(value, fake).item(), 1e-4)
        check(f"{n['name']}: codes used", n["codes_used"], quantized.unique().numel(), 0)
        errors = (value - stands_for).abs().transpose(0, 1).flatten(1).max(1).values
        for c, (got, want) in enumerate(zip(n["largest_error"], errors.tolist())):
            check(f"{n['name']}: largest error of channel {c}", got, want, 1e-6)
        low, high = (-0.5 - partner["zero_point"]) * partner["scale"], (255.5 - partner["zero_point"]) * partner["scale"]
        check(f"{n['name']}: clipped below", n["clipped_low"], (value.double() < low).double().mean().item(), 1e-9)
        check(f"{n['name']}: clipped above", n["clipped_high"], (value.double() > high).double().mean().item(), 1e-9)
        if n["weight_sqnr"] is not None:
            layer = dict(prepared.named_modules())[targets[n["partner"]]]
            layer = layer[0] if isinstance(layer, torch.nn.Sequential) else layer
            qconfig = get_default_qconfig_mapping(a.backend).global_qconfig if hasattr(get_default_qconfig_mapping(a.backend), "global_qconfig") else None
            observer = qconfig.weight()
            observer(layer.weight.detach())
            scale, zero_point = observer.calculate_qparams()
            codes = (torch.quantize_per_tensor(layer.weight.detach(), scale.item(), int(zero_point.item()), torch.qint8) if scale.numel() == 1 else
                     torch.quantize_per_channel(layer.weight.detach(), scale, zero_point, 0, torch.qint8))
            check(f"{n['name']}: SQNR of the weights", n["weight_sqnr"], compute_sqnr(layer.weight.detach(), codes.dequantize()).item(), 1e-3)
        if f'id="node-{n["name"]}"' not in page:
            failures.append(f"report.html does not have {n['name']}")
    print(f"{a.network}, {a.backend}: {histograms} histograms, {len(report['nodes'])} nodes compared, {checked} figures; {len(failures)} differ")
    for line in failures[:20]:
        print("  " + line)
    sys.exit(bool(failures))


main()
