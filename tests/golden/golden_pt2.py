"""Networks as torch.export.save writes them, and the same quantized by FX: state_dict and every node's codes.

NAME.pt2: the float network, its batch size free. NAME_ENGINE.pth: the state_dict of convert_fx. NAME_ENGINE.npz: x, float_output, `nodes` (names in
order) and node.NAME (codes as [N, H, W, C], floats as they are). NAME_qat: the same of quantization-aware training, whose .pth is that of
prepare_qat_fx.
"""
import copy
import json
import zipfile

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.quantization import get_default_qat_qconfig_mapping, get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx, prepare_qat_fx

from golden_models import Recorder
from golden_networks import repair_relu6


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, channels, 3, padding=1, groups=2, bias=False), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)  # called twice
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, (1, 3), padding=(0, 1)), nn.BatchNorm2d(channels)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x
        return self.relu(y)


class Branches(nn.Module):
    """Two branches that meet in cat, an addition, a linear layer with batch norm."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU6())
        self.block, self.side = Block(4), nn.Conv2d(4, 4, 1)
        self.pool, self.drop = nn.MaxPool2d(3, 2, 1), nn.Dropout(0.2)
        self.head = nn.Sequential(nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))

    def forward(self, x):
        x = self.stem(x)
        x = torch.cat([self.block(x), F.relu(self.side(x))], 1)
        x = F.adaptive_avg_pool2d(self.pool(x), (1, 1))
        return self.head(self.drop(torch.flatten(x, 1)))


class Views(nn.Module):
    """reshape with the batch's size, a linear layer without bias."""

    def __init__(self):
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 5, 3, padding=1), nn.ReLU6(inplace=True)
        self.conv2 = nn.Conv2d(5, 4, (4, 2), stride=(4, 2))
        self.fc = nn.Linear(4 * 4 * 8, 2, bias=False)

    def forward(self, x):
        x = self.act(self.conv(x))
        x = F.relu(self.conv2(x))
        return self.fc(x.reshape(x.size(0), -1))


class Gates(nn.Module):
    """MobileNetV3's gate, a batch norm before its convolution, pools with ceil_mode, and calls that FX leaves in float: SiLU, torch.relu, x.flatten."""

    def __init__(self):
        super().__init__()
        self.Stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)  # torch.fx calls it "stem"
        self.norm, self.relu, self.conv = nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Conv2d(8, 8, 3, padding=1, groups=4, bias=False)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Hardsigmoid())
        self.swish, self.silu, self.pool = nn.Hardswish(inplace=True), nn.SiLU(), nn.MaxPool2d(3, 2, ceil_mode=True)
        self.last_norm, self.drop, self.fc = nn.BatchNorm2d(8), nn.Dropout(0.2, inplace=True), nn.Linear(16, 3)
        self.last_pool = nn.AvgPool2d(4)

    def forward(self, x):
        x = self.pool(self.Stem(x))
        y = self.conv(self.relu(self.norm(x)))
        y = self.swish(y * self.gate(y))
        y = F.avg_pool2d(y, 3, stride=1, padding=1) + torch.relu(self.last_norm(x))
        y = self.pool(self.silu(y)) * torch.tanh(self.pool(x).mean([2, 3], keepdim=True))
        y = torch.cat([F.hardswish(y), F.relu(y)], 1)
        return self.fc(self.drop(self.last_pool(y).flatten(1)) + y.mean((-1, -2)))


class Shuffles(nn.Module):
    """ShuffleNet's shuffle and halves, dilated and grouped convolutions, activations with parameters, and calls that FX leaves in float: chunk, GELU."""

    def __init__(self):
        super().__init__()
        self.stem, self.leak = nn.Conv2d(3, 12, 3, padding=2, dilation=2), nn.LeakyReLU(0.2)
        self.grouped = nn.Conv2d(12, 12, (3, 5), stride=2, padding=(2, 2), dilation=(2, 1), groups=3, bias=False)
        self.cut, self.side, self.gelu = nn.Hardtanh(-0.5, 0.75), nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.GELU()
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(12, 3)

    def shuffled(self, x):
        x = x.view(-1, 3, 4, 8, 8)
        x = torch.transpose(x, 1, 2).contiguous()
        return x.view(-1, 12, 8, 8)

    def forward(self, x):
        x = self.grouped(self.leak(self.stem(x)))
        a, b = self.shuffled(self.cut(x)).chunk(2, dim=1)
        x = torch.cat((a, F.leaky_relu(self.side(b), 0.01)), 1)
        x = x.reshape(-1, 2, 6, 8, 8).permute(0, 2, 1, 3, 4).reshape(-1, 12, 8, 8)
        x = F.gelu(self.gelu(x), approximate="tanh") + x
        a, b = torch.split(x, [4, 8], 1)
        return self.fc(torch.flatten(self.pool(torch.cat([b, a], 1)), 1)) + x[:, 3:-6].mean([2, 3])


