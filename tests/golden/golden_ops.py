"""Quantized ops of PyTorch under both engines: codes in, codes out.

Every case is one .npz: the inputs, the numbers of its layer and `y`, the codes that PyTorch gives. Images are stored [N, C, H, W].

Make it on a CPU with VNNI: without, fbgemm adds pairs of products in 16 bits, which saturate for codes above 127.
"""
import numpy as np
import torch
import torch.ao.nn.quantized as nnq
import torch.nn.functional as F

ENGINES = ("qnnpack", "fbgemm")


def quantized(codes, scale, zero_point):
    return torch._make_per_tensor_quantized_tensor(torch.from_numpy(codes), float(np.float32(scale)), int(zero_point))


def codes(rng, *shape):
    return rng.randint(0, 256, shape).astype(np.uint8)


def save(out, name, **arrays):
    np.savez_compressed(out / f"{name}.npz", **{k: np.asarray(v) for k, v in arrays.items()})


def quantize(out, rng):
    x = np.concatenate([rng.randn(2000) * 2, np.arange(-600, 600) * 0.0125]).astype(np.float32)  # the second part has ties
    q = torch.quantize_per_tensor(torch.from_numpy(x), 0.025, 97, torch.quint8)
    save(out, "quantize", x=x, scale=np.float32(0.025), zero_point=np.int32(97), y=q.int_repr().numpy(), dequantized=q.dequantize().numpy())
    w = rng.randn(6, 5, 3, 3).astype(np.float32)
    s = rng.uniform(0.005, 0.03, 6).astype(np.float32)
    per_channel = torch.quantize_per_channel(torch.from_numpy(w), torch.from_numpy(s), torch.zeros(6, dtype=torch.int64), 0, torch.qint8)
    per_tensor = torch.quantize_per_tensor(torch.from_numpy(w), float(s[0]), 0, torch.qint8)
    save(out, "quantize_weight", w=w, scale=s, per_channel=per_channel.int_repr().numpy(), per_tensor=per_tensor.int_repr().numpy())


def layer(rng, shape, per_channel):
    """Weights, their quantized tensor and scales."""
    scale = rng.uniform(0.002, 0.01, shape[0] if per_channel else 1).astype(np.float32)
    w = rng.randint(-128, 128, shape).astype(np.int8)
    if per_channel:
        q = torch._make_per_channel_quantized_tensor(torch.from_numpy(w), torch.from_numpy(scale).double(), torch.zeros(shape[0], dtype=torch.int64), 0)
    else:
        q = torch._make_per_tensor_quantized_tensor(torch.from_numpy(w), float(scale[0]), 0)
    return w, q, scale


def conv2d(out, rng):
    cases = {"stem": (3, 16, 7, 2, 3, 20), "three": (16, 24, 3, 1, 1, 9), "stride2": (16, 24, 3, 2, 1, 9), "pointwise": (32, 16, 1, 2, 0, 8)}
    for engine in ENGINES:
        torch.backends.quantized.engine = engine
        for name, (c, k, kernel, stride, padding, size) in cases.items():
            for relu in (0, 1):
                w, qw, sw = layer(rng, (k, c, kernel, kernel), engine == "fbgemm")
                b = rng.randn(k).astype(np.float32)
                x, sx, zx, sy, zy = codes(rng, 2, c, size, size), np.float32(0.021), 117, np.float32(rng.uniform(0.2, 0.5)), 103
                kind = torch.ao.nn.intrinsic.quantized.ConvReLU2d if relu else nnq.Conv2d
                m = kind(c, k, kernel, stride, padding)
                m.set_weight_bias(qw, torch.from_numpy(b))
                m.scale, m.zero_point = float(sy), zy
                y = m(quantized(x, sx, zx)).int_repr().numpy()
                save(out, f"conv2d_{engine}_{name}{'_relu' if relu else ''}", x=x, w=w, b=b, weight_scale=sw, stride=np.int32(stride), padding=np.int32(padding),
                     relu=np.int32(relu), input=np.array([sx, zx], np.float32), output=np.array([sy, zy], np.float32), y=y)


