#!/usr/bin/env python3
"""Stores a state_dict with float16 storages: half the bytes, the same keys and shapes. Integer tensors stay as they are.

    half_checkpoint.py IN.pth OUT.pth

Refuses a value that float16 cannot hold, and prints the largest rounding. Readers convert back to float32.
"""
import sys
from collections import OrderedDict

import torch

SMALLEST_NORMAL = torch.finfo(torch.float16).smallest_normal


def halve(key, tensor):
    """The float16 tensor, the largest relative error of values above SMALLEST_NORMAL, the largest absolute error below it."""
    half = tensor.half()
    if not torch.isfinite(half).all():
        sys.exit(f"{key}: has values that float16 cannot hold (largest {tensor.abs().max().item():g})")
    wide, error = tensor.double(), (half.double() - tensor.double()).abs()
    normal = wide.abs() >= SMALLEST_NORMAL
    relative = (error[normal] / wide[normal].abs()).max().item() if normal.any() else 0.0
    absolute = error[~normal].max().item() if (~normal).any() else 0.0
    return half, relative, absolute


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    state = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
    out, relative, absolute, floats = OrderedDict(), 0.0, 0.0, 0
    for key, tensor in state.items():
        out[key] = tensor
        if tensor.is_floating_point():
            out[key], r, a = halve(key, tensor)
            relative, absolute, floats = max(relative, r), max(absolute, a), floats + 1
    torch.save(out, sys.argv[2])
    print(f"{floats} of {len(out)} tensors as float16: all finite, largest relative rounding {relative:.3g} "
          f"(2^-11 = {2**-11:.3g}), largest absolute rounding of values below 2^-14 {absolute:.3g} -> {sys.argv[2]}")


if __name__ == "__main__":
    main()
