#!/usr/bin/env python3
"""The ONNX project's own test cases of single operators, through predict. Needs onnx and numpy.

    onnx_backend.py [--build build] [--verbose]

Of each operator that octet reads, the cases of float images [N, C, H, W]. Their other inputs become constants, as weights are in networks; the
result is flattened, because predict writes rows; operators are called version 21 where the case has a newer one, which changed nothing about them.
A case passes when predict's answer is the expected one (by onnx's own tolerance), is refused when octet says what it lacks, and fails otherwise. Exits 1 when one fails.
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
from onnx import TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

ROOT = pathlib.Path(__file__).resolve().parents[2]


def claimed():
    return set(re.findall(r'^\s*(?:constexpr Row kRows\[\] = \{)?\{"(\w+)", \w+\}', (ROOT / "networks/onnx/operations.cpp").read_text(), re.M))


def as_network(case):
    """(model of one input and a flattened output, image, expected rows), or None where the case is not of images."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    inputs, outputs = case.data_sets[0]
    graph = model.graph
    image = next((i for i, x in enumerate(inputs) if getattr(x, "dtype", None) == np.float32 and x.ndim == 4), None)
    if image is None or len(outputs) != 1 or outputs[0].dtype != np.float32 or outputs[0].shape[:1] != inputs[image].shape[:1]:
        return None
    keep = graph.input[image]
    for i, value in enumerate(graph.input):
        if i != image:
            graph.initializer.append(numpy_helper.from_array(np.asarray(inputs[i]), value.name))
    del graph.input[:]
    graph.input.append(keep)
    shape = outputs[0].shape
    if len(shape) != 2:
        graph.node.append(helper.make_node("Flatten", [graph.output[0].name], ["rows_of_it"]))
        del graph.output[:]
        graph.output.append(helper.make_tensor_value_info("rows_of_it", TensorProto.FLOAT, None))
    for opset in model.opset_import:
        opset.version = min(opset.version, 21)
    return model, inputs[image], outputs[0].reshape(shape[0], -1)


def run(a, tmp, case):
    made = as_network(case)
    if made is None:
        return "not of images", ""
    model, image, expected = made
    onnx.save(model, f"{tmp}/net.onnx")
    np.save(f"{tmp}/x.npy", image)
    done = subprocess.run([str(a.build / "predict"), "--model", f"{tmp}/net.onnx", "--input", f"{tmp}/x.npy", "--output", f"{tmp}/y.npy", "--force"], capture_output=True, text=True)
    if done.returncode:
        text = done.stderr.strip().splitlines()[-1].replace(f"{tmp}/", "")
        return ("refused" if done.returncode == 1 and text.startswith("error: net.onnx: ") else "failed"), text
    got = np.load(f"{tmp}/y.npy").reshape(expected.shape)
    return ("passed", "") if np.allclose(got, expected, rtol=1e-3, atol=1e-7) else ("failed", f"largest difference {np.abs(got - expected).max()}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    p.add_argument("--verbose", action="store_true")
    a = p.parse_args()
    operators, counts = claimed(), collections.defaultdict(collections.Counter)
    for case in collect_testcases(None):
        types = {node.op_type for node in case.model.graph.node}
        if len(types) != 1 or not types <= operators or case.name.endswith("_expanded"):
            continue
        with tempfile.TemporaryDirectory() as tmp:
            result, text = run(a, tmp, case)
        counts[types.pop()][result] += 1
        if result == "failed" or (a.verbose and result == "refused"):
            print(f"{result} {case.name}: {text}", flush=True)
    for operator in sorted(counts):
        print(f"{operator:20s}", ", ".join(f"{n} {result}" for result, n in sorted(counts[operator].items())))
    total = sum(counts.values(), collections.Counter())
    print("all", dict(total), "of", len(operators), "operators")
    sys.exit(total["failed"] > 0)


if __name__ == "__main__":
    main()
