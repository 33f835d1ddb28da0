"""Other networks than ResNet18 quantized by PyTorch: every node's codes as a CRC-32, scales and zero points, logits.

torchvision's definitions with weights and images made by a formula that the tests repeat (golden_training.filled, values): none are stored.
Each .npz: float_logits, int8_logits, nodes, and of each quantized node crc.NAME (codes as [N, C, H, W]), of each float one
node.NAME; `observers` and their scale and zero_point in order; weight_crc.TARGET and weight_scale.TARGET. eager_NAME.npz: run_eager.
"""
import zlib

import numpy as np
import torch
import torchvision.models as zoo
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

from golden_models import Recorder
from golden_training import filled, values


class Gates(torch.nn.Module):
    """Sigmoids as a layer and as a function: behind a convolution, and of values that nothing else quantizes."""

    def __init__(self, num_classes):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.gate = torch.nn.Sigmoid()
        self.inner = torch.nn.Conv2d(16, 24, 3, padding=1)
        self.pool = torch.nn.AdaptiveMaxPool2d(2)
        self.fc = torch.nn.Linear(96, num_classes)

    def forward(self, x):
        x = self.inner(self.gate(self.stem(x)))
        return self.fc(torch.flatten(torch.sigmoid(self.pool(x)), 1))


NETWORKS = {"resnet34": zoo.resnet34, "resnet50": zoo.resnet50, "vgg11_bn": zoo.vgg11_bn, "mobilenet_v2": zoo.mobilenet_v2, "gates": Gates}
LATER_NETWORKS = {"resnext50_32x4d": zoo.resnext50_32x4d, "alexnet": zoo.alexnet}
EAGER_NETWORKS = {"resnet18": "fbgemm", "resnet50": "fbgemm", "mobilenet_v2": "qnnpack"}  # torchvision's own quantized models


def repair_relu6(quantized, backend):
    """PyTorch 2.11, qnnpack: relu6 and hardtanh of a channels_last tensor (which every convolution gives) write the values in another order."""
    for module in quantized.modules():
        if backend == "qnnpack" and isinstance(module, torch.nn.Hardtanh):
            module.forward = lambda q, low=module.min_val, high=module.max_val: torch.nn.functional.hardtanh(q.contiguous(), low, high)


def repair_depthwise(quantized, backend):
    """PyTorch 2.11, fbgemm: depthwise kernels add pairs of products in 16 bits, which saturate for codes above 127. The same weights on the
    diagonal of a convolution without groups have a pair with one product at most, and take the same rounding."""
    for module in quantized.modules():
        if backend == "qnnpack" or not isinstance(module, torch.ao.nn.quantized.Conv2d) or module.groups == 1 or module.groups != module.in_channels:
            continue
        weight, bias, channels = module.weight(), module.bias(), module.in_channels
        codes = torch.zeros(channels, channels, *module.kernel_size)
        codes[range(channels), range(channels)] = weight.dequantize()[:, 0]
        module.groups = 1
        module.set_weight_bias(torch.quantize_per_channel(codes, weight.q_per_channel_scales(), weight.q_per_channel_zero_points(), 0, torch.qint8), bias)


def crc(codes):
    return np.array(zlib.crc32(np.ascontiguousarray(codes).tobytes()), np.int64)


def weights_of(quantized):
    for name, module in quantized.named_modules():
        if hasattr(module, "weight") and callable(module.weight) and module.weight().is_quantized:
            w = module.weight()
            yield f"weight_crc.{name}", crc(w.int_repr().numpy())
            yield f"weight_scale.{name}", (w.q_per_channel_scales().numpy() if w.qscheme() == torch.per_channel_affine else np.array([w.q_scale()])).astype(np.float32)


def run(out, name, backend):
    torch.backends.quantized.engine = "fbgemm" if backend == "x86" else backend
    model = filled({**NETWORKS, **LATER_NETWORKS}[name](num_classes=10)).eval()
    x = values((2, 3, 64, 64), 7, 2.0)
    with torch.no_grad():
        logits = model(x).numpy()
        prepared = prepare_fx(model, get_default_qconfig_mapping(backend), x)
        prepared(x)
        nodes = [n for n in prepared.graph.nodes if n.op == "call_module" and "activation_post_process" in str(n.target)]
        observed = [f"{n.target} {n.args[0]}" for n in nodes]
        qparams = [prepared.get_submodule(n.target).calculate_qparams() for n in nodes]
        quantized = convert_fx(prepared)
        repair_relu6(quantized, backend)
        recorder = Recorder(quantized)
        int8_logits = recorder.run(x).numpy()
    text = lambda lines: np.frombuffer("\n".join(lines).encode(), np.uint8)
    np.savez_compressed(out / f"{name}_{backend}.npz", float_logits=logits, int8_logits=int8_logits, nodes=text(recorder.outputs),
                        observers=text(observed), scale=np.array([float(s) for s, _ in qparams], np.float32),
                        zero_point=np.array([int(z) for _, z in qparams], np.int32), **dict(weights_of(quantized)),
                        **{f"crc.{k}" if v.dtype == np.uint8 else f"node.{k}": crc(v) if v.dtype == np.uint8 else v for k, v in recorder.outputs.items()})


def run_eager(out, name, backend):
    """torchvision.models.quantization.NAME as its reference scripts quantize it. Of each module with a quantized output crc.PATH."""
    torch.backends.quantized.engine = backend
    model = filled(getattr(zoo.quantization, name)(weights=None, quantize=False, num_classes=10)).eval()
    model.fuse_model(is_qat=False)
    model.qconfig = torch.ao.quantization.get_default_qconfig(backend)
    torch.ao.quantization.prepare(model, inplace=True)
    x = values((2, 3, 64, 64), 7, 2.0)
    outputs = {}
    with torch.no_grad():
        model(x)
        torch.ao.quantization.convert(model, inplace=True)
        for path, module in model.named_modules():
            module.register_forward_hook(lambda m, i, y, path=path: outputs.update({path: y.int_repr().numpy()}) if y.is_quantized else None)
        logits = model(x).numpy()
    numbers = {f"state.{k}": np.float64(v.item()) for k, v in model.state_dict().items() if k.endswith(("scale", "zero_point"))}
    weights = {k: v for k, v in weights_of(model) if k.startswith("weight_crc")}
    np.savez_compressed(out / f"eager_{name}_{backend}.npz", int8_logits=logits, **numbers, **weights,
                        **{f"crc.{path}": crc(codes) for path, codes in outputs.items()})


def make(out):
    for name in [*NETWORKS, *LATER_NETWORKS]:
        for backend in ("qnnpack", "x86"):
            run(out, name, backend)
    for name, backend in EAGER_NETWORKS.items():
        run_eager(out, name, backend)
