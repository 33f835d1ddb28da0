"""Quantization-aware training of PyTorch: fake quantization batch by batch, ConvBnReLU2d, steps of a ResNet18, and its conversion.

Weights and images are made by the formulas of golden_training. convert_BACKEND.npz stores only what observers and batch norm saw.
"""
import zlib

import numpy as np
import torch
import torch.ao.nn.intrinsic.qat as nniqat
import torch.nn.functional as F
from torch.ao.quantization import disable_observer, get_default_qat_qconfig, get_default_qat_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_qat_fx
from torchvision.models import resnet18

from golden_models import Recorder
from golden_training import SLACK, clear, filled, first_clear, project, relative, save, small, values, watched

EVEN = (torch.arange(60.0) % 15 - 7).reshape(4, 3, 5) * torch.arange(1.0, 5).reshape(4, 1, 1)  # min = -max: zero points at a tie
DATA = {
    "spread": [values((4, 3, 5), s, 2.0, 0.5) for s in range(3)],
    "growing": [values((4, 3, 5), s, 10.0**s) for s in range(3)],
    "positive": [values((4, 3, 5), s, 1.0, 1.5) for s in range(3)],
    "negative": [values((4, 3, 5), s, 1.0, -1.5) for s in range(3)],
    "zeros": [torch.zeros(4, 3, 5)] * 2,
    "constant": [torch.full((4, 3, 5), 0.75)] * 2,
    "tiny": [values((4, 3, 5), s, 1e-4, 2e-5) for s in range(3)],
    "tiny_positive": [values((4, 3, 5), s, 1e-4, 1e-4) for s in range(3)],
    "even": [EVEN * s for s in (2, 1, 3)],
    "even_shifted": [EVEN * 4 + s for s in (4, 1, -2)],
    "outlier": [torch.cat([values((4, 3, 4), s, 1.0), torch.full((4, 3, 1), 1000.0)], 2) for s in range(2)],
}


def fused(out):
    for backend in ("qnnpack", "x86"):
        qconfig = get_default_qat_qconfig(backend)
        for role in ("activation", "weight"):
            for name, batches in DATA.items():
                fake, arrays = getattr(qconfig, role)(), {}
                for i, x in enumerate(batches):
                    if i == 2:
                        disable_observer(fake)  # the last batch only rounds
                    x = x.clone().requires_grad_()
                    y = fake(x)
                    dy = values(x.shape, 77, 1.0)
                    y.backward(dy)
                    inner = fake.activation_post_process
                    arrays |= {f"x{i}": x, f"y{i}": y, f"dx{i}": x.grad, f"scale{i}": fake.scale.clone(), f"zero_point{i}": fake.zero_point.clone(),
                               f"min{i}": inner.min_val.clone(), f"max{i}": inner.max_val.clone()}
                scale, zero_point = fake.calculate_qparams()
                save(out, f"fused_{backend}_{role}_{name}", **arrays, batches=np.int32(len(batches)), convert_scale=scale.reshape(-1), convert_zero_point=zero_point.reshape(-1).int())


def conv_bn(out):
    for backend in ("qnnpack", "x86"):
        for bias in (False, True):
            layer = nniqat.ConvBnReLU2d(4, 6, 3, padding=1, bias=bias, qconfig=get_default_qat_qconfig(backend)).train()
            with torch.no_grad():
                layer.weight.copy_(values(layer.weight.shape, 1, 0.4))
                layer.bn.weight.copy_(values((6,), 2, 0.5, 1.0))
                layer.bn.bias.copy_(values((6,), 3, 0.5))
                layer.bn.running_var.copy_(values((6,), 4, 0.5, 1.0))
                if bias:
                    layer.bias.copy_(values((6,), 5, 0.5))
            arrays = {}
            for step, frozen in enumerate((False, True)):
                if frozen:
                    layer.freeze_bn_stats()
                layer.zero_grad()
                x = values((3, 4, 6, 5), 10 + step, 1.0).requires_grad_()
                y = layer(x)
                y.backward(values(y.shape, 20 + step, 1.0))
                arrays |= {f"y{step}": y, f"dx{step}": x.grad, **{f"d{step}.{k}": p.grad.clone() for k, p in layer.named_parameters()},
                           **{f"b{step}.{k}": getattr(layer.bn, k).clone() for k in ("running_mean", "running_var")}}
            save(out, f"conv_bn_{backend}_{'bias' if bias else 'plain'}", **arrays)


