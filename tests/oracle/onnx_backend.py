#!/usr/bin/env python3
"""The ONNX project's own test cases of single operators, through predict. Needs onnx and numpy.

    onnx_backend.py [--build build] [--only Conv,Relu] [--verbose] [--table]

CLAIMS says of each operator in which form octet claims it. All cases of such a form must pass; any other must pass, or be refused by a line
that names it: a wrong answer is a failure everywhere. Exits 1 when one fails. --table prints the table of docs/your-network.md.

What an operator computes with is the network's input; the other inputs become constants, as weights are in networks. Networks take and give
floats: codes are made by a QuantizeLinear before the operator and read by a DequantizeLinear behind it. Of several outputs the first counts.
Operators are called version 21 where the case has a newer one, which changed nothing about them. Tolerance: onnx's own.
The models of onnx's pytorch-converted follow, of which none may be wrong.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter
from onnx.backend.test.case.node import collect_testcases

ROOT = pathlib.Path(__file__).resolve().parents[2]
OF_ALL_INPUTS = {"Add", "Sub", "Mul", "Div", "Concat"}
OF_CODES = {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul"}
CODES = (np.uint8, np.int8)


class Case:
    """One case: a node, its attributes, inputs and outputs."""

    def __init__(self, case):
        self.name, self.model, (self.x, self.y) = case.name, case.model, case.data_sets[0]
        self.node = case.model.graph.node[0]
        self.attributes = {a.name: helper.get_attribute_value(a) for a in self.node.attribute}

    def get(self, name, standard=None):
        value = self.attributes.get(name, standard)
        return value.decode() if isinstance(value, bytes) else value

    def is_float(self, *ranks):
        """Float data of one of these ranks, or of any from 1 on."""
        x = self.x[0]
        return getattr(x, "dtype", None) == np.float32 and (x.ndim in ranks if ranks else x.ndim >= 1)

    def axis(self, standard):
        """From the front."""
        axis = self.get("axis", standard)
        return axis + self.x[0].ndim if axis < 0 else axis

    def per_tensor(self, *scales):
        """One float32 scale each, and codes of 8 bits."""
        codes = [v for v in (*self.x, *self.y) if getattr(v, "dtype", np.float32) != np.float32]
        return all(getattr(v, "dtype", None) in CODES for v in codes) and all(self.x[i].dtype == np.float32 and self.x[i].size == 1 for i in scales) and len(codes) > 0


def is_even_pool(c):
    """Windows of octet's pools, which are PyTorch's."""
    if not c.is_float(4) or len(c.node.output) != 1 or c.get("auto_pad", "NOTSET") == "SAME_LOWER":
        return False
    pads, kernel = c.get("pads", [0] * 4), c.get("kernel_shape")
    if c.get("auto_pad") == "SAME_UPPER" and any(k % 2 == 0 for k in kernel):
        return False
    return pads[:2] == pads[2:] and all(2 * p <= k for p, k in zip(pads, kernel))


def is_resize(c):
    """By scales, or sizes of all dimensions, with PyTorch's coordinates."""
    if not c.is_float(4) or c.get("axes") or c.get("antialias", 0) or c.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        return False
    mode, by = c.get("mode", "nearest"), c.get("coordinate_transformation_mode", "half_pixel")
    whole = all(b % a == 0 for a, b in zip(c.x[0].shape, c.y[0].shape))
    if mode == "nearest":
        return (by == "asymmetric" and c.get("nearest_mode") == "floor") or (by == "half_pixel" and whole and c.get("nearest_mode", "round_prefer_floor") != "ceil")
    exact = all(round(a * s) == a * s for a, s in zip(c.x[0].shape, c.x[1])) if len(c.x) == 2 else True
    return mode == "linear" and by in ("half_pixel", "align_corners") and exact


def is_pad(c):
    pads = c.x[1] if len(c.x) > 1 else ()
    return c.is_float(4) and len(pads) == 8 and len(c.x) < 4 and not pads[[0, 1, 4, 5]].any() and c.get("mode", "constant") in ("constant", "reflect", "edge")


