#!/usr/bin/env python3
"""Any network of torchvision from a file of torch.export (.pt2), beside the real PyTorch. Needs torch 2.11, torchvision, numpy, onnx, onnxruntime.

    zoo.py NAME ... [--backends qnnpack,x86] [--size 64] [--images 8] [--build build]      e.g. mobilenet_v3_large:224 densenet121 unet

Names are those of torchvision's classifiers, and of dense_networks.py: networks that give images, or take several inputs.

Weights are random, batch norm has statistics, images are random. For each network and backend, one line:
  codes      PyTorch's own int8 state_dict run by octet: codes that differ, node by node
  floats     the float network: largest difference, of the largest output
  calibrated by octet on the same tensor: observers in other places, zero points that differ, largest relative difference of a scale; beyond
             0.3 %, whether PyTorch gives that answer itself on one thread, channels last or without oneDNN
  torch      octet's quantized.pth loaded by PyTorch with strict=True: codes that differ, node by node
  onnx       octet's model.onnx in ONNX Runtime: largest difference of outputs, of the largest
  qat        prepare_qat_fx, two steps of training, its state_dict converted by octet and by convert_fx: codes that differ
Networks of several results are not trained, nor are transposed convolutions with batch norm, which prepare_qat_fx refuses.
Stochastic depth is left out on both sides, because torch.export leaves it out (docs/your-network.md). Exits 1 when a comparison fails.
"""
import argparse
import copy
import inspect
import json
import operator
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "golden"))
import numpy as np
import onnxruntime
import torch
import torchvision
from torch.ao.quantization import get_default_qat_qconfig_mapping, get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx, prepare_qat_fx

import dense_networks
import golden_models
import golden_networks

torchvision.ops.StochasticDepth.forward = lambda self, x: x
ENGINES = {"qnnpack": "qnnpack", "x86": "fbgemm", "fbgemm": "fbgemm"}


def build(name, size):
    """The network in eval mode, and the shapes of its inputs for one image."""
    torch.manual_seed(0)
    dense = dense_networks.find(name, size)
    if dense:
        model, shapes = dense
        with torch.no_grad():
            for _ in range(2):
                model.train()(*[torch.randn(4, *s) for s in shapes])
        return model.eval(), shapes
    extra = dict(aux_logits=False, init_weights=False) if name in ("googlenet", "inception_v3") else {}
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, num_classes=10, **extra)
    with torch.no_grad():
        for _ in range(2):
            model.train()(torch.randn(4, 3, size, size))
    return model.eval(), [(3, size, size)]


def save(path, names, tensors):
    """One tensor as .npy, several as .npz; returns the file's name."""
    if len(tensors) == 1:
        np.save(f"{path}.npy", tensors[0].numpy())
        return f"{path}.npy"
    np.savez(f"{path}.npz", **{n: t.numpy() for n, t in zip(names, tensors)})
    return f"{path}.npz"


def load(path):
    """The arrays of a .npz, in their order in the file."""
    arrays = np.load(path)
    return [arrays[name] for name in arrays.files]


def largest_difference(got, want):
    """Of the largest value of each."""
    return max(np.abs(g - w).max() / np.abs(w).max() for g, w in zip(got, want, strict=True))


def octet(a, program, *arguments):
    done = subprocess.run([str(a.build / program), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])


def recorded(quantized, x):
    recorder = golden_models.Recorder(quantized)
    with torch.no_grad():
        recorder.run(*x)
    return recorder.outputs


def differing(outputs, folder):
    """(codes, codes that differ). PyTorch's nodes that do nothing (contiguous) have no file."""
    codes = wrong = 0
    for name, expected in outputs.items():
        file = pathlib.Path(folder) / f"{name}.npy"
        if expected.dtype == np.uint8 and file.exists():
            got = np.load(file)
            codes, wrong = codes + got.size, wrong + int((got != expected).sum() if got.shape == expected.shape else got.size)
    return codes, wrong


def observers_of(prepared):
    """{value that is observed: (scale, zero point)}. Parts of tensors are numbered without x.size()'s, which a .pt2 does not have."""
    found, parts = {}, 0
    for n in prepared.graph.nodes:
        if n.op == "call_function" and n.target is operator.getitem and str(n.args[0].target) in ("chunk", "split"):
            n.meta["part"] = f"getitem_{parts}" if parts else "getitem"
            parts += 1
        if n.op == "call_module" and "activation_post_process" in str(n.target):
            scale, zero_point = prepared.get_submodule(n.target).calculate_qparams()
            found.setdefault(n.args[0].meta.get("part", str(n.args[0])), (float(scale), int(zero_point)))
    return found


def other_calibrations(model, backend, x, calib):
    """observers_of PyTorch on one thread, channels last, and without oneDNN: floats in another order, by which a search can end a step elsewhere."""
    for threads, channels_last, onednn in ((1, False, True), (2, True, True), (2, False, False)):
        torch.set_num_threads(threads)
        prepared = prepare_fx(copy.deepcopy(model), get_default_qconfig_mapping(backend), x)
        images = [t.contiguous(memory_format=torch.channels_last) if channels_last and t.dim() == 4 else t for t in calib]
        with torch.no_grad(), torch.backends.mkldnn.flags(enabled=onednn):
            prepared(*images)
        yield observers_of(prepared)
    torch.set_num_threads(2)


def trained_qat(model, backend, images):
    trained = prepare_qat_fx(copy.deepcopy(model).train(), get_default_qat_qconfig_mapping(backend), images)
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.01)
    for _ in range(2):
        loss = trained(images).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return trained.eval()


