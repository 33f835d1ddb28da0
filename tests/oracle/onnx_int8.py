#!/usr/bin/env python3
"""int8 ONNX models as others write them, run by octet and by the definition of their operators. Needs what onnx_zoo.py needs, and nncf for that form.

    onnx_int8.py NAME ... [--forms qdq_u8,qdq_s8,...] [--size 64] [--images 8] [--build build]     e.g. resnet18 mobilenet_v2 mobilenet_v3_small

  octet_BACKEND  octet's own --export onnx, for that backend, beside the model.safetensors of the same run: no code may differ
  qdq_u8, qdq_s8 onnxruntime.quantization.quantize_static, QDQ, with uint8 or int8 activations, a scale per channel of the weights
  qdq_tensor     the same with one scale per tensor and uint8 activations
  qop, qop_tensor, qop_s8  QOperator
  nncf           nncf.quantize with its defaults
For each network and form, one line: codes by octet that are not those of tests/oracle/onnx_definition.py, where each operator goes on from octet's
codes; by up to how much; the nodes compared; operators that octet runs in float; and how far the answers are apart, of the largest: octet's and
ONNX Runtime's from the definition's, each running by itself. Exits 1 where a code is off by more than one, or nothing was compared.
"""
import argparse
import contextlib
import io
import logging
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

import onnx_definition
import zoo

logging.disable(logging.WARNING)
onnxruntime.set_default_logger_severity(3)
FORMS = "octet_qnnpack,octet_x86,octet_onednn,octet_fbgemm,qdq_u8,qdq_s8,qdq_tensor,nncf,qop,qop_s8,qop_tensor"


class Batches(CalibrationDataReader):
    def __init__(self, images):
        self.left = [{"x": image[None]} for image in images]

    def get_next(self):
        return self.left.pop() if self.left else None


def by_onnxruntime(form, folder, calib):
    quantize_static(f"{folder}/float.onnx", f"{folder}/{form}.onnx", Batches(calib), per_channel="tensor" not in form,
                    quant_format=QuantFormat.QDQ if form.startswith("qdq") else QuantFormat.QOperator,
                    activation_type=QuantType.QInt8 if form.endswith("s8") else QuantType.QUInt8, weight_type=QuantType.QInt8)


def by_nncf(form, folder, calib):
    import nncf

    data = nncf.Dataset([{"x": image[None]} for image in calib])
    with contextlib.redirect_stdout(io.StringIO()):
        quantized = nncf.quantize(onnx.load(f"{folder}/float.onnx"), data, subset_size=len(calib))
    onnx.save(quantized, f"{folder}/{form}.onnx")


def numbered(path):
    """Nodes get the names n0, n1, ..., which are then octet's, too."""
    model = onnx.load(path)
    for i, node in enumerate(model.graph.node):
        node.name = f"n{i}"
    onnx.save(model, path)
    return model