def one_scale(out, rng):
    """Engine fbgemm with one scale for all weights, whose bias it adds otherwise; biases that put sums next to a tie."""
    torch.backends.quantized.engine = "fbgemm"
    c, k, size = 8, 32, 12
    w, qw, sw = layer(rng, (k, c, 3, 3), False)
    x, sx, zx, sy, zy = codes(rng, 8, c, size, size), np.float32(0.021), 117, np.float32(1.37), 103
    halves = (rng.randint(-60, 60, k) + 0.5) * np.float64(sy)
    b = np.nextafter(halves.astype(np.float32), np.where(rng.rand(k) < 0.5, -np.inf, np.inf).astype(np.float32))
    w[::2] = 0  # half of the outputs are their bias alone
    qw = torch._make_per_tensor_quantized_tensor(torch.from_numpy(w), float(sw[0]), 0)
    m = nnq.Conv2d(c, k, 3, padding=1)
    m.set_weight_bias(qw, torch.from_numpy(b))
    m.scale, m.zero_point = float(sy), zy
    save(out, "conv2d_fbgemm_one_scale", x=x, w=w, b=b, weight_scale=sw, stride=np.int32(1), padding=np.int32(1), relu=np.int32(0),
         input=np.array([sx, zx], np.float32), output=np.array([sy, zy], np.float32), y=m(quantized(x, sx, zx)).int_repr().numpy())


def large_bias(out, rng):
    """Biases near and beyond the ends of int32, as dead channels have them whose weights' scale is the smallest there is."""
    torch.backends.quantized.engine = "qnnpack"
    b = np.array([0.5, -0.5, 0.2559, -0.2559, 0.256, -0.256, 3.0, 1e12, -1e12, 0.1], np.float32)
    k = len(b)
    w = rng.randint(-128, 128, (k, 6, 1, 1)).astype(np.int8)
    sw = np.full(k, np.finfo(np.float32).eps, np.float32)
    qw = torch._make_per_channel_quantized_tensor(torch.from_numpy(w), torch.from_numpy(sw).double(), torch.zeros(k, dtype=torch.int64), 0)
    x = codes(rng, 2, 6, 5, 5)
    m = nnq.Conv2d(6, k, 1)
    m.set_weight_bias(qw, torch.from_numpy(b))
    m.scale, m.zero_point = 0.02, 128
    save(out, "conv2d_qnnpack_large_bias", x=x, w=w, b=b, weight_scale=sw, stride=np.int32(1), padding=np.int32(0), relu=np.int32(0),
         input=np.array([0.001, 100], np.float32), output=np.array([0.02, 128], np.float32), y=m(quantized(x, 0.001, 100)).int_repr().numpy())


def linear(out, rng):
    for engine in ENGINES:
        torch.backends.quantized.engine = engine
        for relu in (0, 1):
            w, qw, sw = layer(rng, (19, 70), engine == "fbgemm")
            b = rng.randn(19).astype(np.float32)
            m = (torch.ao.nn.intrinsic.quantized.LinearReLU if relu else nnq.Linear)(70, 19)
            m.set_weight_bias(qw, torch.from_numpy(b))
            m.scale, m.zero_point = 0.4, 110
            x = codes(rng, 5, 70)
            y = m(quantized(x, 0.02, 100)).int_repr().numpy()
            save(out, f"linear_{engine}{'_relu' if relu else ''}", x=x, w=w, b=b, weight_scale=sw, relu=np.int32(relu), input=np.array([0.02, 100], np.float32),
                 output=np.array([0.4, 110], np.float32), y=y)


def add(out, rng):
    """All 65,536 pairs of codes for a few scales."""
    a, b = np.repeat(np.arange(256), 256).astype(np.uint8), np.tile(np.arange(256), 256).astype(np.uint8)
    for engine in ENGINES:
        torch.backends.quantized.engine = engine
        for i in range(4):
            relu = i % 2
            sa, sb, sy = rng.uniform(0.01, 0.1, 3).astype(np.float32)
            za, zb, zy = rng.randint(0, 200, 3)
            op = torch.ops.quantized.add_relu if relu else torch.ops.quantized.add
            y = op(quantized(a, sa, za), quantized(b, sb, zb), float(sy), int(zy)).int_repr().numpy()
            save(out, f"add_{engine}_{i}", relu=np.int32(relu), a=np.array([sa, za], np.float32), b=np.array([sb, zb], np.float32), output=np.array([sy, zy], np.float32), y=y)


