#!/usr/bin/env python3
"""Times ResNet18 in octet and its peers; bench/peers.sh makes the environment and starts it.

    peers.py --models DIR [--rounds 3] [--build build] [--threads 2] [--seconds 3]
    peers.py --engine ENGINE --models DIR --threads T --batch B --seconds S       one engine in its own process

A run prints "ENGINE THREADS BATCH min_ms median_ms runs peak_rss_mb", as predict --benchmark does. Where integers matter: torch-qnnpack,
torch-fbgemm (which gives up a bit of range for it) and onnxruntime-u8u8 keep every one; the others may saturate on CPUs without VNNI.
"""
import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time
import warnings

warnings.filterwarnings("ignore")
ENGINES = {"int8": ("octet-int8", "openvino-int8", "onnxruntime-u8s8", "onnxruntime-u8u8", "ncnn-int8", "torch-onednn", "torch-fbgemm", "torch-qnnpack"),
           "float": ("octet-float", "openvino-float", "onnxruntime-float", "ncnn-float", "torch-jit", "torch-float")}
ONE_IMAGE_AT_A_TIME = ("ncnn-float", "ncnn-int8")


def images(batch):
    import numpy as np

    return np.random.RandomState(0).randn(batch, 3, 224, 224).astype("float32")


def export(models, build):
    """r18.pth, r18.onnx, r18_u8s8.onnx, r18_u8u8.onnx and octet's r18/model.safetensors: random weights, only their time matters."""
    import torch
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
    from torchvision.models import resnet18

    torch.manual_seed(0)
    model = resnet18(num_classes=10).eval()
    torch.save(model.state_dict(), models / "r18.pth")
    torch.onnx.export(model, torch.zeros(1, 3, 224, 224), models / "r18.onnx", opset_version=17, input_names=["x"], dynamic_axes={"x": {0: "N"}}, dynamo=False)

    class Calibration(CalibrationDataReader):
        def __init__(self):
            self.batches = iter([{"x": images(4)}] * 4)

        def get_next(self):
            return next(self.batches, None)

    quant_pre_process(models / "r18.onnx", models / "r18_prepared.onnx")
    for name, weight_type in (("u8s8", QuantType.QInt8), ("u8u8", QuantType.QUInt8)):
        quantize_static(models / "r18_prepared.onnx", models / f"r18_{name}.onnx", Calibration(), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=weight_type)
    subprocess.run([build / "quantize", "--quiet", "--weights", models / "r18.pth", "--limit", "10", "--eval-limit", "10", "--no-fake-quant", "--output", models / "r18"],
                   check=True, stdout=subprocess.DEVNULL)


def torch_runner(variant, models, threads, x):
    import torch
    from torch.ao.quantization import get_default_qconfig_mapping
    from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
    from torchvision.models import resnet18

    torch.set_num_threads(threads)
    model = resnet18(num_classes=10).eval()
    model.load_state_dict(torch.load(models / "r18.pth", weights_only=True))
    x = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)
    if variant == "float":
        model = model.to(memory_format=torch.channels_last)
    elif variant == "jit":
        model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x)))
    else:
        torch.backends.quantized.engine = variant
        prepared = prepare_fx(model, get_default_qconfig_mapping(variant), x)
        with torch.no_grad():
            prepared(x)
        model = convert_fx(prepared)

    def run():
        with torch.no_grad():
            model(x)
    return run


def onnxruntime_runner(variant, models, threads, x):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    session = onnxruntime.InferenceSession(models / ("r18.onnx" if variant == "float" else f"r18_{variant}.onnx"), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})


def openvino_runner(variant, models, threads, x):
    import openvino

    core = openvino.Core()
    model = core.read_model(models / "r18.onnx")
    model.reshape(list(x.shape))
    if variant == "int8":
        import nncf

        model = nncf.quantize(model, nncf.Dataset([x]), subset_size=1)
    compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    return lambda: request.infer({0: x})