def is_slice(c):
    if not c.is_float() or len(c.x[1]) != 1 or len(c.x) < 4 or (len(c.x) > 4 and c.x[4][0] != 1):
        return False
    return c.x[3][0] in (1, 1 - c.x[0].ndim) and c.y[0].size > 0


ANY = ("float32 of any rank", lambda c: c.is_float())
EQUAL = ("float32 of equal shapes, of any rank", lambda c: c.is_float() and c.x[0].shape == c.x[1].shape)
IMAGES = ("images [N, C, H, W]", lambda c: c.is_float(4))
CHANNELS = "[N, C, ...] along channels"

CLAIMS = {
    **dict.fromkeys(["Relu", "Sigmoid", "Tanh", "Elu", "LeakyRelu", "Gelu", "HardSwish", "Clip", "Identity"], ANY),
    "HardSigmoid": ("alpha 1/6, beta 0.5", lambda c: c.is_float() and abs(c.get("alpha", 0.2) - 1 / 6) < 1e-6),
    "Dropout": ("inference, of any rank", lambda c: c.is_float() and len(c.x) < 3),
    "PRelu": ("a slope for all or for each channel", lambda c: c.is_float(2, 4) and c.x[1].size in (1, c.x[0].shape[1]) and c.x[1].ndim <= c.x[0].ndim),
    "Add": EQUAL,
    "Mul": EQUAL,
    **dict.fromkeys(["Sub", "Div"], ("a value and a constant for all or for each channel", lambda c: False)),
    "Concat": (CHANNELS, lambda c: c.is_float() and c.x[0].ndim >= 2 and c.axis(0) == 1),
    "Slice": (CHANNELS + ", steps of 1, something left", is_slice),
    "Split": (CHANNELS, lambda c: c.is_float() and c.x[0].ndim >= 2 and c.axis(0) == 1 and all(y.size for y in c.y)),
    "Flatten": ("from axis 1 on", lambda c: c.is_float() and c.axis(1) == 1),
    "Reshape": ("to [N, all the rest]; channels to several dimensions and back", lambda c: c.is_float(3, 4) and c.y[0].ndim == 2 and c.y[0].shape[0] == c.x[0].shape[0]),
    "Conv": ("images, even dilations", IMAGES[1]),
    "ConvTranspose": ("images, without output_shape and auto_pad", lambda c: c.is_float(4) and c.get("output_shape") is None and c.get("auto_pad", "NOTSET") == "NOTSET"),
    "Gemm": ("rows by a constant; a bias for all or for each output", lambda c: c.is_float(2) and not c.get("transA", 0) and (len(c.x) < 3 or c.x[2].size in (1, c.y[0].shape[1]))),
    "MatMul": ("rows by a constant", lambda c: c.is_float(2)),
    "BatchNormalization": ("inference", lambda c: c.is_float(2, 4) and not c.get("training_mode", 0)),
    "LayerNormalization": ("[N, C] or images, not over the images", lambda c: c.is_float(2, 4) and c.axis(-1) >= 1),
    **dict.fromkeys(["GroupNormalization", "InstanceNormalization", "GlobalAveragePool", "GlobalMaxPool"], IMAGES),
    "Softmax": ("[N, C] or images, over channels", lambda c: c.is_float(2, 4) and c.axis(-1) == 1),
    "MaxPool": ("images; pads even, at most half of the kernel; one output", is_even_pool),
    "AveragePool": ("the same, without dilations", lambda c: is_even_pool(c) and not c.get("dilations") and not (c.get("ceil_mode") and c.get("count_include_pad"))),
    "ReduceMean": ("images over height and width", lambda c: c.is_float(4) and sorted(np.mod(c.x[1], 4)) == [2, 3]),
    "Resize": ("images; nearest (asymmetric and floor, or by a whole factor) and linear (half_pixel, align_corners), as PyTorch has them", is_resize),
    "Upsample": IMAGES,
    "Pad": ("images, rows and columns; constant, reflect, edge", is_pad),
    "QuantizeLinear": ("8 bits, one scale", lambda c: c.per_tensor(1)),
    "DequantizeLinear": ("8 bits, one scale", lambda c: c.per_tensor(1)),
    "QLinearConv": ("8 bits, float32 scales", lambda c: c.per_tensor(1, 6)),
    "QLinearMatMul": ("8 bits, float32 scales, rows by a constant", lambda c: c.x[0].ndim == 2 and c.per_tensor(1, 4, 6)),
}