def pools(out, rng):
    torch.backends.quantized.engine = "qnnpack"
    x = codes(rng, 2, 8, 9, 9)
    q = quantized(x, 0.03, 40)
    save(out, "max_pool2d", x=x, y=F.max_pool2d(q, 3, 2, 1).int_repr().numpy())
    x7 = codes(rng, 3, 32, 7, 7)
    save(out, "adaptive_avg_pool2d", x=x7, qparams=np.array([0.05, 17], np.float32), y=F.adaptive_avg_pool2d(quantized(x7, 0.05, 17), 1).int_repr().numpy())
    a, b = codes(rng, 2, 6, 1, 1), codes(rng, 2, 5, 1, 1)
    y = torch.cat([quantized(a, 0.05, 3), quantized(b, 0.037, 0)], 1)
    save(out, "cat", a=a, b=b, qparams_a=np.array([0.05, 3], np.float32), qparams_b=np.array([0.037, 0], np.float32), y=y.int_repr().numpy())


def averages(out, rng):
    """Averages of even numbers of codes have ties, where the two engines differ. Channels last, as convolutions give them."""
    for engine in ENGINES:
        torch.backends.quantized.engine = engine
        for i, (height, width, size) in enumerate([(6, 5, (1, 1)), (6, 6, (1, 1)), (10, 10, (1, 1)), (6, 12, (2, 3)), (7, 6, (2, 3)), (4, 4, (4, 4))]):
            x, scale, zero_point = codes(rng, 3, 32, height, width), np.float32(rng.uniform(0.001, 0.1)), rng.randint(256)
            q = quantized(x, scale, zero_point).contiguous(memory_format=torch.channels_last)
            save(out, f"adaptive_avg_pool2d_{engine}_{i}", x=x, qparams=np.array([scale, zero_point], np.float32), size=np.array(size, np.int32),
                 y=F.adaptive_avg_pool2d(q, size).int_repr().contiguous().numpy())


def fake_quantize(out, rng):
    x = (rng.randn(4000) * 3).astype(np.float32)
    x[:40] = (np.arange(40) - 20 + 0.5) * np.float32(0.025)  # ties
    w, s = rng.randn(6, 4, 3, 3).astype(np.float32), rng.uniform(0.01, 0.03, 6).astype(np.float32)
    save(out, "fake_quantize", x=x, y=torch.fake_quantize_per_tensor_affine(torch.from_numpy(x), 0.025, 97, 0, 255).numpy(),
         reduced=torch.fake_quantize_per_tensor_affine(torch.from_numpy(x), 0.05, 60, 0, 127).numpy(), w=w, s=s,
         channels=torch.fake_quantize_per_channel_affine(torch.from_numpy(w), torch.from_numpy(s), torch.zeros(6, dtype=torch.int32), 0, -128, 127).numpy(),
         tensor=torch.fake_quantize_per_tensor_affine(torch.from_numpy(w), float(s[0]), 0, -128, 127).numpy())


# The fixed scale and zero point of FX's default mapping; None: an observer's, or no int8 form.
ACTIVATIONS = {"sigmoid": (torch.sigmoid, 1 / 256, 0), "tanh": (torch.tanh, 1 / 128, 128), "hardsigmoid": (F.hardsigmoid, 1 / 256, 0),
               "hardswish": (F.hardswish, None, None), "leaky_relu": (lambda x: F.leaky_relu(x, 0.2), None, None), "silu": (F.silu, None, None),
               "gelu": (F.gelu, None, None), "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), None, None), "hardtanh": (lambda x: F.hardtanh(x, -0.5, 2.0), None, None),
               "elu": (lambda x: F.elu(x, 0.7), None, None)}
FLOAT_ONLY = ("silu", "gelu", "gelu_tanh", "hardtanh")  # hardtanh of codes is a clamp: test_int8.cpp