def ncnn_param(int8):
    """ResNet18 as ncnn's text: bias and relu fused, no weights, and every shape (-23330), by which ncnn chooses its algorithms.

    int8: 8=2, or 8=102 for a convolution whose only reader is another one and which therefore gives out int8.
    """
    lines, blobs = [], set()

    def layer(kind, name, inputs, outputs, shape, options=""):
        blobs.update(inputs, outputs)
        shapes = ",".join([f"3,{shape[0]},{shape[0]},{shape[1]}"] * len(outputs))
        lines.append(f"{kind} {name} {len(inputs)} {len(outputs)} {' '.join((*inputs, *outputs))} -23330={4 * len(outputs)},{shapes} {options}")

    def conv(name, x, channels, shape, kernel, stride, relu, gives_int8=False):
        layer("Convolution", name, (x,), (name,), shape, f"0={shape[1]} 1={kernel} 3={stride} 4={kernel // 2} 5=1 6={channels * shape[1] * kernel * kernel} 9={int(relu)}" + (f" 8={102 if gives_int8 else 2}" if int8 else ""))
        return name

    layer("Input", "x", (), ("x",), (224, 3), "0=224 1=224 2=3")
    layer("Pooling", "maxpool", (conv("conv1", "x", 3, (112, 64), 7, 2, True),), ("maxpool",), (56, 64), "0=0 1=3 2=2")
    y, before = "maxpool", (56, 64)
    for stage, shape in enumerate(((56, 64), (28, 128), (14, 256), (7, 512)), 1):
        for block in range(2):
            name, stride = f"layer{stage}_{block}", before[0] // shape[0]
            layer("Split", f"{name}_split", (y,), (f"{name}_a", f"{name}_b"), before)
            main = conv(f"{name}_conv2", conv(f"{name}_conv1", f"{name}_a", before[1], shape, 3, stride, True, gives_int8=True), shape[1], shape, 3, 1, False)
            skip = conv(f"{name}_downsample", f"{name}_b", before[1], shape, 1, stride, False) if stride == 2 else f"{name}_b"
            layer("Eltwise", f"{name}_add", (main, skip), (f"{name}_sum",), shape, "0=1")
            layer("ReLU", f"{name}_relu", (f"{name}_sum",), (name,), shape)
            y, before = name, shape
    layer("Pooling", "avgpool", (y,), ("avgpool",), (1, 512), "0=1 1=7")
    layer("InnerProduct", "fc", ("avgpool",), ("y",), (1, 10), "0=10 1=1 2=5120" + (" 8=2" if int8 else ""))
    return "\n".join(["7767517", f"{len(lines)} {len(blobs)}", *lines, ""])


def ncnn_runner(variant, models, threads, x):
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.load_param_mem(ncnn_param(variant == "int8"))
    net.load_model(ncnn.DataReaderFromEmpty())
    image = ncnn.Mat(x[0].copy()).clone()

    def run():
        extractor = net.create_extractor()
        extractor.input("x", image)
        assert extractor.extract("y")[0] == 0
    return run


def infer(a):
    kind, variant = a.engine.split("-")
    run = globals()[f"{kind}_runner"](variant, a.models, a.threads, images(a.batch))
    for _ in range(3):
        run()
    ms, begin = [], time.perf_counter()
    while len(ms) < 5 or time.perf_counter() - begin < a.seconds:
        start = time.perf_counter()
        run()
        ms.append(1e3 * (time.perf_counter() - start))
    print(a.engine, a.threads, a.batch, f"{min(ms):.2f} {statistics.median(ms):.2f}", len(ms), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def measure(a, engine, batch):
    """(fastest, median, peak MB) of one process."""
    if engine.startswith("octet"):
        model = a.models / ("r18/model.safetensors" if engine == "octet-int8" else "r18.pth")
        command = [a.build / "predict", "--model", model, "--benchmark", a.seconds, "--batch", batch, "--threads", a.threads]
    else:
        command = [sys.executable, __file__, "--engine", engine, "--models", a.models, "--threads", a.threads, "--batch", batch, "--seconds", a.seconds]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": str(a.threads)})
    if done.returncode != 0:
        sys.exit(f"{engine}: {done.stderr.strip().splitlines()[-1]}")
    line = next(l for l in done.stdout.splitlines() if l.startswith(f"{engine} {a.threads} {batch} "))
    _, _, _, fastest, median, _, peak = line.split()
    return float(fastest), float(median), int(peak)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--models", type=pathlib.Path, required=True)
    p.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seconds", type=float, default=3)
    p.add_argument("--batch", type=int, default=1)
    p.add_argument("--engine", help=argparse.SUPPRESS)
    p.add_argument("--export", action="store_true", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.engine:
        return infer(a)
    if a.export:
        return export(a.models, a.build)
    a.models.mkdir(parents=True, exist_ok=True)
    # In its own process: a large parent would show in its children's peak memory.
    subprocess.run([sys.executable, __file__, "--export", "--models", a.models, "--build", a.build], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(f"ResNet18, 224 px, {a.threads} threads, {a.rounds} rounds by turns, {a.seconds} s each; ms of the whole batch\n")
    print("| engine | batch | fastest run | median | peak MB | octet's fastest / this one's (every round) |\n|---|---|---|---|---|---|")
    for engines in ENGINES.values():
        for batch in (1, 32):
            engines = [e for e in engines if batch == 1 or e not in ONE_IMAGE_AT_A_TIME]
            rounds = [[measure(a, engine, batch) for engine in engines] for _ in range(a.rounds)]
            for i, engine in enumerate(engines):
                fastest, median, peak = (statistics.median(r[i][j] for r in rounds) for j in range(3))
                ratios = sorted(r[0][0] / r[i][0] for r in rounds)
                print(f"| {engine} | {batch} | {fastest:.2f} | {median:.2f} | {peak:.0f} | {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |", flush=True)


if __name__ == "__main__":
    main()
