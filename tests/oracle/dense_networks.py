"""Networks that give images or take several inputs, for zoo.py: torchvision's for segmentation, and small ones of other kinds."""
import torch
import torch.nn.functional as F
import torchvision
from torch import nn


def double(inputs, outputs):
    layers = []
    for c in (inputs, outputs):
        layers += [nn.Conv2d(c, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Ronneberger et al. 2015, with paddings and batch norm: transposed convolutions, and cats over the shortcuts."""

    def __init__(self, classes=5, width=16, depth=3):
        super().__init__()
        widths = [width * 2**i for i in range(depth + 1)]
        self.down = nn.ModuleList(double(a, b) for a, b in zip([3] + widths, widths))
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(widths[:-1], widths[1:]))
        self.merge = nn.ModuleList(double(2 * a, a) for a in widths[:-1])
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        kept = []
        for i, block in enumerate(self.down):
            x = block(self.pool(x) if i else x)
            kept.append(x)
        for i in reversed(range(len(self.up))):
            x = self.merge[i](torch.cat([kept[i], self.up[i](x)], 1))
        return self.head(x)


class Generator(nn.Module):
    """DCGAN's generator (Radford et al. 2015) from images of noise: transposed convolutions with batch norm and relu, tanh at the end."""

    def __init__(self):
        super().__init__()
        layers = []
        for a, b in ((16, 64), (64, 32), (32, 16)):
            layers += [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(True)]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(16, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, noise):
        return self.layers(noise)


class Siamese(nn.Module):
    """Two images through one network, and a third input of numbers; what is alike, and both embeddings."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU())
        self.other = nn.Sequential(nn.Conv2d(1, 32, 3, 4, 1), nn.Hardswish())
        self.pool, self.context, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 32), nn.Linear(96, 4)

    def forward(self, a, b, numbers):
        a, b = self.pool(self.body(a)), self.pool(self.other(b))
        a, b = torch.flatten(a, 1), torch.flatten(b, 1)
        return self.head(torch.cat([a, b, F.relu(self.context(numbers))], 1)), a, b


class Pyramid(nn.Module):
    """A feature pyramid (Lin et al. 2016): sums with interpolated maps of the level above, a result for each level."""

    def __init__(self):
        super().__init__()
        widths = (16, 32, 64)
        self.body = nn.ModuleList(nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), nn.BatchNorm2d(b), nn.ReLU()) for a, b in zip((3,) + widths, widths))
        self.side = nn.ModuleList(nn.Conv2d(b, 24, 1) for b in widths)
        self.out = nn.ModuleList(nn.Conv2d(24, 8, 3, padding=1) for _ in widths)

    def forward(self, x):
        levels = []
        for block in self.body:
            x = block(x)
            levels.append(x)
        y, results = None, []
        for i in reversed(range(len(levels))):
            here = self.side[i](levels[i])
            y = here if y is None else here + F.interpolate(y, size=here.shape[-2:], mode="nearest")
            results.append(self.out[i](y))
        return results


class Numbers(nn.Module):
    """Codes plus and times numbers, with and without the relu behind them; a hard swish by hand, a dilated depthwise and a strided one."""

    def __init__(self):
        super().__init__()
        self.stem, self.relu, self.cut = nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.ReLU6()
        self.dilated, self.grouped = nn.Conv2d(16, 16, 3, padding=4, dilation=4, groups=16), nn.Conv2d(16, 16, 3, 2, 3, dilation=3, groups=4)
        self.head = nn.Conv2d(16, 8, 1)

    def forward(self, x):
        x = self.stem(x)
        x = x * self.cut(x + 3) / 6
        x = self.relu(self.dilated(x) + 0.75) * 0.3
        x = self.grouped(x * -1.5 - 0.25)
        return self.head(F.relu(2.5 * x)) + 1000


class Norms(nn.Module):
    """Layer norm and instance norm of images, with and without weights; group norm, which stays float."""

    def __init__(self, size):
        super().__init__()
        self.stem, self.layer, self.instance = nn.Conv2d(3, 12, 3, 2, 1), nn.LayerNorm([12, size // 2, size // 2]), nn.InstanceNorm2d(12, affine=True)
        self.then, self.plain, self.group = nn.Conv2d(12, 12, 3, padding=1), nn.InstanceNorm2d(12), nn.GroupNorm(3, 12)
        self.head, self.last = nn.Linear(12, 10), nn.LayerNorm(10)
        for norm in (self.layer, self.instance, self.group, self.last):
            nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)

    def forward(self, x):
        x = F.relu(self.layer(self.instance(self.stem(x))))
        x = self.plain(self.then(x))
        x = self.group(x).mean([2, 3])
        return self.last(self.head(x))


OWN = {"unet": (UNet, lambda s: [(3, s, s)]), "generator": (Generator, lambda s: [(16, s // 16, s // 16)]),
       "siamese": (Siamese, lambda s: [(3, s, s), (1, s, s), (6,)]), "pyramid": (Pyramid, lambda s: [(3, s, s)]),
       "numbers": (Numbers, lambda s: [(3, s, s)]), "norms": (Norms, lambda s: [(3, s, s)])}
SEGMENTATION = ("fcn_resnet50", "deeplabv3_resnet50", "deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large")


def find(name, size):
    """(network, shapes of its inputs for one image), or nothing."""
    if name in OWN:
        network = OWN[name][0]
        return network(size) if network is Norms else network(), OWN[name][1](size)
    if name in SEGMENTATION:
        return torchvision.models.get_model(name, num_classes=6, weights=None, weights_backbone=None), [(3, size, size)]
    return None


def results_of(y):
    """Whatever a network gives, as a list."""
    if isinstance(y, dict):
        return list(y.values())
    return list(y) if isinstance(y, (list, tuple)) else [y]