def activations(out, rng):
    """Float32 with its gradient, and all 256 codes of many scales under both engines."""
    for name, (function, scale, zero_point) in ACTIVATIONS.items():
        largest = 1e4 if name == "gelu_tanh" else 1e30  # whose gradient PyTorch has as NaN
        x = torch.from_numpy(np.concatenate([np.linspace(-30, 30, 301), [-largest, -104, -89, -88, 88, largest]]).astype(np.float32)).requires_grad_()
        y, dy = function(x), torch.linspace(-2, 3, 307)
        y.backward(dy)
        save(out, name, x=x.detach().numpy(), y=y.detach().numpy(), dy=dy.numpy(), dx=x.grad.numpy())
        if name in FLOAT_ONLY:
            continue
        scales, zero_points = np.exp(rng.uniform(-8, 0, 100)).astype(np.float32), rng.randint(0, 256, 100).astype(np.int32)
        outputs = [(scale, zero_point)] * 100 if scale else [(float(s), int(z)) for s, z in zip(np.exp(rng.uniform(-8, 0, 100)).astype(np.float32), rng.randint(0, 256, 100))]
        arrays = {"output": np.array(outputs[:1] if scale else outputs, np.float32), "scale": scales, "zero_point": zero_points}
        for engine in ENGINES:
            torch.backends.quantized.engine = engine
            all_codes = np.arange(256, dtype=np.uint8).reshape(1, 16, 4, 4)
            arrays[engine] = np.stack([table_of(function, quantized(all_codes, s, int(z)).contiguous(memory_format=torch.channels_last), *to) for s, z, to in zip(scales, zero_points, outputs)])
        save(out, f"{name}_codes", **arrays)


def table_of(function, all_codes, scale, zero_point):
    """The 256 codes that FX's int8 form of `function` makes; a function with a fixed scale knows it itself."""
    if function is F.hardswish:
        y = torch.ops.quantized.hardswish(all_codes, scale, zero_point)
    elif function is ACTIVATIONS["leaky_relu"][0]:
        y = torch.ops.quantized.leaky_relu(all_codes, 0.2, False, scale, zero_point)
    elif function is ACTIVATIONS["elu"][0]:
        y = torch.ops.quantized.elu(all_codes, scale, zero_point, 0.7)
    else:
        y = function(all_codes)
    assert (y.q_scale(), y.q_zero_point()) == (scale, zero_point)
    return y.int_repr().contiguous().numpy().reshape(256)


def window_averages(out, rng):
    """avg_pool2d in float with its gradient, and of codes, channels last. ceil_mode is refused under qnnpack, where PyTorch is wrong."""
    cases = [dict(kernel_size=2), dict(kernel_size=3, stride=1, padding=1), dict(kernel_size=(3, 2), stride=2, padding=(1, 0), count_include_pad=False),
             dict(kernel_size=3, stride=2, ceil_mode=True), dict(kernel_size=3, stride=2, padding=1, ceil_mode=True),
             dict(kernel_size=2, stride=3, ceil_mode=True, count_include_pad=False), dict(kernel_size=2, divisor_override=3)]
    pair = lambda v: np.array(v if isinstance(v, tuple) else (v, v), np.int32)
    for i, case in enumerate(cases):
        x = torch.from_numpy(rng.randn(2, 3, 10, 8).astype(np.float32)).requires_grad_()
        y = F.avg_pool2d(x, **case)
        dy = torch.from_numpy(rng.randn(*y.shape).astype(np.float32))
        y.backward(dy)
        q, scale, zero_point = codes(rng, 2, 20, 10, 8), np.float32(rng.uniform(0.001, 0.1)), rng.randint(256)
        arrays = {}
        for engine in ENGINES:
            torch.backends.quantized.engine = engine
            if engine == "fbgemm" or not case.get("ceil_mode"):
                arrays[engine] = F.avg_pool2d(quantized(q, scale, zero_point).contiguous(memory_format=torch.channels_last), **case).int_repr().contiguous().numpy()
        save(out, f"avg_pool2d_{i}", kernel=pair(case["kernel_size"]), stride=pair(case.get("stride", case["kernel_size"])), padding=pair(case.get("padding", 0)),
             ceil_mode=np.int32(case.get("ceil_mode", False)), count_include_pad=np.int32(case.get("count_include_pad", True)),
             divisor_override=np.int32(case.get("divisor_override", 0)), x=x.detach().numpy(), y=y.detach().numpy(), dy=dy.numpy(), dx=x.grad.numpy(),
             codes=q, qparams=np.array([scale, zero_point], np.float32), **arrays)
    for i, (size, kernel, stride, padding) in enumerate([(14, 3, 2, 0), (13, 3, 2, 1), (9, 2, 3, 0), (8, 3, 3, 1)]):
        x, q = torch.from_numpy(rng.randn(2, 3, size, size + 1).astype(np.float32)), codes(rng, 2, 5, size, size + 1)
        save(out, f"max_pool2d_ceil_{i}", options=np.array([kernel, stride, padding], np.int32), x=x.numpy(), y=F.max_pool2d(x, kernel, stride, padding, ceil_mode=True).numpy(),
             codes=q, y_codes=F.max_pool2d(quantized(q, 0.1, 7), kernel, stride, padding, ceil_mode=True).int_repr().numpy())