def read_operators():
    """What networks/onnx/ reads of ONNX's own operators."""
    rows = re.findall(r'^\s*(?:constexpr Row kRows\[\] = \{)?\{"(\w+)", \w+\}', (ROOT / "networks/onnx/operations.cpp").read_text(), re.M)
    return set(rows) | {"Split", "QLinearConv", "QLinearMatMul"}


def between_codes(graph, c):
    """Quantizes the input and dequantizes the result, where the operator is of codes; returns the input and the result that stand for them."""
    x, y, name = c.x[0], c.y[0], c.node.op_type
    named, scale, zero = c.node.input[1:3], c.x[1], c.x[2]
    if x.dtype in CODES:
        graph.node.insert(0, helper.make_node("QuantizeLinear", ["real", *named], [c.node.input[0]]))
        x = ((x.astype(np.int32) - zero.astype(np.int32)) * scale).astype(np.float32)
        del graph.input[:]
        graph.input.append(helper.make_tensor_value_info("real", TensorProto.FLOAT, x.shape))
    if y.dtype in CODES:
        if name.startswith("QLinear"):
            named, scale, zero = c.node.input[6:8], c.x[6], c.x[7]
        graph.node.append(helper.make_node("DequantizeLinear", [graph.output[0].name, *named], ["real_result"]))
        y = ((y.astype(np.int32) - zero.astype(np.int32)) * scale).astype(np.float32)
        del graph.output[:]
        graph.output.append(helper.make_tensor_value_info("real_result", TensorProto.FLOAT, None))
    return x, y


def as_network(c):
    """(model, {input: array}, expected result), or None where it takes or gives what is neither floats nor codes."""
    known = lambda v: getattr(v, "dtype", None) in (np.float32, *CODES)
    if not known(c.x[0]) or not known(c.y[0]) or c.x[0].ndim == 0:
        return None
    has_codes = c.x[0].dtype in CODES or c.y[0].dtype in CODES
    if has_codes and not (c.node.op_type in OF_CODES and len(c.x) > 2 and c.x[1].size == 1):
        return None
    model = onnx.ModelProto()
    model.CopyFrom(c.model)
    graph = model.graph
    names = [name for name in c.node.input if name]
    computed = [i for i in range(len(names)) if i == 0 or c.node.op_type in OF_ALL_INPUTS]
    if any(not known(c.x[i]) for i in computed):
        return None
    inputs = [v for v in graph.input]
    del graph.input[:]
    for i, value in enumerate(inputs):
        if i in computed:
            graph.input.append(value)
        else:
            graph.initializer.append(numpy_helper.from_array(np.asarray(c.x[i]), value.name))
    del graph.output[1:]
    feeds = {names[i]: c.x[i] for i in computed}
    expected = c.y[0]
    after_softmax(graph)
    if has_codes:
        x, expected = between_codes(graph, c)
        feeds = {graph.input[0].name: x}
    for opset in model.opset_import:
        opset.version = min(opset.version, 21)
    return model, feeds, expected


def converted():
    """(name, model, feeds, expected) of the models that PyTorch's first exporter wrote; operators older than version 9 are made 13 by onnx."""
    for folder in sorted((pathlib.Path(onnx.__file__).parent / "backend/test/data/pytorch-converted").iterdir()):
        model = onnx.load(folder / "model.onnx")
        if model.opset_import[0].version < 9:
            model = version_converter.convert_version(model, 13)
        arrays = lambda kind: [numpy_helper.to_array(onnx.load_tensor(f)) for f in sorted((folder / "test_data_set_0").glob(f"{kind}_*.pb"))]
        weights = {i.name for i in model.graph.initializer}
        after_softmax(model.graph)
        yield folder.name, model, dict(zip((i.name for i in model.graph.input if i.name not in weights), arrays("input"))), arrays("output")[0]


