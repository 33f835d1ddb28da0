"""Training of PyTorch and fastai: gradients of single ops, of one whole ResNet18 step, five steps of SGD and AdamW, schedules.

Weights and images are made by a formula that the tests repeat (hashed, values), so that no weights are stored; the images' seed is
the first with which no kink lies where rounding could bridge it (watched, clear). Large tensors are stored as their norm and eight projections on vectors of signs (project): the difference of two projections, in root mean square, is
the norm of the difference of the tensors.
"""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet18
from torchvision.models.resnet import BasicBlock

PROJECTIONS = 8


def hashed(i):
    """uint32 -> uint32: the finaliser of MurmurHash3."""
    i = np.asarray(i).astype(np.uint32)
    i ^= i >> np.uint32(16)
    i *= np.uint32(0x85EBCA6B)
    i ^= i >> np.uint32(13)
    i *= np.uint32(0xC2B2AE35)
    return i ^ (i >> np.uint32(16))


def values(shape, seed, scale, offset=0.0):
    """offset + scale * uniform in [-1, 1)."""
    h = hashed(np.arange(int(np.prod(shape)), dtype=np.uint32) + np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF))
    return torch.from_numpy((offset + scale * (h.astype(np.float64) / 2**31 - 1)).astype(np.float32).reshape(shape))


def project(t):
    t = t.detach().double().numpy().ravel()
    h = hashed(np.arange(t.size, dtype=np.uint32))
    return np.array([np.linalg.norm(t)] + [np.dot(t, 1.0 - 2.0 * ((h >> np.uint32(j)) & 1)) for j in range(PROJECTIONS)])


def filled(model):
    for seed, p in enumerate(model.parameters()):
        if p.dim() > 1:
            p.data = values(p.shape, seed, (6 / (p.numel() / p.shape[0])) ** 0.5)
        else:
            p.data = values(p.shape, seed, 0.2, 1.0) if seed % 3 == 1 else values(p.shape, seed, 2.5)  # weight, then bias of batch norm
    return model.train()


def save(out, name, **arrays):
    np.savez_compressed(out / f"{name}.npz", **{k: v.detach().numpy() if isinstance(v, torch.Tensor) else np.asarray(v) for k, v in arrays.items()})


def op(out, name, function, inputs, **extra):
    """y, a gradient dy, and the gradient d_KEY of each input."""
    inputs = {k: v.clone().requires_grad_() for k, v in inputs.items()}
    y = function(*inputs.values())
    dy = values(y.shape, 99, 1.0)
    y.backward(dy)
    save(out, name, y=y, dy=dy, **inputs, **{f"d_{k}": v.grad for k, v in inputs.items()}, **extra)


