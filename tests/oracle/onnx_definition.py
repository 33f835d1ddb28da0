"""An int8 ONNX model by the definition of its operators, in float64: what onnx_int8.py compares octet's codes with.

    QuantizeLinear    clamp(rne(x / scale) + zero_point)          DequantizeLinear    (codes - zero_point) * scale
    QLinearConv, ...  the float operator between these
Each QuantizeLinear may be answered from outside (`on_codes`), so that what differs is one operator's own.
"""
import numpy as np
import onnx
import torch
import torch.nn.functional as F

ONE = {"QLinearGlobalAveragePool": "GlobalAveragePool", "QLinearAveragePool": "AveragePool", "QLinearSigmoid": "Sigmoid", "QLinearLeakyRelu": "LeakyRelu"}
TWO = {"QLinearAdd": "Add", "QLinearMul": "Mul", "QLinearMatMul": "MatMul"}


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def along(t, axis, rank):
    """One number, or one for each slice of an axis."""
    if t is None or t.numel() == 1:
        return 0 if t is None else t.double().reshape(())
    return t.double().reshape([-1 if d == axis % rank else 1 for d in range(rank)])


def quantize(x, scale, zero, axis=1):
    low = -128 if zero is not None and zero.dtype == torch.int8 else 0
    codes = torch.round(x / along(scale, axis, x.dim())) + along(zero, axis, x.dim())
    return codes.clamp(low, low + 255).to(torch.int8 if low else torch.uint8)


def dequantize(q, scale, zero=None, axis=1):
    return (q.double() - along(zero, axis, q.dim())) * along(scale, axis, q.dim())


def padded(x, pads, value=0.0):
    return F.pad(x, (pads[1], pads[3], pads[0], pads[2]), value=value)


def floats(kind, v, a):
    """One operator of floats; whatever is not here raises KeyError."""
    x = v[0]
    pads, strides, k = a.get("pads", [0] * 4), a.get("strides", [1, 1]), a.get("kernel_shape")
    if kind == "Conv":
        return F.conv2d(padded(x, pads), v[1], v[2] if len(v) > 2 else None, strides, 0, a.get("dilations", [1, 1]), a.get("group", 1))
    if kind == "Gemm":
        y = a.get("alpha", 1.0) * (x.T if a.get("transA") else x) @ (v[1].T if a.get("transB") else v[1])
        return y + a.get("beta", 1.0) * v[2] if len(v) > 2 else y
    if kind == "MaxPool":
        return F.max_pool2d(padded(x, pads, -np.inf), k, strides, 0, 1, bool(a.get("ceil_mode", 0)))
    if kind == "AveragePool":
        return F.avg_pool2d(x, k, strides, pads[:2], bool(a.get("ceil_mode", 0)), bool(a.get("count_include_pad", 0)))
    if kind == "ReduceMean":
        return x.mean([int(d) for d in (a["axes"] if "axes" in a else v[1])], bool(a.get("keepdims", 1)))
    if kind == "Clip":
        bounds = [b if b is None else float(b) for b in list(v[1:]) + [None] * (3 - len(v))]
        return x.clamp(*bounds)
    if kind == "BatchNormalization":
        return F.batch_norm(x, v[3], v[4], v[1], v[2], eps=a.get("epsilon", 1e-5))
    if kind == "Slice":
        axis, end = int(v[3]), min(int(v[2]), x.shape[int(v[3])])
        return x.narrow(axis, int(v[1]), end - int(v[1]))
    if kind == "Reshape":
        return x.reshape([x.shape[i] if d == 0 else int(d) for i, d in enumerate(v[1])])
    return {
        "MatMul": lambda: x @ v[1], "Add": lambda: x + v[1], "Mul": lambda: x * v[1], "Sub": lambda: x - v[1], "Div": lambda: x / v[1],
        "Relu": lambda: x.clamp(min=0), "Sigmoid": lambda: x.sigmoid(), "HardSwish": lambda: F.hardswish(x), "Identity": lambda: x,
        "HardSigmoid": lambda: (x * a.get("alpha", 0.2) + a.get("beta", 0.5)).clamp(0, 1), "Tanh": lambda: x.tanh(),
        "LeakyRelu": lambda: F.leaky_relu(x, a.get("alpha", 0.01)), "GlobalAveragePool": lambda: x.mean([2, 3], True),
        "Flatten": lambda: x.flatten(1), "Concat": lambda: torch.cat(v, a["axis"]), "Transpose": lambda: x.permute(a["perm"]),
        "Softmax": lambda: x.softmax(a.get("axis", -1)), "Squeeze": lambda: x.squeeze([int(d) for d in v[1]]),
        "Cast": lambda: x, "Shape": lambda: torch.tensor(x.shape), "Gather": lambda: x.index_select(a.get("axis", 0), v[1].reshape(-1)).reshape(v[1].shape),
        "Unsqueeze": lambda: x.reshape(1),
    }[kind]()