def means(out, rng):
    """torch.mean over space of codes, channels last: counts with ties; channels that fill vectors of 8 four at a time, and that do not."""
    for engine in ENGINES:
        torch.backends.quantized.engine = engine
        for i, (channels, height, width, keepdim) in enumerate([(64, 4, 4, False), (37, 4, 4, False), (40, 10, 14, True), (33, 1, 1, False), (8, 32, 32, False)]):
            x, scale, zero_point = codes(rng, 2, channels, height, width), np.float32(rng.uniform(0.001, 0.1)), rng.randint(256)
            q = quantized(x, scale, zero_point).contiguous(memory_format=torch.channels_last)
            save(out, f"mean_{engine}_{i}", x=x, qparams=np.array([scale, zero_point], np.float32), keepdim=np.int32(keepdim), y=q.mean([2, 3], keepdim).int_repr().contiguous().numpy())


def multiply(out, rng):
    """Every pair of codes, and a gate of images from either side."""
    a, b = np.repeat(np.arange(256, dtype=np.uint8), 256), np.tile(np.arange(256, dtype=np.uint8), 256)
    images, gate = codes(rng, 2, 6, 4, 5), codes(rng, 2, 6, 1, 1)
    for i in range(4):
        sa, sb, sy = np.exp(rng.uniform(-6, -2, 3)).astype(np.float32)
        za, zb, zy = rng.randint(0, 256, 3)
        op = torch.ops.quantized.mul_relu if i % 2 else torch.ops.quantized.mul
        sy = np.float32(sa * sb * 100)
        times = lambda x, y: op(quantized(x, sa, za), quantized(y, sb, zb), float(sy), int(zy)).int_repr().contiguous().numpy()
        save(out, f"multiply_{i}", relu=np.int32(i % 2), a=np.array([sa, za], np.float32), b=np.array([sb, zb], np.float32), output=np.array([sy, zy], np.float32),
             y=times(a, b), images=images, gate=gate, gated=times(images, gate), gating=times(gate, images))


def batch_norms(out, rng):
    """Batch norm of codes, with a relu behind it and without."""
    for i in range(4):
        x, sx, sy = codes(rng, 2, 12, 9, 7), *np.exp(rng.uniform(-5, -2, 2)).astype(np.float32)
        zx, zy = rng.randint(0, 256, 2)
        w, b, mean, var = (rng.uniform(-2, 2, 12).astype(np.float32) for _ in range(4))
        op = torch.ops.quantized.batch_norm2d_relu if i % 2 else torch.ops.quantized.batch_norm2d
        q = quantized(x, sx, zx).contiguous(memory_format=torch.channels_last)
        y = op(q, *(torch.from_numpy(v) for v in (w, b, mean, np.abs(var))), 1e-5, float(sy), int(zy))
        save(out, f"batch_norm2d_{i}", relu=np.int32(i % 2), x=x, input=np.array([sx, zx], np.float32), output=np.array([sy, zy], np.float32), w=w, b=b, mean=mean, var=np.abs(var),
             y=y.int_repr().contiguous().numpy())


def make(out):
    rng = np.random.RandomState(0)
    for case in (quantize, conv2d, linear, add, pools, fake_quantize):
        case(out, rng)
    for i, case in enumerate((one_scale, large_bias, averages, activations, window_averages, means, multiply, batch_norms)):
        case(out, np.random.RandomState(100 + i))
