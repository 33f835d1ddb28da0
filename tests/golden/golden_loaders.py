"""Checkpoints as torch.save writes them, and the arrays that their tensors are.

NAME.pth is the checkpoint; dtypes.npz, views.npz, quantized.npz, parameter.npz and model.npz are what a reader must find in them:
one array per key, quantized tensors as their codes with KEY.scales, KEY.zero_points and (per channel) KEY.axis beside them.
bfloat16, which NumPy lacks, is stored as its bits (int16). Storage keys of legacy files are addresses, so that a second run
gives other bytes there.
"""
import pathlib
import zipfile
from collections import OrderedDict

import numpy as np
import torch
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


def arrays_of(key, value):
    """What a reader makes of one entry of a state_dict."""
    if value is None or isinstance(value, torch.dtype):
        return {}
    if isinstance(value, tuple):
        return {k: a for i, item in enumerate(value) for k, a in arrays_of(f"{key}.{i}", item).items()}
    value = value.detach().contiguous()
    if value.is_quantized:
        per_channel = value.qscheme() == torch.per_channel_affine
        out = {key: value.int_repr().numpy()}
        out[key + ".scales"] = np.atleast_1d(value.q_per_channel_scales().numpy() if per_channel else np.float64(value.q_scale()))
        out[key + ".zero_points"] = np.atleast_1d(value.q_per_channel_zero_points().numpy() if per_channel else np.int64(value.q_zero_point()))
        if per_channel:
            out[key + ".axis"] = np.int64(value.q_per_channel_axis())
        return out
    return {key: (value.view(torch.int16) if value.dtype == torch.bfloat16 else value).numpy()}


def save(out, name, state):
    """A checkpoint in both containers, and its arrays."""
    torch.save(state, out / f"{name}.pth")
    torch.save(state, out / f"{name}_legacy.pth", _use_new_zipfile_serialization=False)
    arrays = {k: a for key, value in state.items() for k, a in arrays_of(key, value).items()}
    np.savez_compressed(out / f"{name}.npz", **arrays)


def all_dtypes():
    values = torch.tensor([[0, 1, 2], [100, -3, 7]])
    return OrderedDict((str(t).removeprefix("torch."), (values.abs() if t == torch.uint8 else values).to(t)) for t in DTYPES)


def views():
    base = torch.arange(24, dtype=torch.float32)
    return OrderedDict(
        plain=base.view(2, 3, 4),
        transposed=base.view(4, 6).t(),
        part=base.view(4, 6)[1:3, 2:5],
        every_second=base[1::2],
        expanded=torch.tensor([[1.5], [2.5]]).expand(2, 3),
        channels_last=torch.arange(48, dtype=torch.float64).view(2, 2, 3, 4).contiguous(memory_format=torch.channels_last),
        scalar=torch.tensor(3.25),
        empty=torch.zeros(0, 3),
        last=base[23],
    )


def quantized():
    g = torch.Generator().manual_seed(3)
    w = torch.randn(4, 3, 2, 2, generator=g)
    scales = torch.tensor([0.02, 0.03, 0.015, 0.04], dtype=torch.float64)
    zeros = torch.tensor([0, 1, -2, 3])
    fc = torch.quantize_per_channel(torch.randn(4, 3, generator=g), scales, zeros, 0, torch.qint8)
    return OrderedDict(
        [
            ("per_tensor", torch.quantize_per_tensor(w, 0.03, 5, torch.qint8)),
            ("unsigned", torch.quantize_per_tensor(w, 0.02, 97, torch.quint8)),
            ("wide", torch.quantize_per_tensor(w, 1e-4, 0, torch.qint32)),
            ("per_channel", torch.quantize_per_channel(w, scales, zeros, 0, torch.qint8)),
            ("last_axis", torch.quantize_per_channel(w.permute(1, 2, 3, 0), scales, zeros, 3, torch.qint8)),
            ("fc.scale", torch.tensor(0.25)),
            ("fc._packed_params.dtype", torch.qint8),
            ("fc._packed_params._packed_params", (fc, torch.randn(4, generator=g))),
            ("bare._packed_params._packed_params", (fc, None)),
        ]
    )


def model_state():
    torch.manual_seed(1)
    layers = [torch.nn.Conv2d(2, 3, 3, bias=False), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(3, 2)]
    return torch.nn.Sequential(*layers).state_dict()


def rezip(path, out, method, change=lambda name, data: data):
    """The same entries in an archive that another program wrote (Python's zipfile)."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w", method) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), change(name, source.read(name)), method)


def as_big_endian(name, data):
    """What torch.save writes on a big-endian machine, for a file whose storage I has DTYPES[I]."""
    folder, _, key = name.rpartition("/")
    if key == "byteorder":
        return b"big"
    if not folder.endswith("/data"):
        return data
    size = torch.empty(0, dtype=DTYPES[int(key)]).element_size()
    return np.frombuffer(data, dtype=f"u{size}").byteswap().tobytes()


def whole_models(out):
    """What torch.save(model) writes: no checkpoints of weights."""
    torch.manual_seed(2)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.ReLU()).eval()
    torch.save(model, out / "whole_model.pth")
    torch.save({"epoch": 3, "model": model}, out / "model_in_dict.pth")
    x = torch.zeros(1, 1, 2, 2)
    prepared = prepare_fx(model, get_default_qconfig_mapping("qnnpack"), x)
    prepared(x)
    torch.save(convert_fx(prepared), out / "graph_module.pth")


def make(out_dir):
    out = pathlib.Path(out_dir)
    state = model_state()
    save(out, "dtypes", all_dtypes())
    save(out, "views", views())
    save(out, "quantized", quantized())
    save(out, "parameter", OrderedDict(weight=torch.nn.Parameter(torch.arange(6.0).view(2, 3)), buffer=torch.ones(2)))
    save(out, "model", state)
    torch.save(OrderedDict(("module." + k, v) for k, v in state.items()), out / "parallel.pth")
    torch.save({"epoch": 3, "state_dict": state, "note": "text"}, out / "wrapped.pth")
    # As fastai's learn.save writes it: the optimizer's state holds lists, numbers and NumPy scalars.
    optimizer = {"state": [{"grad_avg": torch.zeros(3), "step": 7}], "hypers": [{"lr": np.float64(1e-3), "decouple_wd": True}]}
    torch.save({"model": state, "opt": optimizer}, out / "with_optimizer.pth")
    rezip(out / "views.pth", out / "deflated.pth", zipfile.ZIP_DEFLATED)
    rezip(out / "dtypes.pth", out / "big_endian.pth", zipfile.ZIP_STORED, as_big_endian)
    whole_models(out)


if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parent / "loaders"
    folder.mkdir(exist_ok=True)
    make(folder)