class Perceptron(nn.Module):
    """No convolution at all."""

    def __init__(self):
        super().__init__()
        self.fc1, self.norm, self.relu = nn.Linear(3 * 16 * 16, 12), nn.BatchNorm1d(12), nn.ReLU()
        self.fc2 = nn.Linear(12, 3)

    def forward(self, x):
        return self.fc2(self.relu(self.norm(self.fc1(torch.flatten(x, 1)))))


class Shifts(nn.Module):
    """Codes plus and times numbers, with and without the relu behind them, and layer and instance norm of codes; minus and divided by, which FX
    leaves in float; a dilated depthwise convolution."""

    def __init__(self):
        super().__init__()
        self.stem, self.layer, self.instance = nn.Conv2d(3, 8, 3, 2, 1), nn.LayerNorm([8, 8, 8]), nn.InstanceNorm2d(8, affine=True)
        self.side, self.plain = nn.Conv2d(8, 8, 3, padding=3, dilation=3, groups=8), nn.InstanceNorm2d(8)
        self.relu, self.cut, self.first, self.then, self.other, self.fc = nn.ReLU(), nn.ReLU6(), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1), nn.Linear(8, 3)
        for norm in (self.layer, self.instance):
            nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)

    def forward(self, x):
        x = self.layer(self.instance(self.stem(x)))
        x = x * self.cut(x + 3) / 8  # a division that is a product, to the last bit
        x = self.plain(self.relu(self.side(x) + 0.75) * 0.3)
        x = self.first(F.relu(-1.5 * x)) + 1000
        x = self.then(x - 0.25)
        x = F.layer_norm(F.instance_norm(self.other(x)), [8, 8])
        return self.fc((x + x * 0).mean([2, 3]))


class Segments(nn.Module):
    """Two images in, four results out: transposed convolutions with and without batch norm, interpolate by size and by factor, pads, dilated pools, group
    norm, softmax over channels; nn.Upsample and F.softmax, which FX leaves in float."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.down, self.relu, self.pool = nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, 1, dilation=2, ceil_mode=True)
        self.mid, self.side = nn.Conv2d(8, 8, 3, padding=2, dilation=2), nn.Conv2d(2, 6, 1)
        self.up1, self.norm1 = nn.ConvTranspose2d(8, 8, 2, stride=2, bias=False), nn.BatchNorm2d(8)
        self.up2, self.norm2 = nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1, groups=2), nn.BatchNorm2d(6)
        self.up3 = nn.ConvTranspose2d(6, 4, (3, 4), stride=(1, 2), padding=(1, 1), bias=False)
        self.wide, self.group, self.last = nn.Upsample(scale_factor=2, mode="bilinear"), nn.GroupNorm(2, 6), nn.Conv2d(10, 3, 1)
        self.softmax, self.head = nn.Softmax(1), nn.Linear(3, 5)

    def forward(self, x, y):
        x = (x - self.mean) / 0.25
        a = self.down(x)
        b = self.mid(self.pool(self.relu(a)))
        b = self.norm1(self.up1(b))
        b = self.relu(self.norm2(self.up2(b)))
        side = F.interpolate(self.side(y), size=b.shape[-2:], mode="bilinear", align_corners=False)
        b = b + side
        c = F.interpolate(self.up3(b), scale_factor=(1.5, 0.75))
        d = self.group(F.pad(self.wide(b), (0, 0, 1, -1)))
        c = F.interpolate(c, size=d.shape[-2:], mode="bilinear", align_corners=True)
        z = self.last(torch.cat([d, c], 1))
        pooled = self.head(F.adaptive_avg_pool2d(z, 1).flatten(1))
        return z, F.softmax(z, 1), self.softmax(pooled), side


class Norms(nn.Module):
    """What octet keeps in float, and PyTorch's FX does not: other norms, activations with learned slopes, constants."""

    def __init__(self):
        super().__init__()
        self.conv, self.prelu, self.prelus, self.elu = nn.Conv2d(3, 6, 3), nn.PReLU(), nn.PReLU(6), nn.ELU(0.7)
        self.instance, self.image, self.rows = nn.InstanceNorm2d(6, affine=True), nn.LayerNorm([6, 16, 16]), nn.LayerNorm(6)
        self.gamma, self.mirror = nn.Parameter(torch.rand(6, 1, 1)), nn.ReflectionPad2d(1)
        self.fc = nn.Linear(6, 4)

    def forward(self, x):
        x = self.prelu(self.conv(self.mirror(x)))
        x = self.instance(self.prelus(x)) * self.gamma
        x = self.image(self.elu(x)) + torch.tensor(0.5)
        x = F.pad(1 - x, (1, 1, 2, 0), mode="replicate")
        return torch.softmax(self.fc(self.rows(x.mean([2, 3]))), dim=1)