def compare(a, name, size, backend, tmp):
    torch.backends.quantized.engine = ENGINES[backend]
    model, shapes = build(name, size)
    x, calib = tuple(torch.randn(2, *s) for s in shapes), tuple(torch.randn(a.images, *s) for s in shapes)
    names = list(inspect.signature(model.forward).parameters)
    x_file, calib_file = save(f"{tmp}/x", names, x), save(f"{tmp}/calib", names, calib)
    N = torch.export.Dim("N", min=1, max=1024)
    torch.export.save(torch.export.export(model, x, dynamic_shapes=tuple({0: N} for _ in x)), f"{tmp}/net.pt2")
    prepared = prepare_fx(copy.deepcopy(model), get_default_qconfig_mapping(backend), x)  # it notes qconfigs in what it is given
    with torch.no_grad():
        prepared(*calib)
        results = dense_networks.results_of(model(*x))
        want = [r.numpy() for r in results]
    theirs = observers_of(prepared)  # convert_fx takes them away
    quantized = convert_fx(prepared)
    golden_networks.repair_relu6(quantized, backend)
    torch.save(quantized.state_dict(), f"{tmp}/int8.pth")
    good, text = True, []

    octet(a, "predict", "--network", f"{tmp}/net.pt2", "--model", f"{tmp}/int8.pth", "--engine", ENGINES[backend], "--input", x_file, "--dump", f"{tmp}/nodes")
    codes, wrong = differing(recorded(quantized, x), f"{tmp}/nodes")
    good &= wrong == 0 and codes > 0
    text.append(f"codes {wrong} of {codes}")

    octet(a, "predict", "--model", f"{tmp}/net.pt2", "--input", x_file, "--output", f"{tmp}/y.npz")
    error = largest_difference(load(f"{tmp}/y.npz"), want)
    good &= error <= 1e-5
    text.append(f"floats {error:.1e}")

    octet(a, "quantize", "--weights", f"{tmp}/net.pt2", "--input", calib_file, "--backend", backend, "--output", f"{tmp}/out", "--export", "torch,onnx", "--no-fake-quant")
    mine = {}
    for o in json.loads(pathlib.Path(f"{tmp}/out/report.json").read_text())["observers"]:
        mine.setdefault(o["observes"], (o["scale"], o["zero_point"]))
    both = theirs.keys() & mine.keys()
    other_places = len((theirs.keys() | mine.keys()) - both)
    zero_points = sum(theirs[k][1] != mine[k][1] for k in both)
    scales = max(abs(theirs[k][0] / mine[k][0] - 1) for k in both)
    itself = ""
    if zero_points or scales > 0.003:  # does PyTorch itself give that answer, or one as near, when it adds in another order?
        variants = [theirs, *other_calibrations(model, backend, x, calib)]
        moves = max(abs(v[k][0] / theirs[k][0] - 1) for v in variants for k in both)
        near = all(any(v[k][1] == mine[k][1] and abs(v[k][0] / mine[k][0] - 1) <= 0.003 for v in variants) for k in both)
        itself = f" (PyTorch itself moves by {moves:.1e}; {'each is' if near else 'not each is'} one of its answers)"
        good &= near
    good &= other_places == 0
    text.append(f"calibrated: {len(both)} observers, {other_places} elsewhere, {zero_points} zero points, scales {scales:.1e}{itself}")

    quantized.load_state_dict(torch.load(f"{tmp}/out/quantized.pth"), strict=True)
    octet(a, "predict", "--model", f"{tmp}/out/model.safetensors", "--input", x_file, "--dump", f"{tmp}/mine", "--output", f"{tmp}/mine.npz")
    codes, wrong = differing(recorded(quantized, x), f"{tmp}/mine")
    good &= wrong == 0
    text.append(f"torch {wrong} of {codes}")

    session = onnxruntime.InferenceSession(f"{tmp}/out/model.onnx", providers=["CPUExecutionProvider"])
    answers = session.run(None, {i.name: t.numpy() for i, t in zip(session.get_inputs(), x)})
    text.append(f"onnx {largest_difference(answers, load(f'{tmp}/mine.npz')):.1e}")
    if dense_networks.find(name, size):
        return good, "; ".join(text)

    trained = trained_qat(model, backend, calib[0])
    torch.save(trained.state_dict(), f"{tmp}/qat.pth")
    converted = convert_fx(trained)
    golden_networks.repair_relu6(converted, backend)
    golden_networks.repair_depthwise(converted, backend)  # what was trained may pass code 127
    octet(a, "quantize", "--network", f"{tmp}/net.pt2", "--weights", f"{tmp}/qat.pth", "--input", calib_file, "--output", f"{tmp}/qat", "--no-fake-quant")
    octet(a, "predict", "--model", f"{tmp}/qat/model.safetensors", "--input", x_file, "--dump", f"{tmp}/qat_nodes")
    codes, wrong = differing(recorded(converted, x), f"{tmp}/qat_nodes")
    good &= wrong == 0 and codes > 0
    text.append(f"qat {wrong} of {codes}")
    return good, "; ".join(text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("networks", nargs="+", help="names of torchvision, each perhaps with :SIZE")
    p.add_argument("--backends", default="qnnpack,x86")
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--images", type=int, default=8)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    a = p.parse_args()
    torch.set_num_threads(2)
    failed = 0
    for network in a.networks:
        name, _, size = network.partition(":")
        for backend in a.backends.split(","):
            with tempfile.TemporaryDirectory() as tmp:
                try:
                    good, text = compare(a, name, int(size or a.size), backend, tmp)
                except RuntimeError as error:
                    good, text = False, re.sub(rf"{tmp}/", "", str(error))
            failed += not good
            print(f"{'ok  ' if good else 'FAIL'} {name} {backend}: {text}", flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
