"""Ops of networks that give images, and of other norms: float results with gradients, and codes under each engine.

conv_transpose2d_*, interpolate_*, pad_*, norm_*, softmax_*, prelu: x, dy and what torch gives: y, dx and the gradients of weights. `codes` with
`ENGINE` are what PyTorch makes of codes; images as [N, C, H, W]. oneDNN's transposed convolution is made with as many channels in as out,
because it is wrong elsewhere. Make it on a CPU with VNNI. scalar_*, norm_codes_*: codes, alike on every engine.
"""
import numpy as np
import torch
import torch.ao.nn.quantized as nnq
import torch.nn.functional as F

from golden_ops import codes, layer, quantized, save

ENGINES = {"qnnpack": "qnnpack", "fbgemm": "fbgemm", "onednn": "onednn", "x86_vnni": "x86"}  # octet's name and PyTorch's
pair = lambda v: np.array(v if isinstance(v, tuple) else (v, v), np.int32)
last = lambda q: q.contiguous(memory_format=torch.channels_last)


def floats(rng, *shape):
    return torch.from_numpy(rng.randn(*shape).astype(np.float32)).requires_grad_()


def with_gradients(function, *inputs, rng):
    """y, dy, and the gradient of each input."""
    y = function(*inputs)
    dy = torch.from_numpy(rng.randn(*y.shape).astype(np.float32))
    y.backward(dy)
    return y.detach().numpy(), dy.numpy(), [i.grad.numpy() for i in inputs]


# channels in and out, kernel, stride, padding, output_padding, groups, dilation
TRANSPOSED = [(8, 8, 2, 2, 0, 0, 1, 1), (6, 6, 3, 2, 1, 1, 2, 1), (8, 8, (4, 3), (2, 1), (1, 0), (1, 0), 1, 1), (4, 4, 3, 2, 1, 0, 4, 1),
              (6, 6, 3, 3, 2, (2, 0), 1, 2), (5, 7, 3, 1, 0, 0, 1, 1), (12, 6, 2, (3, 2), 0, (1, 0), 1, 1), (3, 1, 4, 2, 1, 0, 1, 1)]