def after_softmax(graph):
    """The last Softmax of a network is left out: let it be followed."""
    if graph.node[-1].op_type == "Softmax":
        graph.node.append(helper.make_node("Identity", [graph.output[0].name], ["same"]))
        graph.output[0].name = "same"


def run(a, tmp, c):
    made = as_network(c)
    return run_model(a, tmp, *made) if made else ("not of floats or codes", "")


def run_model(a, tmp, model, feeds, expected):
    onnx.save(model, f"{tmp}/net.onnx")
    x = f"{tmp}/x.npy" if len(feeds) == 1 else f"{tmp}/x.npz"
    np.save(x, *feeds.values()) if len(feeds) == 1 else np.savez(x, **feeds)
    done = subprocess.run([str(a.build / "predict"), "--model", f"{tmp}/net.onnx", "--input", x, "--output", f"{tmp}/y.npy", "--batch-size", "64", "--force"], capture_output=True, text=True)
    if done.returncode:
        return ("refused" if done.returncode == 1 and done.stderr.startswith("error: ") else "failed"), done.stderr.strip().splitlines()[-1].replace(f"{tmp}/", "")
    got = np.load(f"{tmp}/y.npy")
    if got.shape != expected.shape:
        return "failed", f"gives {got.shape}, expected {expected.shape}"
    return ("passed", "") if np.allclose(got, expected, rtol=1e-3, atol=1e-7) else ("failed", f"largest difference {np.abs(got - expected).max()}")


def judged(claimed, result):
    """What a result means."""
    if claimed:
        return "claimed, pass" if result == "passed" else "claimed, FAIL"
    return "wrong" if result == "failed" else "more that pass" if result == "passed" else "not claimed, refused"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    p.add_argument("--only", default="")
    p.add_argument("--verbose", action="store_true")
    p.add_argument("--table", action="store_true")
    a = p.parse_args()
    operators, counts = read_operators(), collections.defaultdict(collections.Counter)
    if a.only:
        operators &= set(a.only.split(","))
    every = 0
    for case in collect_testcases(None):
        every += 1
        types = {node.op_type for node in case.model.graph.node}
        if len(types) != 1 or not types <= operators or case.name.endswith("_expanded"):
            continue
        c = Case(case)
        try:
            claimed = c.node.op_type in CLAIMS and bool(CLAIMS[c.node.op_type][1](c))
        except (AttributeError, IndexError, TypeError):  # of types that numpy does not have
            claimed = False
        with tempfile.TemporaryDirectory() as tmp:
            result, text = run(a, tmp, c)
        verdict = judged(claimed, result)
        counts[c.node.op_type][verdict] += 1
        if verdict in ("claimed, FAIL", "wrong") or (a.verbose and result == "refused"):
            print(f"{verdict}: {case.name}: {text or result}", flush=True)
    total = sum(counts.values(), collections.Counter())
    if a.table:
        print("| operator | claimed | cases: pass | not claimed: pass, refused |\n|---|---|---|---|")
        for operator in sorted(counts):
            n = counts[operator]
            print(f"| {operator} | {CLAIMS[operator][0] if operator in CLAIMS else 'nothing'} | {n['claimed, pass']} of {n['claimed, pass'] + n['claimed, FAIL']} | {n['more that pass']}, {n['not claimed, refused']} |")
    else:
        for operator in sorted(counts):
            print(f"{operator:22s}", ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts[operator].items())))
    print("all", dict(total), "of", len(counts), "operators and", every, "cases")
    results = collections.Counter()
    for name, model, feeds, expected in converted() if not a.only else ():
        with tempfile.TemporaryDirectory() as tmp:
            result, text = run_model(a, tmp, model, feeds, expected)
        results[result] += 1
        if result == "failed" or (a.verbose and result == "refused"):
            print(f"{result}: {name}: {text}", flush=True)
    print("pytorch-converted", dict(results))
    sys.exit(total["claimed, FAIL"] + total["wrong"] + results["failed"] > 0)


if __name__ == "__main__":
    main()
