#!/usr/bin/env python3
"""Makes every golden tensor with the real PyTorch, and manifest.json, which says what they are.

    python tests/golden/make_golden.py            all of them (about two minutes)
    python tests/golden/make_golden.py ops        one folder: loaders, images, ops, dense, engines, observers, models, networks, pt2, onnx, qat, qconfigs or
                                                  training

Needs torch 2.11, torchvision, fastai, numpy and pillow, of onnx also onnxscript (any environment; the tests themselves need none of them).
Each golden_NAME.py has a make(out_dir) that fills tests/golden/NAME. Seeds are fixed: a second run gives the same files.
"""
import importlib
import json
import pathlib
import shutil
import sys
import warnings

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = ["loaders", "images", "ops", "dense", "engines", "observers", "models", "networks", "pt2", "onnx", "qat", "qconfigs", "training"]


def main():
    import numpy
    import PIL
    import torch
    import torchvision

    torch.set_num_threads(2)  # torch.histc saturates per thread, so that the number of threads is part of an observer's answer
    manifest_path = HERE / "manifest.json"
    manifest = json.loads(manifest_path.read_text()) if manifest_path.exists() else {"folders": {}}
    manifest["made_with"] = {"torch": torch.__version__, "torchvision": torchvision.__version__, "numpy": numpy.__version__, "pillow": PIL.__version__, "torch_threads": 2}
    for name in sys.argv[1:] or FOLDERS:
        if name not in FOLDERS:
            sys.exit(f"unknown folder '{name}': expected one of {', '.join(FOLDERS)}")
        module = importlib.import_module(f"golden_{name}")
        out = HERE / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        module.make(out)
        files = {f.name: f.stat().st_size for f in sorted(out.iterdir())}
        manifest["folders"][name] = {"purpose": module.__doc__.strip().splitlines()[0], "script": f"golden_{name}.py", "files": files}
        print(f"{name}: {len(files)} files, {sum(files.values())} bytes")
    manifest_path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