def without_paths(path):
    """Keeps of a program what the tests read: no paths of this machine in tracebacks, no pickled example."""
    with zipfile.ZipFile(path) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist() if "sample_inputs" not in info.filename]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries:
            if name.endswith("model.json"):
                model = json.loads(data)
                for node in model["graph_module"]["graph"]["nodes"]:
                    lines = node["metadata"].get("stack_trace", "").split("\n")
                    node["metadata"]["stack_trace"] = "\n".join(
                        'File "' + line.split("/")[-1] if line.strip().startswith('File "') and "/torch/" not in line else line
                        for line in lines if "/torch/" not in line)
                data = json.dumps(model).encode()
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def record(quantized, *x):
    """Each node's result; codes of images as [N, H, W, channels...]."""
    recorder = Recorder(quantized)
    recorder.run(*x)
    last = lambda r: np.moveaxis(r, (-2, -1), (1, 2)) if r.dtype == np.uint8 and r.ndim >= 4 else r
    return {name: np.ascontiguousarray(last(r)) for name, r in recorder.outputs.items()}


def save_nodes(path, x, nodes, **more):
    np.savez_compressed(path, x=x.numpy(), nodes=np.frombuffer("\n".join(nodes).encode(), np.uint8), **{f"node.{k}": v for k, v in nodes.items()}, **more)


def train_aware(out_dir, name, model, x, images):
    """Two steps of quantization-aware training; its state_dict, and every node's codes after convert_fx."""
    torch.backends.quantized.engine = "qnnpack"
    trained = prepare_qat_fx(copy.deepcopy(model).train(), get_default_qat_qconfig_mapping("qnnpack"), x)
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.05)
    for _ in range(2):
        loss = trained(images).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(trained.eval().state_dict(), out_dir / f"{name}_qat.pth")
    quantized = convert_fx(trained)
    repair_relu6(quantized, "qnnpack")
    with torch.no_grad():
        save_nodes(out_dir / f"{name}_qat.npz", x, record(quantized, x))


def make(out_dir):
    for make_network in (Branches, Views, Gates, Shuffles, Perceptron, Shifts):
        torch.manual_seed(0)
        model, name = make_network(), make_network.__name__.lower()
        x, images = torch.randn(2, 3, 16, 16), torch.randn(16, 3, 16, 16)
        with torch.no_grad():
            for _ in range(3):
                model.train()(torch.randn(16, 3, 16, 16))  # batch norm gets statistics
            model.eval()
            path = out_dir / f"{name}.pt2"
            torch.export.save(torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("N", min=1, max=64)},)), path)
            without_paths(path)
            for engine in ("qnnpack", "fbgemm"):
                torch.backends.quantized.engine = engine
                prepared = prepare_fx(copy.deepcopy(model), get_default_qconfig_mapping(engine), x)  # it notes qconfigs in what it is given
                prepared(images)
                quantized = convert_fx(prepared)
                repair_relu6(quantized, engine)
                torch.save(quantized.state_dict(), out_dir / f"{name}_{engine}.pth")
                save_nodes(out_dir / f"{name}_{engine}.npz", x, record(quantized, x), float_output=model(x).numpy())
        if make_network in (Branches, Shuffles):
            train_aware(out_dir, name, model, x, images)
    make_dense(out_dir)


def exported(out_dir, make_network, *x):
    """The network in eval mode, and its .pt2."""
    torch.manual_seed(0)
    model, name = make_network(), make_network.__name__.lower()
    with torch.no_grad():
        for _ in range(3):
            model.train()(*[torch.randn(16, *t.shape[1:]) for t in x])
        N = torch.export.Dim("N", min=1, max=64)
        torch.export.save(torch.export.export(model.eval(), x, dynamic_shapes=tuple({0: N} for _ in x)), out_dir / f"{name}.pt2")
        without_paths(out_dir / f"{name}.pt2")
    return model, name


def make_dense(out_dir):
    torch.manual_seed(1)
    x, y = torch.randn(2, 3, 16, 16), torch.randn(2, 2, 7, 9)
    model, name = exported(out_dir, Segments, x, y)
    with torch.no_grad():
        for engine in ("qnnpack", "fbgemm"):
            torch.backends.quantized.engine = engine
            prepared = prepare_fx(copy.deepcopy(model), get_default_qconfig_mapping(engine), (x, y))
            prepared(torch.randn(16, 3, 16, 16), torch.randn(16, 2, 7, 9))
            quantized = convert_fx(prepared)
            torch.save(quantized.state_dict(), out_dir / f"{name}_{engine}.pth")
            save_nodes(out_dir / f"{name}_{engine}.npz", x, record(quantized, x, y), y=y.numpy(), **{f"result.{i}": r.numpy() for i, r in enumerate(model(x, y))})
    model, name = exported(out_dir, Norms, x)
    with torch.no_grad():
        np.savez_compressed(out_dir / f"{name}.npz", x=x.numpy(), float_output=model(x).numpy())
