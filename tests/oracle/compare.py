#!/usr/bin/env python3
"""Compares octet's programs with the real PyTorch on full-size images. Needs torch 2.11, torchvision, fastai, numpy, pillow; onnx and onnxruntime for one.

    compare.py nodes       --data DIR [--limit 64]               every node of PyTorch's int8 models, eleven networks on qnnpack and fbgemm, five on
                                                             onednn and on x86 of a CPU with VNNI (where there is one), and float logits.
                                                             --pt2: the networks come from files of torch.export
    compare.py export      --data DIR [--limit 32]               our calibrated models exported, loaded by PyTorch with strict=True, node by node there
    compare.py onnx        --data DIR [--limit 32]               our calibrated models exported to ONNX: checked by onnx, run by ONNX Runtime, codes compared
    compare.py qat         --data DIR [--limit 32]               our quantization-aware training converted by PyTorch, and PyTorch's by us, node by node
    compare.py calibration --data DIR [--limit 448] [--batch 64] observers after calibrating on the same images
    compare.py cost        --data DIR [--limit 512]              what histograms cost: seconds to calibrate beside seconds of float inference, in both
    compare.py answers     --data DIR [--limit N]                PyTorch's int8 model: the same answer on every image, fed as the same tensor
    compare.py speed       --data DIR [--limit 512]              the whole job (calibrate, convert, evaluate float and int8) in both, by turns
Common: --build build (where predict and quantize are), --split val. DIR is Imagenette's folder. Exits 1 when a comparison fails.
PyTorch's oneDNN is kept from its kernels for AMX, which round otherwise (docs/known-differences.md), except where time is taken.
"""
import argparse
import glob
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "golden"))
if not {"speed", "cost"} & set(sys.argv):
    os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_VNNI"  # asked for once, when oneDNN is first used
import numpy as np
import torch
from PIL import Image
from torch.ao.quantization import get_default_qat_qconfig_mapping, get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx, prepare_qat_fx

import golden_models
import golden_networks

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


NETWORKS = ("resnet34", "resnet50", "vgg11_bn", "mobilenet_v2")
MORE_NETWORKS = ("resnext50_32x4d", "wide_resnet50_2", "vgg16", "alexnet")  # of nodes alone


def load_image(path, size=224):
    """fastai's validation transform: central square crop, bilinear resize, ImageNet's mean and deviation."""
    im = Image.open(path).convert("RGB")
    w, h = im.size
    m = min(w / size, h / size)
    cw, ch = int(m * size), int(m * size)
    x, y = int((w - cw) * 0.5), int((h - ch) * 0.5)
    im = im.crop((x, y, x + cw, y + ch)).resize((size, size), Image.BILINEAR)
    return (torch.from_numpy(np.array(im)).permute(2, 0, 1).float().div(255) - MEAN) / STD


def batches(files, size):
    for i in range(0, len(files), size):
        yield torch.stack([load_image(f) for f in files[i:i + size]])


# octet's backend: its engine, PyTorch's engine, PyTorch's qconfig. PyTorch's x86 is fbgemm on a CPU without VNNI.
BACKENDS = {"qnnpack": ("qnnpack", "qnnpack", "qnnpack"), "x86": ("fbgemm", "fbgemm", "x86"), "onednn": ("onednn", "onednn", "onednn"),
            "x86_vnni": ("x86_vnni", "x86", "x86")}
HAS_VNNI = "avx512_vnni" in pathlib.Path("/proc/cpuinfo").read_text()


def engine_of(backend):
    return BACKENDS[backend][0]


def prepared_model(kind, classes, backend, files, batch):
    torch.backends.quantized.engine = BACKENDS[backend][1]
    model = golden_models.build(kind, classes)
    prepared = prepare_fx(model, get_default_qconfig_mapping(BACKENDS[backend][2]), torch.zeros(1, 3, 224, 224))
    with torch.no_grad():
        for b in batches(files, batch):
            prepared(b)
    return model, prepared


def run(*command):
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)


def node_differences(recorder, folder):
    """(codes, codes that differ, largest relative difference of float nodes, are the names the same)"""
    codes = wrong = 0
    worst = 0.0
    for name, expected in recorder.outputs.items():
        got = np.load(f"{folder}/{name}.npy")
        assert got.shape == expected.shape, (name, got.shape, expected.shape)
        if expected.dtype == np.uint8:
            codes += expected.size
            wrong += int((got != expected).sum())
        else:
            worst = max(worst, float(np.abs(got - expected).max() / np.abs(expected).max()))
    return codes, wrong, worst, sorted(recorder.outputs) == sorted(f[:-4] for f in os.listdir(folder))