class Definition:
    """on_codes(node, codes): called with the result of each operator that gives codes; what it returns is gone on with."""

    def __init__(self, model, on_codes):
        self.model, self.on_codes, self.values, self.codes = model, on_codes, {}, set()

    def run(self, x):
        graph = self.model.graph
        for t in graph.initializer:
            self.values[t.name] = torch.from_numpy(onnx.numpy_helper.to_array(t).copy())
        self.values[next(i.name for i in graph.input if i.name not in self.values)] = torch.from_numpy(x).double()
        for node in graph.node:
            self.node(node, [self.values[i] if i else None for i in node.input], attributes(node))
        return self.values[graph.output[0].name].numpy()

    def node(self, node, v, a):
        kind, out = node.op_type, node.output[0]
        if kind == "Constant":
            self.values[out] = torch.from_numpy(onnx.numpy_helper.to_array(a["value"]).copy())
        elif kind == "DequantizeLinear":
            self.values[out] = dequantize(*v, axis=a.get("axis", 1))
        elif kind == "QuantizeLinear":
            self.give(node, quantize(*v, axis=a.get("axis", 1)))
        elif kind == "QLinearConv":
            bias = [dequantize(v[8], v[1] * v[4])] if len(v) > 8 and v[8] is not None else []
            self.give(node, quantize(floats("Conv", [dequantize(*v[0:3]), dequantize(*v[3:6], axis=0)] + bias, a), *v[6:8]))
        elif kind == "QGemm":
            bias = [dequantize(v[6], a.get("alpha", 1.0) * v[1] * v[4], axis=1)] if v[6] is not None else []
            y = floats("Gemm", [dequantize(*v[0:3]), dequantize(*v[3:6], axis=0 if a.get("transB") else 1)] + bias, a)
            self.give(node, quantize(y, *v[7:9])) if len(v) > 7 else self.values.__setitem__(out, y)
        elif kind in ONE:
            self.give(node, quantize(floats(ONE[kind], [dequantize(*v[0:3])], a), *v[3:5]))
        elif kind in TWO:
            self.give(node, quantize(floats(TWO[kind], [dequantize(*v[0:3]), dequantize(*v[3:6])], a), *v[6:8]))
        elif kind == "QLinearConcat":
            self.give(node, quantize(floats("Concat", [dequantize(*v[i : i + 3]) for i in range(2, len(v), 3)], a), *v[0:2]))
        elif kind == "Split":
            for name, part in zip(node.output, v[0].split([int(n) for n in v[1]] if len(v) > 1 else v[0].shape[a["axis"]] // len(node.output), a["axis"])):
                self.values[name] = part
            self.codes.update(node.output if node.input[0] in self.codes else [])
        elif v[0].dtype in (torch.uint8, torch.int8) and node.input[0] in self.codes:
            self.codes.add(out)  # a MaxPool or Reshape of codes
            self.give(node, floats(kind, [v[0].double()] + v[1:], a).to(v[0].dtype))
        else:
            self.values[out] = floats(kind, [t.double() if t is not None and t.is_floating_point() else t for t in v], a)

    def give(self, node, codes):
        self.codes.add(node.output[0])
        self.values[node.output[0]] = self.on_codes(node, codes)
