#!/usr/bin/env python3
"""Networks of torchvision as .onnx files of both of PyTorch's exporters, beside PyTorch and the same network's .pt2. Needs what zoo.py needs, and onnxscript.

    onnx_zoo.py NAME ... [--forms script,script_bn,dynamo,dynamo_bn] [--backend x86] [--size 64] [--images 8] [--build build]

  script     torch.onnx.export(dynamo=False), which folds batch norms into convolutions     script_bn   the same, and batch norms stay
  dynamo     torch.onnx.export(dynamo=True), weights in a file beside                       dynamo_bn   the same without its optimizer
  script9, script13: with that opset
For each network and form, one line:
  floats   largest difference from PyTorch's answer, of the largest
  codes    both files quantized on the same tensor: codes that differ, nodes of the .pt2 that the .onnx has not (dropout, which exporters leave out),
           and the other way round. A call that FX leaves in float (x.flatten(1)) is int8 from an .onnx, which does not say how it is written; a cat of
           one tensor is not there. Where an exporter has folded a batch norm, its weights differ in the last bit, and so codes may differ
Exits 1 when floats differ by more than 1e-5, or where batch norms stay also when codes differ.
"""
import argparse
import io
import contextlib
import logging
import pathlib
import re
import sys
import tempfile

import numpy as np
import torch

import zoo

logging.disable(logging.WARNING)
FUNCTIONS = {"quantize_per_tensor", "cat"}
EXCUSES = {"quantize_per_tensor", "cat"}  # with other nodes, observers see values another number of times


def base(node):
    return re.sub(r"_\d+$", "", node)


def export(model, x, form, path):
    if form.startswith("script"):
        opset = form.removeprefix("script").removesuffix("_bn")
        keep = dict(training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False) if form.endswith("_bn") else {}
        if opset:
            keep["opset_version"] = int(opset)
        torch.onnx.export(model, (x,), path, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "N"}}, **keep)
        return
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(model, (x,), path, dynamo=True, optimize=not form.endswith("_bn"), dynamic_shapes=({0: torch.export.Dim("N", min=1, max=1024)},), verbose=False)


def codes_of(a, network, tmp, folder):
    """{node: codes} of a network that octet quantizes on calib.npy."""
    zoo.octet(a, "quantize", "--weights", network, "--input", f"{tmp}/calib.npy", "--backend", a.backend, "--output", f"{tmp}/{folder}", "--no-fake-quant")
    zoo.octet(a, "predict", "--model", f"{tmp}/{folder}/model.safetensors", "--input", f"{tmp}/x.npy", "--dump", f"{tmp}/{folder}/nodes")
    return {p.stem: np.load(p) for p in pathlib.Path(f"{tmp}/{folder}/nodes").glob("*.npy")}


def compare(a, name, size, tmp):
    model, _ = zoo.build(name, size)
    x, calib = torch.randn(2, 3, size, size), torch.randn(a.images, 3, size, size)
    np.save(f"{tmp}/x.npy", x.numpy())
    np.save(f"{tmp}/calib.npy", calib.numpy())
    with torch.no_grad():
        want = model(x).numpy()
    torch.export.save(torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("N", min=1, max=1024)},)), f"{tmp}/net.pt2")
    theirs = codes_of(a, f"{tmp}/net.pt2", tmp, "pt2")
    failed = 0
    for form in a.forms.split(","):
        try:
            export(model, x, form, f"{tmp}/{form}.onnx")
            zoo.octet(a, "predict", "--model", f"{tmp}/{form}.onnx", "--input", f"{tmp}/x.npy", "--output", f"{tmp}/{form}.npy")
            error = np.abs(np.load(f"{tmp}/{form}.npy") - want).max() / np.abs(want).max()
            mine = codes_of(a, f"{tmp}/{form}.onnx", tmp, form)
            missing, more = ([n for n in sorted(u.keys() - v.keys()) if not n.startswith("dequantize")] for u, v in ((theirs, mine), (mine, theirs)))
            shifted = {base(n) for n in missing + more} & FUNCTIONS  # cat_3 is another one, where an exporter left out a cat of one tensor
            both = [n for n in theirs if n in mine and theirs[n].dtype == np.uint8 and base(n) not in shifted]
            apart = [np.abs(mine[n].astype(int) - theirs[n]) if mine[n].shape == theirs[n].shape else np.full(theirs[n].shape, 255) for n in both]
            wrong, largest = sum(int((d != 0).sum()) for d in apart), max((int(d.max()) for d in apart), default=0)
            good = error <= 1e-5 and len(both) > 0 and (wrong == 0 or not form.endswith("_bn") or EXCUSES & set(map(base, missing)))
            text = f"floats {error:.1e}; codes {wrong} of {sum(theirs[n].size for n in both)} (by up to {largest}), {len(both)} nodes"
            text += f"; not there: {' '.join(missing)}" * bool(missing) + f"; more: {' '.join(more)}" * bool(more)
        except RuntimeError as problem:
            good, text = False, str(problem).replace(f"{tmp}/", "")
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name} {form}: {text}", flush=True)
    return failed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("networks", nargs="+", help="names of torchvision, each perhaps with :SIZE")
    p.add_argument("--forms", default="script,script_bn,dynamo,dynamo_bn")
    p.add_argument("--backend", default="x86")
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--images", type=int, default=8)
    p.add_argument("--build", type=pathlib.Path, default=zoo.ROOT / "build")
    a = p.parse_args()
    torch.set_num_threads(2)
    failed = 0
    for network in a.networks:
        name, _, size = network.partition(":")
        with tempfile.TemporaryDirectory() as tmp:
            failed += compare(a, name, int(size or a.size), tmp)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