def spread(files, limit):
    """At even distances, as --subset spread."""
    limit = min(limit, len(files))
    return [files[i * len(files) // limit] for i in range(limit)]


def verdict(label, recorder, folder):
    """Prints how the dumped nodes compare, and says whether all is well."""
    codes, wrong, worst, same = node_differences(recorder, folder)
    good = wrong == 0 and worst <= 1e-5 and same
    print(f"{'ok  ' if good else 'FAIL'} {label}: {wrong} of {codes} codes differ, float nodes within {worst:.1e}{'' if same else ', node names differ'}", flush=True)
    return good


def nodes(a, files):
    ok = True
    x = torch.stack([load_image(f) for f in spread(files, 4)])
    vnni = [("fastai", 10), ("resnet18", 10), ("resnet18", 1000), ("resnet50", 10), ("mobilenet_v2", 10)] if HAS_VNNI else []
    for kind, classes, backend in (("fastai", 10, "qnnpack"), ("fastai", 10, "x86"), ("resnet18", 10, "qnnpack"), ("resnet18", 10, "x86"),
                                   ("resnet18", 1000, "qnnpack"), ("resnet18", 1000, "x86"), *((n, 10, b) for n in NETWORKS + MORE_NETWORKS for b in ("qnnpack", "x86")),
                                   *((*network, b) for network in vnni for b in ("onednn", "x86_vnni"))):
        if a.networks and kind not in a.networks.split(","):
            continue
        with tempfile.TemporaryDirectory() as tmp:
            model, prepared = prepared_model(kind, classes, backend, files, a.batch)
            quantized = convert_fx(prepared)
            golden_networks.repair_relu6(quantized, backend)
            torch.save(quantized.state_dict(), f"{tmp}/int8.pth")
            as_float = f"{tmp}/float.{'pt2' if a.pt2 else 'pth'}"
            if a.pt2:
                torch.export.save(torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("N", min=1, max=1024)},)), as_float)
            else:
                torch.save(model.state_dict(), as_float)
            np.save(f"{tmp}/x.npy", x.numpy())
            recorder = golden_models.Recorder(quantized)
            with torch.no_grad():
                recorder.run(x)
                want = model(x).numpy()
            run(a.build / "predict", "--model", f"{tmp}/int8.pth", "--engine", engine_of(backend), "--input", f"{tmp}/x.npy", "--dump", f"{tmp}/nodes",
                *(["--network", as_float] if a.pt2 else []))
            run(a.build / "predict", "--model", as_float, "--input", f"{tmp}/x.npy", "--output", f"{tmp}/y.npy")
            logits = np.abs(np.load(f"{tmp}/y.npy") - want).max() / np.abs(want).max()
            codes, wrong, worst, same = node_differences(recorder, f"{tmp}/nodes")
            good = wrong == 0 and worst <= 1e-5 and logits <= 1e-4 and same
            ok &= good
            print(f"{'ok  ' if good else 'FAIL'} {kind} {classes} {backend}: {len(recorder.outputs)} nodes, {wrong} of {codes} codes differ, float nodes within "
                  f"{worst:.1e}, float logits within {logits:.1e} of the largest{'' if same else ', node names differ'}", flush=True)
    return ok


def export(a, files):
    """Our calibrated model in PyTorch: loaded with strict=True into what convert_fx makes, and run there."""
    ok = True
    x = torch.stack([load_image(f) for f in spread(files, 4)])
    for kind, classes in (("fastai", 10), ("resnet18", 10)):
        for backend in ("qnnpack", "x86", "onednn"):
            with tempfile.TemporaryDirectory() as tmp:
                model, prepared = prepared_model(kind, classes, backend, files[:1], 1)  # its own calibration is overwritten
                torch.save(model.state_dict(), f"{tmp}/float.pth")
                run(a.build / "quantize", "--quiet", "--weights", f"{tmp}/float.pth", "--data", a.data, "--split", a.split, "--backend", backend, "--limit", len(files),
                    "--subset", "spread", "--batch-size", a.batch, "--eval-limit", 10, "--no-fake-quant", "--output", f"{tmp}/out", "--export", "torch")
                quantized = convert_fx(prepared)
                quantized.load_state_dict(torch.load(f"{tmp}/out/quantized.pth", weights_only=True), strict=True)
                np.save(f"{tmp}/x.npy", x.numpy())
                recorder = golden_models.Recorder(quantized)
                with torch.no_grad():
                    recorder.run(x)
                run(a.build / "predict", "--model", f"{tmp}/out/model.safetensors", "--input", f"{tmp}/x.npy", "--dump", f"{tmp}/nodes")
                ok &= verdict(f"{kind} {classes} {backend}, loaded with strict=True", recorder, f"{tmp}/nodes")
    return ok


