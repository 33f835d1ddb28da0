#!/usr/bin/env python3
"""Compares every figure of report.json's nodes with PyTorch: the histograms, SQNR and cosine by torch.ao.ns's formulas, codes used.

    report.py [--build build] [--network resnet18] [--rows 8] [--size 64] [--backend qnnpack]

The network is torchvision's with random weights, its input a random tensor; octet calibrates on the same rows (--input, one batch). Both
graphs are run by PyTorch: float values are those that its observers see, codes those of its converted model. Exits 1 when a figure differs.
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
from torch.ao.ns.fx.utils import compute_cosine_similarity, compute_sqnr
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx


class Watch(torch.fx.Interpreter):
    """Keeps what each node gives."""

    def run_node(self, node):
        result = super().run_node(node)
        self.seen[node.name] = result.detach() if isinstance(result, torch.Tensor) else result
        return result


def watched(graph_module, x):
    watch = Watch(graph_module)
    watch.seen = {}
    with torch.no_grad():
        watch.run(x)
    return watch.seen


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
                        "--output", f"{folder}/out"], check=True, stdout=subprocess.DEVNULL)
        report = json.loads(pathlib.Path(f"{folder}/out/report.json").read_text())
        page = pathlib.Path(f"{folder}/out/report.html").read_text()

    failures = []

    def check(what, got, want, tolerance):
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
        check(f"{o['name']}: values that fell into another bin", moved / want.sum(), 0, 2e-4)
        check(f"{o['name']}: min", o["min"], module.min_val.item(), 1e-5)
        check(f"{o['name']}: max", o["max"], module.max_val.item(), 1e-5)

    for observer in prepared.modules():  # the values below are to be seen without being observed
        if hasattr(observer, "calculate_qparams"):
            observer.forward = lambda value: value
    floats = watched(prepared, x)
    codes = watched(convert_fx(prepared), x)
    largest_sqnr = 0.0
    for n in report["nodes"]:
        value = floats[n["observer"]]
        name = {"quantize_per_tensor": "quantize_per_tensor"}.get(n["name"], n["name"])
        quantized = codes[name]
        want_sqnr, want_cosine = compute_sqnr(value, quantized.dequantize()).item(), compute_cosine_similarity(value.flatten(1), quantized.dequantize().flatten(1)).mean().item()
        whole = torch.nn.functional.cosine_similarity(value.flatten().double(), quantized.dequantize().flatten().double(), dim=0).item()
        got = n["cumulative"]
        largest_sqnr = max(largest_sqnr, abs(got["sqnr"] - want_sqnr))
        check(f"{n['name']}: cumulative SQNR", got["sqnr"], want_sqnr, 2e-3)
        check(f"{n['name']}: cumulative cosine", got["cosine"], whole, 1e-4)
        check(f"{n['name']}: codes used", n["codes_used"], quantized.int_repr().unique().numel(), 0.02)
        error = (value - quantized.dequantize()).abs().transpose(0, 1).flatten(1).max(1).values
        for c, (g, w) in enumerate(zip(n["largest_error"], error.tolist())):
            check(f"{n['name']}: largest error of channel {c}", g, w, 2e-3 + 1.01 * quantized.q_scale())
        if n["name"] not in page:
            failures.append(f"report.html does not have {n['name']}")
    print(f"{a.network}, {a.backend}: {histograms} histograms, {len(report['nodes'])} nodes compared; SQNR differs by {largest_sqnr:.2g} dB at most; {len(failures)} figures differ")
    for line in failures[:20]:
        print("  " + line)
    sys.exit(bool(failures))


main()