def prepared(model, backend):
    torch.backends.quantized.engine = "fbgemm" if backend == "x86" else backend
    return prepare_qat_fx(filled(model), get_default_qat_qconfig_mapping(backend), torch.zeros(1, 3, 64, 64))


def first_step(x, backend):
    """A ResNet18 with rounded weights: float32 has two ways here, oneDNN's convolutions and PyTorch's own, which differ by rounding."""
    results = []
    for one_dnn in (True, False):
        with torch.backends.mkldnn.flags(enabled=one_dnn):
            model = without_rounded_activations(prepared(resnet18(num_classes=10), backend))
            seen = watched(model)
            F.cross_entropy(model(x), torch.arange(len(x)) % 10, label_smoothing=0.1).backward()
            results.append((list(seen), [p.grad for p in model.parameters()]))
    (seen, gradients), (other_seen, other_gradients) = results
    return relative(gradients, [g.double() for g in other_gradients]) if clear(other_seen, seen) else None


def without_rounded_activations(model, on=False):
    for key, module in model.named_children():
        if key.startswith("activation_post_process"):
            module.enable_fake_quant(on)
    return model


def losses_of(backend, x):
    model, losses = without_rounded_activations(prepared(resnet18(num_classes=10), backend)), []
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    for _ in range(5):
        loss = F.cross_entropy(model(x), torch.arange(len(x)) % 10, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


def measured(backend):
    """Of "weights": images without a kink nearby, the gradients' rounding, and how far losses go apart: three times what ten changes
    of the images by rounding did to PyTorch's."""
    seed, rounding = first_clear(lambda seed: first_step(values((4, 3, 32, 32), seed, 2.0), backend))
    x = values((4, 3, 32, 32), seed, 2.0)
    losses = losses_of(backend, x)
    spread = max(np.abs(losses_of(backend, x * (1 + i * 1e-6)) / losses - 1).max() for i in range(-5, 6))
    return {"seed": np.int32(seed), "rounding": rounding, "slack": np.float64(SLACK), "loss_spread": 3 * spread}


def steps(out, name, make, images, size, activations):
    """Three steps as they come, then two, in the small net with the observers off and batch norm frozen.

    Codes of activations that flip by float noise make a deep net chaotic: PyTorch's own gradients of ResNet18 move by half when the
    images are multiplied by 1 + 1e-7. So all of it is in a small net, and ResNet18 rounds only its weights.
    """
    for backend in ("qnnpack", "x86"):
        model, losses = without_rounded_activations(prepared(make(), backend), activations), []
        arrays = {"seed": np.int32(1014)} if activations else measured(backend)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
        x, labels = values((images, 3, size, size), int(arrays["seed"]), 2.0), torch.arange(images) % 10
        for step in range(5):
            if step == 3 and activations:
                model.apply(disable_observer)
                model.apply(nniqat.freeze_bn_stats)
            loss = F.cross_entropy(model(x), labels, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            if step == 0:
                arrays |= {f"grad.{k}": project(p.grad) for k, p in model.named_parameters()}
            optimizer.step()
            losses.append(loss.item())
            state = model.state_dict()
            arrays[f"scales{step}"] = np.array([float(v) for k, v in sorted(state.items()) if k.startswith("activation") and k.endswith(".scale")], np.float32)
        save(out, f"steps_{name}_{backend}", losses=np.array(losses), keys=np.frombuffer("\n".join(state).encode(), np.uint8), **arrays)


def convert(out):
    for backend in ("qnnpack", "x86"):
        model = prepared(resnet18(num_classes=10), backend)
        with torch.no_grad():
            for seed in range(2):
                model(values((4, 3, 64, 64), 30 + seed, 2.0))
        seen = {k: v.clone() for k, v in model.state_dict().items() if k.endswith(("running_mean", "running_var", "min_val", "max_val"))}
        quantized = convert_fx(model.eval())
        recorder = Recorder(quantized)
        with torch.no_grad():
            logits = recorder.run(values((2, 3, 64, 64), 7, 2.0))
        crc = lambda codes: np.array(zlib.crc32(np.ascontiguousarray(codes).tobytes()), np.int64)
        save(out, f"convert_{backend}", logits=logits, **seen, **{f"crc.{k}": crc(v) for k, v in recorder.outputs.items() if v.dtype == np.uint8})


def make(out):
    fused(out)
    conv_bn(out)
    steps(out, "small", small, 32, 64, True)
    steps(out, "weights", lambda: resnet18(num_classes=10), 4, 32, False)
    convert(out)