def ops(out):
    for name, (x, w, stride, padding, groups) in {"stem": ((2, 3, 12, 10), (4, 3, 7, 7), 2, 3, 1), "three": ((3, 5, 7, 6), (4, 5, 3, 3), 1, 1, 1),
                                                  "stride2": ((2, 4, 9, 8), (6, 4, 3, 3), 2, 1, 1), "pointwise2": ((2, 4, 6, 6), (8, 4, 1, 1), 2, 0, 1), "grouped": ((2, 4, 5, 5), (6, 2, 3, 3), 1, 1, 2)}.items():
        op(out, f"conv2d_{name}", lambda x, w, b: F.conv2d(x, w, b, stride, padding, groups=groups), {"x": values(x, 1, 1.0), "w": values(w, 2, 1.0), "b": values(w[:1], 3, 1.0)},
           stride=np.int32(stride), padding=np.int32(padding), groups=np.int32(groups))
    op(out, "linear", F.linear, {"x": values((5, 12), 1, 1.0), "w": values((7, 12), 2, 1.0), "b": values((7,), 3, 1.0)})
    for name, shape in {"images": (4, 3, 6, 5), "rows": (8, 5)}.items():
        mean, var = torch.full((shape[1],), 0.5), torch.full((shape[1],), 2.0)
        op(out, f"batch_norm_{name}", lambda x, w, b: F.batch_norm(x, mean, var, w, b, training=True, momentum=0.1), {"x": values(shape, 1, 2.0, 1.0), "w": values(shape[1:2], 2, 1.0), "b": values(shape[1:2], 3, 1.0)},
           running_mean=mean, running_var=var)
    op(out, "max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1), {"x": (values((2, 3, 9, 8), 1, 4.0)).round()})  # rounded: ties
    op(out, "concat_pool", lambda x: torch.cat([F.adaptive_max_pool2d(x, 1), F.adaptive_avg_pool2d(x, 1)], 1), {"x": values((2, 3, 4, 5), 1, 1.0)})
    op(out, "adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (2, 3)), {"x": values((2, 3, 5, 7), 1, 1.0)})
    op(out, "relu_add", lambda a, b: F.relu(a + b), {"a": values((3, 4), 1, 1.0), "b": values((3, 4), 2, 1.0)})
    labels = torch.tensor([3, 0, 9, 3])
    for s in (0.0, 0.1):
        op(out, f"cross_entropy_{int(10 * s)}", lambda x: F.cross_entropy(x, labels, label_smoothing=s).reshape(1), {"x": values((4, 10), 1, 3.0)}, labels=labels.int(), smoothing=np.float32(s))


SLACK = 30  # how much more than PyTorch's float32 another correct one may err: Winograd's sums ten times as much, and three sigmas


def watched(model):
    """The inputs of all kinks of a forward pass, as a list that fills: relu's, and by how much a max pool's largest value leads."""
    seen = []

    def lead(module, args):
        windows = F.unfold(F.pad(args[0], [module.padding] * 4), module.kernel_size, stride=module.stride)
        top = windows.reshape(len(windows), args[0].shape[1], module.kernel_size**2, -1).topk(2, dim=2).values
        seen.append(torch.where(top[:, :, 0] > 0, top[:, :, 0] - top[:, :, 1], 1.0))  # behind a relu: zeros have no gradient

    for module in model.modules():
        if isinstance(module, torch.nn.ReLU):
            module.register_forward_pre_hook(lambda _, args: seen.append(args[0].detach().clone()))
        elif isinstance(module, torch.nn.MaxPool2d):
            module.register_forward_pre_hook(lead)
    return seen


def clear(got, exact):
    """Is every value, of tensors that differ by rounding, further from 0 than SLACK times their root mean square difference?"""
    return all((e.abs() > SLACK * (g - e).double().pow(2).mean().sqrt()).all() for g, e in zip(got, exact, strict=True))


def small():
    down = nn.Sequential(nn.Conv2d(8, 16, 1, 2, bias=False), nn.BatchNorm2d(16))
    stem = [nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, BasicBlock(8, 8), BasicBlock(8, 16, 2, down), nn.AdaptiveAvgPool2d(1), Flatten(), nn.Linear(16, 10))


class Flatten(nn.Module):  # FX gives torch.nn.Flatten an observer of its own
    def forward(self, x):
        return torch.flatten(x, 1)


def train(make_model, make_optimizer, images, steps):
    """Both float32 and float64 from the same weights: losses, norms of the gradients, models; None where a kink is too near."""
    models = [filled(make_model()), filled(make_model()).double()]
    seen, optimizers = [watched(m) for m in models], [make_optimizer(m.parameters()) for m in models]
    losses = [[], []]
    for _ in range(steps):
        for model, optimizer, values_seen, numbers in zip(models, optimizers, seen, losses):
            values_seen.clear()
            loss = F.cross_entropy(model(images.to(next(model.parameters()).dtype)), torch.arange(len(images)) % 10, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            numbers += [loss.item(), torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0).item()]
        if not clear(*seen):
            return None
        for optimizer in optimizers:
            optimizer.step()
    return losses, models


def first_clear(attempt):
    """(seed, what attempt(seed) gives) of the first seed for which that is not None."""
    return next((seed, result) for seed in range(1000, 9999) if (result := attempt(seed)) is not None)


def relative(got, exact):
    """The largest relative difference of float32 tensors from float64 ones: what SLACK is a multiple of."""
    return max(((g.double() - e).norm() / e.norm()).item() for g, e in zip(got, exact, strict=True))


def whole_step(out):
    no_step = lambda p: torch.optim.SGD(p, lr=0.0)
    make_model = lambda: resnet18(num_classes=10)
    seed, (losses, models) = first_clear(lambda seed: train(make_model, no_step, values((4, 3, 32, 32), seed, 2.0), 1))
    scale = losses[1][1] / min(2.0, losses[1][1])  # gradients are clipped
    is_statistic = lambda k: k.endswith(("running_mean", "running_var"))
    rounding = relative(*[[p.grad for p in m.parameters()] for m in models])
    buffer_rounding = relative(*[[b for k, b in m.named_buffers() if is_statistic(k)] for m in models])
    save(out, "resnet18_step", seed=np.int32(seed), loss=losses[1][0], slack=np.float64(SLACK), rounding=rounding, buffer_rounding=buffer_rounding,
         **{f"grad.{k}": project(p.grad * scale) for k, p in models[1].named_parameters()},
         **{f"buffer.{k}": b.float() for k, b in models[1].named_buffers() if is_statistic(k)})


def five_steps(out):
    kinds = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=1e-2),
        "nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-2),
        "adamw": lambda p: torch.optim.AdamW(p, lr=1e-3, eps=1e-4),  # above the noise: else its first updates are the signs of gradients
        "adamw_fastai": lambda p: torch.optim.AdamW(p, lr=1e-3, betas=(0.95, 0.99), eps=1e-5, weight_decay=0.1),
    }
    for name, make_optimizer in kinds.items():
        seed, (losses, models) = first_clear(lambda seed: train(small, make_optimizer, values((8, 3, 16, 16), seed, 2.0), 5))
        before = [p.detach() for p in filled(small()).parameters()]
        changes = [[p.detach() - b.to(p.dtype) for p, b in zip(m.parameters(), before)] for m in models]
        save(out, f"five_steps_{name}", seed=np.int32(seed), losses=np.array(losses[1], np.float64), slack=np.float64(SLACK), rounding=relative(*changes),
             loss_rounding=np.abs(np.array(losses[0]) / np.array(losses[1]) - 1).max(),
             **{f"change.{k}": project(c) for (k, _), c in zip(models[1].named_parameters(), changes[1])})