def onnx(a, files):
    """Our int8 model as ONNX Runtime computes it: in float between the codes, and with its integer kernels."""
    import onnx
    import onnxruntime

    ok = True
    x = torch.stack([load_image(f) for f in spread(files, 4)])
    for kind in ("fastai", "resnet18") + NETWORKS:
        for backend in ("qnnpack", "x86"):
            with tempfile.TemporaryDirectory() as tmp:
                model, _ = prepared_model(kind, 10, backend, files[:1], 1)
                torch.save(model.state_dict(), f"{tmp}/float.pth")
                run(a.build / "quantize", "--quiet", "--weights", f"{tmp}/float.pth", "--data", a.data, "--split", a.split, "--backend", backend, "--limit", len(files),
                    "--subset", "spread", "--batch-size", a.batch, "--eval-limit", 10, "--no-fake-quant", "--output", f"{tmp}/out", "--export", "onnx")
                np.save(f"{tmp}/x.npy", x.numpy())
                run(a.build / "predict", "--model", f"{tmp}/out/model.safetensors", "--input", f"{tmp}/x.npy", "--output", f"{tmp}/logits.npy")
                run(a.build / "predict", "--model", f"{tmp}/out/model.safetensors", "--input", f"{tmp}/x.npy", "--dump", f"{tmp}/nodes")
                exported = onnx.load(f"{tmp}/out/model.onnx")
                onnx.checker.check_model(exported, full_check=True)
                exported = onnx.shape_inference.infer_shapes(exported, strict_mode=True)
                exported.graph.output.extend(v for v in exported.graph.value_info if v.name.endswith("_codes"))
                names = [o.name for o in exported.graph.output]
                logits = np.load(f"{tmp}/logits.npy")
                for how, level in (("float between codes", "ORT_DISABLE_ALL"), ("integer kernels", "ORT_ENABLE_ALL")):
                    options = onnxruntime.SessionOptions()
                    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
                    options.log_severity_level = 3
                    session = onnxruntime.InferenceSession(exported.SerializeToString(), options, providers=["CPUExecutionProvider"])
                    results = dict(zip(names, session.run(None, {"input": x.numpy()})))
                    codes = differing = largest = 0
                    for name in names[1:]:
                        ours = np.load(f"{tmp}/nodes/{name.removesuffix('_codes')}.npy").astype(int)
                        difference = np.abs(ours - results[name].astype(int))
                        codes, differing, largest = codes + difference.size, differing + int((difference > 0).sum()), max(largest, int(difference.max()))
                    same = int((logits.argmax(1) == results["logits"].argmax(1)).sum())
                    print(f"{kind} {backend}, {how}: {len(names) - 1} nodes, {differing} of {codes} codes differ ({100 * differing / codes:.4f} %), by at most {largest}; "
                          f"the same answer on {same} of {len(x)} images")
                    ok &= largest <= 16  # a code that differs by one moves others behind it, most of all in untrained networks
    return ok


