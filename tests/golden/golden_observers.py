"""Observers of PyTorch: batches in, min, max, histogram, scale and zero point out.

Each .npz: batch_0, batch_1, ... (float32), and what each kind of PyTorch's observers answers (answers).
"""
import numpy as np
import torch
from torch.ao.quantization import observer


def cases(rng):
    yield "random", [rng.randn(3, 4, 16, 16)]
    yield "channels", [rng.randn(5, 4, 3, 3) * s for s in (1.0, 2.0, 0.5)]
    yield "growing", [rng.randn(2000) * s for s in (0.5, 1.0, 3.0, 2.0)]  # the last one is within the known range
    yield "shrinking", [rng.randn(2000) * s for s in (3.0, 1.0, 0.5)]
    yield "relu", [np.maximum(rng.randn(4000) * s, 0) for s in (1.0, 1.5, 1.2)]
    yield "skewed", [rng.exponential(1.0, 5000) ** 2 for _ in range(2)]
    yield "negative", [-np.abs(rng.randn(1000)) - 1 for _ in range(2)]
    yield "positive", [np.abs(rng.randn(1000)) + 1 for _ in range(2)]
    yield "outlier", [np.concatenate([rng.randn(3000), [500.0]]), rng.randn(3000)]
    yield "constant", [np.full(100, 3.0)]
    yield "constant_then_random", [np.full(100, 3.0), rng.randn(1000)]
    yield "zeros", [np.zeros(100)]
    yield "single", [np.array([-0.7])]
    yield "denormal", [rng.randn(100) * 1e-42]
    yield "infinite", [np.concatenate([rng.randn(1000), [np.inf, -np.inf]])]
    yield "wide", [rng.randn(1000) * 1e6, rng.randn(1000) * 1e7]


def answers(x_batches):
    kinds = {
        "histogram": observer.HistogramObserver(reduce_range=False),
        "histogram7": observer.HistogramObserver(reduce_range=True),
        "minmax": observer.MinMaxObserver(dtype=torch.quint8),
        "weight": observer.MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric),
        "channel": observer.PerChannelMinMaxObserver(dtype=torch.qint8, qscheme=torch.per_channel_symmetric),
        "channel_affine7": observer.PerChannelMinMaxObserver(dtype=torch.quint8, qscheme=torch.per_channel_affine, reduce_range=True),
        "moving": observer.MovingAverageMinMaxObserver(dtype=torch.quint8),
        "moving_fast": observer.MovingAverageMinMaxObserver(averaging_constant=0.3, dtype=torch.qint8, qscheme=torch.per_tensor_symmetric),
        "moving_channel": observer.MovingAveragePerChannelMinMaxObserver(dtype=torch.qint8, qscheme=torch.per_channel_symmetric),
        "minmax_int8": observer.MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_affine),
        "minmax_int8_reduced": observer.MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric, reduce_range=True),
        "minmax_middle": observer.MinMaxObserver(dtype=torch.quint8, qscheme=torch.per_tensor_symmetric),
        "minmax_4bit": observer.MinMaxObserver(dtype=torch.quint8, quant_min=0, quant_max=15),
        "minmax_4bit_middle": observer.MinMaxObserver(dtype=torch.quint8, qscheme=torch.per_tensor_symmetric, quant_min=0, quant_max=15),
        "minmax_halved": observer.MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_affine, quant_min=-127, quant_max=127, reduce_range=True),
        "histogram_symmetric": observer.HistogramObserver(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric),
    }
    for name, o in kinds.items():
        if not np.isfinite(np.concatenate([b.ravel() for b in x_batches])).all() and not name.startswith("histogram"):
            continue  # MinMax observers take infinity for a range
        if "channel" in name and x_batches[0].ndim < 2:
            continue
        for b in x_batches:
            o(torch.from_numpy(b))
        scale, zero_point = o.calculate_qparams()
        yield f"{name}.min", o.min_val.numpy().astype(np.float32).reshape(-1)
        yield f"{name}.max", o.max_val.numpy().astype(np.float32).reshape(-1)
        yield f"{name}.scale", scale.numpy().astype(np.float32).reshape(-1)
        yield f"{name}.zero_point", zero_point.numpy().astype(np.int32).reshape(-1)
        if name == "histogram":
            yield "histogram.counts", o.histogram.numpy()


def make(out):
    rng = np.random.RandomState(1)
    for name, batches in cases(rng):
        batches = [b.astype(np.float32) for b in batches]
        np.savez_compressed(out / f"{name}.npz", **{f"batch_{i}": b for i, b in enumerate(batches)}, **dict(answers(batches)))
