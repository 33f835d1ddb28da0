"""ResNet18 quantized by PyTorch, node by node: qparams, codes of every node, logits; five networks and engines.

The float weights are those of data/resnet18-imagenette-fastai.pth. The plain ResNet18 has its body, and an fc made by a formula
(fc_values), so that no second checkpoint is needed. Calibrated on eight images of data/imagenette-sample at 64 px.
Each .npz: input, float_logits, and of the converted model: node.NAME (codes or floats, in graph order by the list `nodes`), the
numbers of its state_dict (state.KEY), the CRC-32 of its weight codes (crc.KEY), their scales (weight_scale.KEY) and the float
biases (bias.KEY); and of the prepared model `observers` (name, observed node) with min, max, scale and zero point in order.
"""
import pathlib
import zlib

import numpy as np
import torch
import torchvision
from fastai.vision.all import create_vision_model
from PIL import Image
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
from torchvision.models import resnet18

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
TORCHVISION_NAMES = ["conv1", "bn1", None, None, "layer1", "layer2", "layer3", "layer4"]


def fc_values(count):
    """uint32 hash of the index, scaled to [-0.05, 0.05): the same in C++."""
    i = np.arange(count, dtype=np.uint64)
    return ((((i * 2654435761) & 0xFFFFFFFF).astype(np.float64) / 2**32 - 0.5) * 0.1).astype(np.float32)


def build(kind, classes):
    state = {k: v.float() if v.is_floating_point() else v for k, v in torch.load(DATA / "resnet18-imagenette-fastai.pth", weights_only=True).items()}
    if kind == "fastai":
        model = create_vision_model(resnet18, classes, pretrained=False)
    elif kind != "resnet18":
        torch.manual_seed(0)
        return getattr(torchvision.models, kind)(num_classes=classes).eval()
    else:
        model = resnet18(num_classes=classes)
        body = {k[2:]: v for k, v in state.items() if k.startswith("0.")}
        state = {TORCHVISION_NAMES[int(k.split(".")[0])] + k[k.index("."):]: v for k, v in body.items()}
        values = torch.from_numpy(fc_values(classes * 512 + classes))
        state["fc.weight"], state["fc.bias"] = values[: classes * 512].view(classes, 512), values[classes * 512:]
    model.load_state_dict(state)
    return model.eval()


def images():
    files = sorted((DATA / "imagenette-sample" / "val").glob("*/*.JPEG"))[::25]
    pixels = np.stack([np.array(Image.open(f).convert("RGB").resize((64, 64), Image.BILINEAR)) for f in files])
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    return (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


class Recorder(torch.fx.Interpreter):
    def __init__(self, module):
        super().__init__(module)
        self.outputs = {}

    def run_node(self, n):
        r = super().run_node(n)
        if isinstance(r, torch.Tensor) and n.op in ("call_module", "call_function", "call_method"):
            self.outputs[n.name] = r.int_repr().numpy() if r.is_quantized else r.detach().numpy()
        return r


def weight_entries(key, q):
    yield f"crc.{key}", np.array(zlib.crc32(q.int_repr().numpy().tobytes()), np.int64)
    per_channel = q.qscheme() == torch.per_channel_affine
    yield f"weight_scale.{key}", (q.q_per_channel_scales().numpy() if per_channel else np.array([q.q_scale()])).astype(np.float32)


def state_entries(state):
    for key, value in state.items():
        if isinstance(value, tuple):  # _packed_params: (weight, bias)
            yield from weight_entries(key + ".0", value[0])
            if value[1] is not None:
                yield f"bias.{key}.1", value[1].detach().numpy()
        elif isinstance(value, torch.Tensor) and value.is_quantized:
            yield from weight_entries(key, value)
        elif isinstance(value, torch.Tensor) and value.numel() == 1:
            yield f"state.{key}", np.array(value.item(), np.float64)
        elif isinstance(value, torch.Tensor) and key.endswith("bias"):
            yield f"bias.{key}", value.detach().numpy()


def run(out, kind, classes, backend):
    torch.backends.quantized.engine = "fbgemm" if backend == "x86" else backend  # x86 takes oneDNN where the CPU has VNNI
    x = images()
    model = build(kind, classes)
    prepared = prepare_fx(model, get_default_qconfig_mapping(backend), x[:1])
    with torch.no_grad():
        logits = model(x[:1]).numpy()
        prepared(x[:5])
        prepared(x[5:])
    nodes = [n for n in prepared.graph.nodes if n.op == "call_module" and "activation_post_process" in str(n.target)]
    observed = [f"{n.target} {n.args[0]}" for n in nodes]
    observers = [prepared.get_submodule(n.target) for n in nodes]
    qparams = [o.calculate_qparams() for o in observers]
    quantized = convert_fx(prepared)
    recorder = Recorder(quantized)
    with torch.no_grad():
        recorder.run(x[:1])
    text = lambda lines: np.frombuffer("\n".join(lines).encode(), np.uint8)
    np.savez_compressed(
        out / f"{kind}_{classes}_{backend}.npz", calibration=x.numpy() if (kind, backend) == ("fastai", "qnnpack") else np.zeros(0, np.float32), input=x[:1].numpy(),
        float_logits=logits, nodes=text(recorder.outputs), observers=text(observed),
        module_tree=text(str(quantized).split("\n\n\n")[0].splitlines()),
        observer_min=np.array([float(o.min_val) for o in observers], np.float32), observer_max=np.array([float(o.max_val) for o in observers], np.float32),
        observer_scale=np.array([float(s) for s, _ in qparams], np.float32), observer_zero_point=np.array([int(z) for _, z in qparams], np.int32),
        **{f"node.{k}": v for k, v in recorder.outputs.items()}, **dict(state_entries(quantized.state_dict())))


def make(out):
    for kind, classes, backend in (("fastai", 10, "qnnpack"), ("fastai", 10, "x86"), ("resnet18", 10, "qnnpack"), ("resnet18", 10, "x86"), ("resnet18", 1000, "x86")):
        run(out, kind, classes, backend)