def qat(a, files):
    """Both ways through the .pth: trained by one, converted by both."""
    ok = True
    x = torch.stack([load_image(f) for f in spread(files, 4)])
    small = torch.nn.functional.interpolate(torch.stack([load_image(f) for f in spread(files, 16)]), 96)
    for kind in ("fastai", "resnet18"):
        for backend in ("qnnpack", "x86", "onednn"):
            for trained_by in ("octet", "PyTorch"):
                with tempfile.TemporaryDirectory() as tmp:
                    torch.backends.quantized.engine = BACKENDS[backend][1]
                    model = golden_models.build(kind, 10)
                    prepared = prepare_qat_fx(model.train(), get_default_qat_qconfig_mapping(BACKENDS[backend][2]), torch.zeros(1, 3, 224, 224))
                    if trained_by == "octet":
                        torch.save(model.state_dict(), f"{tmp}/float.pth")
                        run(a.build / "train_or_load", "--quiet", "--qat", "--backend", backend, "--epochs", 1, "--size", 64, "--batch-size", 32, "--weights", f"{tmp}/float.pth",
                            "--data", ROOT / "data" / "imagenette-sample", "--output", f"{tmp}/qat.pth")
                        prepared.load_state_dict(torch.load(f"{tmp}/qat.pth", weights_only=True), strict=True)
                    else:
                        optimizer = torch.optim.SGD(prepared.parameters(), lr=1e-4)
                        for _ in range(3):
                            torch.nn.functional.cross_entropy(prepared(small), torch.arange(len(small)) % 10).backward()
                            optimizer.step()
                        torch.save(prepared.state_dict(), f"{tmp}/qat.pth")
                    quantized = convert_fx(prepared.eval())
                    recorder = golden_models.Recorder(quantized)
                    np.save(f"{tmp}/x.npy", x.numpy())
                    with torch.no_grad():
                        recorder.run(x)
                    run(a.build / "quantize", "--quiet", "--weights", f"{tmp}/qat.pth", "--eval-limit", 10, "--no-fake-quant", "--output", f"{tmp}/out")
                    run(a.build / "predict", "--model", f"{tmp}/out/model.safetensors", "--input", f"{tmp}/x.npy", "--dump", f"{tmp}/nodes")
                    ok &= verdict(f"{kind} {backend} trained by {trained_by}", recorder, f"{tmp}/nodes")
    return ok


def calibration(a, files):
    ok = True
    for backend in ("qnnpack", "x86"):
        with tempfile.TemporaryDirectory() as tmp:
            model, prepared = prepared_model("fastai", 10, backend, files, a.batch)
            torch.save(model.state_dict(), f"{tmp}/float.pth")
            run(a.build / "quantize", "--quiet", "--weights", f"{tmp}/float.pth", "--data", a.data, "--split", a.split, "--backend", backend, "--limit", len(files),
                "--batch-size", a.batch, "--eval-limit", 10, "--no-fake-quant", "--output", f"{tmp}/out")
            ours = json.load(open(f"{tmp}/out/report.json"))["observers"]
            theirs = [(n.target, str(n.args[0]), prepared.get_submodule(n.target)) for n in prepared.graph.nodes
                      if n.op == "call_module" and "activation_post_process" in str(n.target)]
            names = [(o["name"], o["observes"]) for o in ours] == [(t, s) for t, s, _ in theirs]
            qparams = [o.calculate_qparams() for _, _, o in theirs]
            zero_points = sum(o["zero_point"] == int(z) for o, (_, z) in zip(ours, qparams))
            difference = sorted((abs(o["scale"] / float(s) - 1) for o, (s, _) in zip(ours, qparams)), reverse=True)
            far = sum(d > 0.003 for d in difference)
            good = names and zero_points == len(theirs) and far <= 3 and difference[0] <= 0.05
            ok &= good
            print(f"{'ok  ' if good else 'FAIL'} {backend}, {len(files)} images in batches of {a.batch}: names {'equal' if names else 'DIFFER'}, {zero_points} of "
                  f"{len(theirs)} zero points equal, scales: {far} beyond 0.3 %, largest differences {', '.join(f'{100 * d:.3f} %' for d in difference[:4])}", flush=True)
    return ok


def cost(a, files):
    """Of PyTorch the network alone, on decoded images; of octet the whole calibration, decoding included, beside its float network."""
    decoded = list(batches(files, a.batch))
    torch.backends.quantized.engine = "qnnpack"
    model = golden_models.build("fastai", 10)
    prepared = prepare_fx(model, get_default_qconfig_mapping("qnnpack"), torch.zeros(1, 3, 224, 224))
    seconds = {}
    with tempfile.TemporaryDirectory() as tmp, torch.no_grad():
        for name, m in (("float", model), ("calibrate", prepared)):
            m(decoded[0])
            start = time.perf_counter()
            for b in decoded:
                m(b)
            seconds[name] = time.perf_counter() - start
        torch.save(model.state_dict(), f"{tmp}/float.pth")
        run(a.build / "quantize", "--quiet", "--weights", f"{tmp}/float.pth", "--data", a.data, "--split", a.split, "--limit", len(files), "--eval-limit", len(files), "--subset", "spread",
            "--threads", 2, "--no-fake-quant", "--output", f"{tmp}/out")
        ours = json.load(open(f"{tmp}/out/report.json"))["timings"]
    ratio = ours["calibrate"] / ours["float"]
    print(f"{'ok  ' if ratio <= 1.3 else 'FAIL'} {len(files)} images, calibrate / float: octet {ours['calibrate']:.1f} s / {ours['float']:.1f} s = {ratio:.2f} (decoding included), "
          f"PyTorch {seconds['calibrate']:.1f} s / {seconds['float']:.1f} s = {seconds['calibrate'] / seconds['float']:.2f} (decoding not included)")
    return ratio <= 1.3