def schedule(out):
    from fastai.callback.schedule import combined_cos

    lr, momentum = combined_cos(0.25, 1 / 25, 1.0, 1e-5), combined_cos(0.25, 0.95, 0.85, 0.95)
    x = np.linspace(0, 1, 41)
    save(out, "one_cycle", x=x, lr=np.array([float(lr(v)) for v in x]), momentum=np.array([float(momentum(v)) for v in x]))


def fine_tune(out):
    """fastai's learning rates of three layer groups, momentum and smoothed loss, in every step of a fit and of a fine_tune."""
    from fastai.data.core import DataLoaders
    from fastai.learner import Callback, Learner
    from fastai.optimizer import Adam

    class Watch(Callback):
        def before_step(self):  # what the step uses
            rows.append([h["lr"] for h in self.opt.hypers] + [self.opt.hypers[0]["mom"]])

        def after_loss(self):
            losses.append(self.loss.item())

        def after_train(self):
            smooth.append(self.recorder.smooth_loss.value.item())

    fits = {"fit_one_cycle": lambda learner: learner.fit_one_cycle(3, 4e-3), "fine_tune": lambda learner: learner.fine_tune(2, 4e-3, freeze_epochs=1)}
    for name, fit in fits.items():
        rows, losses, smooth = [], [], []
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2))
        data = [(values((4,), i, 1.0), torch.tensor(i % 2)) for i in range(20)]
        loaders = DataLoaders(*(torch.utils.data.DataLoader(data, batch_size=4) for _ in range(2)))
        learner = Learner(loaders, model, loss_func=nn.CrossEntropyLoss(), opt_func=Adam, splitter=lambda m: [list(part.parameters()) for part in m], cbs=Watch())
        with learner.no_bar(), learner.no_logging():
            fit(learner)
        save(out, name, steps=np.array(rows, np.float64), losses=np.array(losses, np.float64), smooth=np.array(smooth, np.float64))


def make(out):
    ops(out)
    whole_step(out)
    five_steps(out)
    schedule(out)
    fine_tune(out)