def conv_transpose2d(out, rng):
    for i, (c, k, kernel, stride, padding, more, groups, dilation) in enumerate(TRANSPOSED):
        options = dict(stride=stride, padding=padding, output_padding=more, groups=groups, dilation=dilation)
        height, width = pair(kernel)
        x, w, b = floats(rng, 2, c, 5, 4), floats(rng, c, k // groups, height, width), floats(rng, k)
        y, dy, (dx, dw, db) = with_gradients(lambda x, w, b: F.conv_transpose2d(x, w, b, **options), x, w, b, rng=rng)
        arrays = dict(x=x.detach().numpy(), w=w.detach().numpy(), b=b.detach().numpy(), y=y, dy=dy, dx=dx, dw=dw, db=db)
        q = codes(rng, 2, c, 9, 7)
        qw, w_tensor, sw = layer(rng, (c, k // groups, int(height), int(width)), False)
        qb = rng.randn(k).astype(np.float32)
        arrays |= dict(codes=q, qw=qw, weight_scale=sw, qb=qb, input=np.array([0.021, 117], np.float32), output=np.array([0.3, 103], np.float32))
        for name, engine in ENGINES.items():
            torch.backends.quantized.engine = engine
            if name in ("onednn", "x86_vnni") and c != k or name == "onednn" and more != 0:
                continue
            m = nnq.ConvTranspose2d(c, k, (int(height), int(width)), **options)
            m.set_weight_bias(w_tensor, torch.from_numpy(qb))
            m.scale, m.zero_point = float(np.float32(0.3)), 103
            arrays[name] = m(quantized(q, np.float32(0.021), 117)).int_repr().contiguous().numpy()
        save(out, f"conv_transpose2d_{i}", stride=pair(stride), padding=pair(padding), output_padding=pair(more), groups=np.int32(groups), dilation=pair(dilation), **arrays)


INTERPOLATED = [dict(scale_factor=2), dict(scale_factor=2, mode="bilinear"), dict(size=(13, 17), mode="bilinear"), dict(size=(4, 3)), dict(size=(14, 9), mode="bilinear", align_corners=True),
                dict(scale_factor=(1.7, 2.3), mode="bilinear"), dict(scale_factor=(1.7, 0.6)), dict(size=(3, 1), mode="bilinear", align_corners=True), dict(size=(29, 31), mode="bilinear")]


def interpolate(out, rng):
    for i, case in enumerate(INTERPOLATED):
        x = floats(rng, 2, 3, 7, 8)
        y, dy, (dx,) = with_gradients(lambda x: F.interpolate(x, **case), x, rng=rng)
        q = codes(rng, 4, 19, 7, 8)
        y_codes = F.interpolate(last(quantized(q, 0.04, 113)), **case).int_repr().contiguous().numpy()
        factor = case.get("scale_factor", 0)
        save(out, f"interpolate_{i}", bilinear=np.int32(case.get("mode") == "bilinear"), align_corners=np.int32(case.get("align_corners", False)),
             size=pair(case.get("size", 0)), factor=np.array(factor if isinstance(factor, tuple) else (factor, factor), np.float64), x=x.detach().numpy(), y=y, dy=dy, dx=dx,
             codes=q, qparams=np.array([0.04, 113], np.float32), y_codes=y_codes)


def pads(out, rng):
    for i, (sides, mode, value) in enumerate([((1, 2, 0, 3), "constant", 0.5), ((-1, 2, 1, -2), "constant", 0.0), ((3, 2, 1, 4), "reflect", None), ((6, 0, 5, 1), "replicate", None)]):
        x = floats(rng, 2, 3, 5, 6)
        y, dy, (dx,) = with_gradients(lambda x: F.pad(x, sides, mode, value), x, rng=rng)
        save(out, f"pad_{i}", sides=np.array(sides, np.int32), mode=np.int32(["constant", "reflect", "replicate"].index(mode)), value=np.float32(value or 0), x=x.detach().numpy(), y=y, dy=dy, dx=dx)


def norms(out, rng):
    """kind 0: layer norm, of the last `over` dimensions; 1: group norm of `over` groups."""
    for i, (shape, kind, over) in enumerate([((3, 10), 0, 1), ((2, 4, 5, 6), 0, 3), ((2, 4, 5, 6), 0, 1), ((2, 6, 5, 4), 1, 3), ((2, 6, 5, 4), 1, 6), ((3, 8), 1, 2)]):
        x = floats(rng, *shape)
        affine = shape[-over:] if kind == 0 else shape[1:2]
        w, b = floats(rng, *affine), floats(rng, *affine)
        norm = (lambda x, w, b: F.layer_norm(x, affine, w, b)) if kind == 0 else (lambda x, w, b: F.group_norm(x, over, w, b))
        y, dy, (dx, dw, db) = with_gradients(norm, x, w, b, rng=rng)
        save(out, f"norm_{i}", kind=np.int32(kind), over=np.int32(over), x=x.detach().numpy(), w=w.detach().numpy(), b=b.detach().numpy(), y=y, dy=dy, dx=dx, dw=dw, db=db)


def softmaxes(out, rng):
    for i, shape in enumerate([(4, 10), (2, 7, 5, 6), (2, 1000)]):
        x = floats(rng, *shape)
        y, dy, (dx,) = with_gradients(lambda x: F.softmax(x, 1), x, rng=rng)
        scale, zero_point = np.float32([0.05, 0.11, 0.02][i]), 119
        q, arrays = codes(rng, *shape), {}
        for name, engine in ENGINES.items():
            torch.backends.quantized.engine = engine
            tensor = quantized(q, scale, zero_point)
            arrays[name] = torch.ops.quantized.softmax(last(tensor) if len(shape) == 4 else tensor, 1, 1 / 256, 0).int_repr().contiguous().numpy()
        save(out, f"softmax_{i}", x=x.detach().numpy(), y=y, dy=dy, dx=dx, codes=q, input=np.array([scale, zero_point], np.float32), **arrays)


def prelus(out, rng):
    for i, n in enumerate((1, 3)):
        x, w = floats(rng, 2, 3, 4, 5), floats(rng, n)
        y, dy, (dx, dw) = with_gradients(F.prelu, x, w, rng=rng)
        save(out, f"prelu_{i}", x=x.detach().numpy(), w=w.detach().numpy(), y=y, dy=dy, dx=dx, dw=dw)


def dilated_pools(out, rng):
    for i, (kernel, stride, padding, dilation, ceil_mode) in enumerate([(3, 2, 1, 2, False), ((2, 3), 1, (0, 1), (3, 2), True), (2, 2, 1, 2, True)]):
        options = dict(kernel_size=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
        x = floats(rng, 2, 3, 9, 10)
        y, dy, (dx,) = with_gradients(lambda x: F.max_pool2d(x, **options), x, rng=rng)
        q = codes(rng, 2, 20, 9, 10)
        save(out, f"max_pool2d_{i}", kernel=pair(kernel), stride=pair(stride), padding=pair(padding), dilation=pair(dilation), ceil_mode=np.int32(ceil_mode), x=x.detach().numpy(), y=y, dy=dy,
             dx=dx, codes=q, y_codes=F.max_pool2d(last(quantized(q, 0.1, 7)), **options).int_repr().contiguous().numpy())


def scalars(out, rng):
    """All codes plus and times a number: rows of (input's scale, zero point, number, multiplies, relu), (output's scale, zero point), and codes."""
    cases, qparams, results = [], [], []
    for i in range(400):
        scale, zero_point = float(np.float32(rng.uniform(0.001, 0.2))), int(rng.randint(256))
        number = 0.0 if i == 7 else float(rng.randn() * rng.choice([0.1, 1, 10, 100]))
        for kind, (function, with_relu) in enumerate([(torch.ops.quantized.add, torch.ops.quantized.add_relu), (torch.ops.quantized.mul, torch.ops.quantized.mul_relu)]):
            y = (with_relu if i % 2 else function)(quantized(np.arange(256, dtype=np.uint8), scale, zero_point), number)
            cases.append((scale, zero_point, number, kind, i % 2))
            qparams.append((y.q_scale(), y.q_zero_point()))
            results.append(y.int_repr().numpy())
    save(out, "scalar_0", cases=np.array(cases, np.float64), qparams=np.array(qparams, np.float64), codes=np.stack(results))


def norms_of_codes(out, rng):
    """over 0: instance norm; else layer norm of the last `over` dimensions. affine 0: without weight and bias."""
    for i, (shape, over, affine, eps) in enumerate([((3, 40), 1, 1, 1e-5), ((2, 4, 5, 6), 3, 1, 1e-5), ((2, 4, 5, 6), 2, 1, 1e-3), ((2, 4, 5, 6), 1, 0, 1e-5), ((2, 6, 9, 7), 0, 1, 1e-5), ((3, 5, 4, 8), 0, 0, 0.1)]):
        q = codes(rng, *shape)
        q[0] = q[0] // 100  # little variance: eps counts
        input, output = (np.float32(rng.uniform(0.005, 0.05)), int(rng.randint(60, 190))), (np.float32(rng.uniform(0.01, 0.04)), int(rng.randint(60, 190)))
        of = shape[-over:] if over else shape[1:2]
        w, b = (torch.from_numpy(rng.randn(*of).astype(np.float32)) for _ in range(2)) if affine else (None, None)
        x, to = quantized(q, *input), (float(output[0]), output[1])
        y = torch.ops.quantized.layer_norm(x, of, w, b, eps, *to) if over else torch.ops.quantized.instance_norm(last(x), w, b, eps, *to)
        arrays = dict(w=w.numpy(), b=b.numpy()) if affine else {}
        save(out, f"norm_codes_{i}", over=np.int32(over), eps=np.float32(eps), x=q, input=np.array(input, np.float32), output=np.array(output, np.float32), y=y.int_repr().contiguous().numpy(), **arrays)


def make(out):
    for i, case in enumerate((conv_transpose2d, interpolate, pads, norms, softmaxes, prelus, dilated_pools, scalars, norms_of_codes)):
        case(out, np.random.RandomState(200 + i))