def answers(a, files):
    ok = True
    for backend in ("qnnpack", "x86"):
        with tempfile.TemporaryDirectory() as tmp:
            _, prepared = prepared_model("fastai", 10, backend, spread(files, 256), a.batch)
            quantized = convert_fx(prepared)
            torch.save(quantized.state_dict(), f"{tmp}/int8.pth")
            same = equal_logits = 0
            for b in batches(files, 500):
                np.save(f"{tmp}/x.npy", b.numpy())
                run(a.build / "predict", "--model", f"{tmp}/int8.pth", "--engine", engine_of(backend), "--input", f"{tmp}/x.npy", "--output", f"{tmp}/y.npy", "--force")
                got = np.load(f"{tmp}/y.npy")
                with torch.no_grad():
                    want = torch.cat([quantized(part) for part in b.split(50)]).numpy()
                same += int((got.argmax(1) == want.argmax(1)).sum())
                equal_logits += int((got == want).all(1).sum())
            ok &= same == len(files)
            print(f"{'ok  ' if same == len(files) else 'FAIL'} {backend}: the same answer on {same} of {len(files)} images, all logits equal on {equal_logits}", flush=True)
    return ok


def speed(a, files):
    """Two rounds; the ratio of the better ones. The images are the first ones in both."""
    def torch_job():
        model, prepared = prepared_model("fastai", 10, "qnnpack", files, a.batch)
        quantized = convert_fx(prepared)
        with torch.no_grad():
            for m in (model, quantized):
                for b in batches(files, a.batch):
                    m(b)

    def our_job(tmp):
        folder = pathlib.Path(tmp) / a.split
        if not folder.exists():
            for f in files:
                to = folder / f.split("/")[-2] / f.split("/")[-1]
                to.parent.mkdir(parents=True, exist_ok=True)
                to.symlink_to(os.path.abspath(f))
        run(a.build / "quantize", "--quiet", "--data", tmp, "--split", a.split, "--batch-size", a.batch, "--threads", 2, "--no-fake-quant")

    seconds = {"PyTorch": [], "octet": []}
    with tempfile.TemporaryDirectory() as tmp:
        for _ in range(2):
            for name, job in (("PyTorch", torch_job), ("octet", lambda: our_job(tmp))):
                start = time.perf_counter()
                job()
                seconds[name].append(time.perf_counter() - start)
    ratio = min(seconds["octet"]) / min(seconds["PyTorch"])
    print(f"{'ok  ' if ratio <= 1 else 'FAIL'} {len(files)} images, 2 threads: " + ", ".join(f"{n} {' and '.join(f'{t:.1f}' for t in ts)} s" for n, ts in seconds.items()) + f", ratio {ratio:.2f}")
    return ratio <= 1


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["nodes", "export", "onnx", "qat", "calibration", "cost", "answers", "speed"])
    p.add_argument("--data", required=True)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    p.add_argument("--split", default="val")
    p.add_argument("--limit", type=int, default=0)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--networks", default="", help="of nodes: only these, such as vgg16,alexnet")
    p.add_argument("--pt2", action="store_true", help="of nodes: the networks come from files of torch.export")
    a = p.parse_args()
    torch.set_num_threads(2)
    files = sorted(glob.glob(f"{a.data}/{a.split}/*/*.JPEG"))
    limit = a.limit or {"nodes": 64, "export": 32, "onnx": 32, "qat": 32, "calibration": 448, "cost": 512, "answers": len(files), "speed": 512}[a.what]
    if a.what in ("speed", "cost"):
        files = spread(files, limit)  # of all classes, as quantize's output needs them
    sys.exit(0 if globals()[a.what](a, files[:limit]) else 1)


if __name__ == "__main__":
    main()
