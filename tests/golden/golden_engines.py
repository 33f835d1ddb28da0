"""Convolutions and linear layers of PyTorch's engines onednn and x86 on a CPU with VNNI; biases put sums next to a tie.

Every case is one .npz as golden_ops.py makes them, of engine `onednn` or `x86_vnni` (PyTorch's x86). Each output channel's bias is
chosen so that one of its outputs lies within a few ulp of the middle between two codes, where rules that round elsewhere differ.
oneDNN's kernels for AMX multiply the scales first, so it is told to do without, in a process of its own: it asks once.
"""
import os
import pathlib
import subprocess
import sys

ISA = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"}
# input channels, outputs, kernel, stride, padding, size, groups
CONVS = {"stem": (3, 32, 7, 2, 3, 11, 1), "three": (8, 48, 3, 1, 1, 7, 1), "stride2": (8, 48, 3, 2, 1, 7, 1), "pointwise": (16, 64, 1, 1, 0, 5, 1),
         "grouped": (16, 48, 3, 1, 1, 5, 4), "depthwise": (48, 48, 3, 1, 1, 5, 48), "many_groups": (104, 104, 3, 1, 1, 4, 104)}
ENGINES = {"onednn": "onednn", "x86_vnni": "x86"}


def make(out):
    if "avx512_vnni" not in pathlib.Path("/proc/cpuinfo").read_text():
        sys.exit("golden_engines.py: needs a CPU with AVX-512 VNNI")
    subprocess.run([sys.executable, __file__, str(out)], check=True, env={**os.environ, **ISA})


def near_ties(rng, acc, sx, sw, sy, zy, relu):
    """acc [N, K, ...] -> a bias per channel that puts one of its outputs next to n + 1/2 codes."""
    k = acc.shape[1]
    of_channel = np.moveaxis(acc, 1, 0).reshape(k, -1)
    chosen = of_channel[np.arange(k), rng.randint(of_channel.shape[1], size=k)]
    n = rng.randint(zy if relu else 0, 127, k) - zy
    return ((n + 0.5) * np.float64(sy) - chosen * np.float64(sx) * sw.astype(np.float64)).astype(np.float32)


def case(out, rng, name, shape, per_channel, relu, input_shape, convolution):
    """convolution: stride, padding and groups; None for a linear layer."""
    w, qw, sw = golden_ops.layer(rng, shape, per_channel)
    sx, zx, sy, zy = np.float32(rng.uniform(0.005, 0.05)), rng.randint(128), np.float32(rng.uniform(0.05, 0.5)), rng.randint(10, 100)
    x = rng.randint(0, 128, input_shape).astype(np.uint8)  # fbgemm's sums of two products saturate for larger ones
    centred, weight = torch.from_numpy(x).double() - zx, torch.from_numpy(w).double()
    nni, fields = torch.ao.nn.intrinsic.quantized, {}
    if convolution is None:
        acc = centred @ weight.T
        m = (nni.LinearReLU if relu else nnq.Linear)(shape[1], shape[0])
    else:
        stride, padding, groups = convolution
        acc = F.conv2d(centred, weight, None, stride, padding, 1, groups)
        m = (nni.ConvReLU2d if relu else nnq.Conv2d)(shape[1] * groups, shape[0], shape[2], stride, padding, groups=groups)
        fields = {"stride": np.int32(stride), "padding": np.int32(padding), "groups": np.int32(groups)}
    b = near_ties(rng, acc.numpy(), sx, sw, sy, zy, relu)
    m.set_weight_bias(qw, torch.from_numpy(b))
    m.scale, m.zero_point = float(sy), int(zy)
    y = m(golden_ops.quantized(x, sx, zx)).int_repr().numpy()
    golden_ops.save(out, name + ("_channels" if per_channel else "") + ("_relu" if relu else ""), x=x, w=w, b=b, weight_scale=sw, relu=np.int32(relu),
                    input=np.array([sx, zx], np.float32), output=np.array([sy, zy], np.float32), y=y, **fields)


def cases(out):
    for i, (name, engine) in enumerate(ENGINES.items()):
        rng = np.random.RandomState(200 + i)
        torch.backends.quantized.engine = engine
        for per_channel in (False, True):
            for relu in (False, True):
                for layer, (c, k, kernel, stride, padding, size, groups) in CONVS.items():
                    case(out, rng, f"conv2d_{name}_{layer}", (k, c // groups, kernel, kernel), per_channel, relu, (1, c, size, size), (stride, padding, groups))
                case(out, rng, f"linear_{name}", (40, 64), per_channel, relu, (6, 64), None)


if __name__ == "__main__":
    import numpy as np
    import torch
    import torch.ao.nn.quantized as nnq
    import torch.nn.functional as F

    import golden_ops

    cases(pathlib.Path(sys.argv[1]))