def octet(a, *arguments):
    done = subprocess.run([str(a.build / "predict"), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return done.stderr


class Compared:
    """Codes of the definition beside octet's, of the node that made them: in QDQ files the operator before the QuantizeLinear."""

    def __init__(self, model, folder):
        self.makers = {o: n for n in model.graph.node for o in n.output}
        dump = {p.stem: np.load(p) for p in pathlib.Path(folder).glob("*.npy")}
        self.nodes = {name: codes for name, codes in dump.items() if codes.dtype == np.uint8}
        self.seen, self.quantized, self.codes, self.wrong, self.largest, self.worst = [], 0, 0, 0, 0, ""

    def before(self, node):
        return self.makers.get(node.input[0])

    def name_of(self, node):
        """Where octet's codes are: a relu is part of the operator before it, a QuantizeLinear of what it reads. None: they are the input's."""
        maker = node
        while maker is not None and maker.op_type in ("QuantizeLinear", "Relu", "Clip"):
            maker = self.before(maker)
            if maker is not None and maker.op_type == "DequantizeLinear":
                return None
            for name in (f"{maker.name}_1", maker.name) if maker is not None else ():  # _1: behind a change of scale
                if name in self.nodes:
                    return name
        if node.op_type != "QuantizeLinear":
            return next((n for n in (f"{node.name}_1", node.name) if n in self.nodes), None)
        name = f"quantize_per_tensor_{self.quantized}".removesuffix("_0")  # of the input, or of floats between codes
        self.quantized += 1
        return name

    def __call__(self, node, codes):
        name = self.name_of(node)
        if name is None:
            return codes
        got, want = torch.from_numpy(self.nodes[name].astype(np.int16)), codes.to(torch.int16)
        if codes.dtype == torch.int8:
            got = got - 128
        if got.shape != want.shape:
            raise RuntimeError(f"{name}: {tuple(got.shape)} is not {tuple(want.shape)}")
        apart = (got - want).abs()
        self.seen.append(name)
        self.codes += apart.numel()
        self.wrong += int((apart != 0).sum())
        if int(apart.max()) > self.largest:
            self.largest, self.worst = int(apart.max()), f"{name} of {node.name}"
        return got.to(codes.dtype)


def compare(a, form, folder, x):
    path = f"{folder}/{form}.onnx"
    model = numbered(path)
    said = octet(a, "--model", path, "--input", f"{folder}/x.npy", "--dump", f"{folder}/{form}", "--output", f"{folder}/{form}.npy")
    compared = Compared(model, f"{folder}/{form}")
    onnx_definition.Definition(model, compared).run(x)
    want = onnx_definition.Definition(model, lambda node, codes: codes).run(x)
    runtime = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    floats = re.search(r"in float, between codes: (.*)", said)
    kinds = re.findall(r"\((\w+)\)", floats.group(1)) if floats else []
    error = [np.abs(y - want).max() / np.abs(want).max() for y in (np.load(f"{folder}/{form}.npy"), runtime)]
    unread = len(compared.nodes.keys() - set(compared.seen))
    good = compared.largest <= 1 and compared.codes > 0
    text = f"codes {compared.wrong} of {compared.codes} (by up to {compared.largest}{' ' + compared.worst if compared.largest > 1 else ''}), {len(compared.seen)} nodes"
    text += f", {unread} not compared" * (unread > 0) + f"; in float: {' '.join(kinds)}{' ...' if floats and 'more' in floats.group(1) else ''}" * bool(kinds)
    return good, f"{text}; answers {error[0]:.1e}, ONNX Runtime's {error[1]:.1e}"


def compare_own(a, form, folder):
    """octet's file beside the model.safetensors that it came from."""
    out = f"{folder}/{form}"
    zoo.octet(a, "quantize", "--weights", f"{folder}/net.pt2", "--input", f"{folder}/calib.npy", "--backend", form.removeprefix("octet_"), "--output", out, "--export", "onnx", "--no-fake-quant")
    for name in ("model.onnx", "model.safetensors"):
        octet(a, "--model", f"{out}/{name}", "--input", f"{folder}/x.npy", "--dump", f"{out}/{name}.nodes", "--output", f"{out}/{name}.npy")
    mine, want = ({p.stem: np.load(p) for p in pathlib.Path(f"{out}/{name}.nodes").glob("*.npy")} for name in ("model.onnx", "model.safetensors"))
    want = {n: y for n, y in want.items() if y.dtype == np.uint8}
    missing = sorted(want.keys() - mine.keys())
    wrong = sum(int((mine[n] != want[n]).sum()) for n in want if n in mine)
    answers = np.abs(np.load(f"{out}/model.onnx.npy") - np.load(f"{out}/model.safetensors.npy")).max()
    text = f"codes {wrong} of {sum(want[n].size for n in want if n in mine)}, {len(want) - len(missing)} nodes; answers {answers:.1e}"
    return wrong == 0 and len(missing) < len(want) // 4, text + f"; not there: {' '.join(missing)}" * bool(missing)


def without_identities(path):
    """The exporter keeps one of several equal biases, and an Identity for each other one, behind which quantize_static (QOperator) finds no bias."""
    model = onnx.load(path)
    same = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Identity" and n.input[0] in {t.name for t in model.graph.initializer}}
    nodes = [n for n in model.graph.node if n.output[0] not in same]
    for node in nodes:
        for i, name in enumerate(node.input):
            node.input[i] = same.get(name, name)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def prepare(name, size, images, folder):
    model, _ = zoo.build(name, size)
    x, calib = torch.randn(2, 3, size, size), torch.randn(images, 3, size, size)
    np.save(f"{folder}/x.npy", x.numpy())
    np.save(f"{folder}/calib.npy", calib.numpy())
    torch.export.save(torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("N", min=1, max=1024)},)), f"{folder}/net.pt2")
    torch.onnx.export(model, (x,), f"{folder}/float.onnx", dynamo=False, opset_version=17, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "N"}, "y": {0: "N"}})
    without_identities(f"{folder}/float.onnx")
    return x.numpy(), calib.numpy()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("networks", nargs="+", help="names of torchvision, each perhaps with :SIZE")
    p.add_argument("--forms", default=FORMS)
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--images", type=int, default=8)
    p.add_argument("--build", type=pathlib.Path, default=zoo.ROOT / "build")
    a = p.parse_args()
    torch.set_num_threads(1)
    failed = 0
    for network in a.networks:
        name, _, size = network.partition(":")
        with tempfile.TemporaryDirectory() as folder:
            x, calib = prepare(name, int(size or a.size), a.images, folder)
            for form in a.forms.split(","):
                try:
                    if form.startswith("octet"):
                        good, text = compare_own(a, form, folder)
                    else:
                        (by_nncf if form == "nncf" else by_onnxruntime)(form, folder, calib)
                        good, text = compare(a, form, folder, x)
                except (RuntimeError, AttributeError, KeyError) as problem:
                    good, text = False, str(problem).replace(f"{folder}/", "")
                failed += not good
                print(f"{'ok  ' if good else 'FAIL'} {name} {form}: {text}", flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
