#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets into FOLDER/TARGET: small goldens as they are, and files made here.

Only Python's own library is needed. Usage: make_seeds.py FOLDER
"""
import gzip, io, json, pathlib, shutil, struct, sys, tarfile, zipfile

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
LARGEST = 60_000  # bytes: mutations of larger seeds hardly ever hit what matters


def copy(folder, patterns):
    for pattern in patterns:
        for path in sorted(GOLDEN.glob(pattern)):
            if path.stat().st_size <= LARGEST:
                shutil.copy(path, folder / path.name.replace(" ", "_"))


def npy(descr="<f4", shape=(2, 3), data=bytes(24)):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def safetensors(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tar(names, level=9):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 5
            archive.addfile(info, io.BytesIO(b"image"))
    return gzip.compress(out.getvalue(), level, mtime=0)


Q = {"scale": 0.125, "zero_point": 128}


def node(name, op, inputs, kind="call_module", **attributes):
    return {"name": name, "op": op, "kind": kind, "target": name, "inputs": inputs, **attributes}


def layer(name, op, source, **attributes):
    return node(name, op, [source], input=Q, output=Q, relu=False, **attributes)


def graph(*middle):
    first = [node("x", "placeholder", [], "placeholder"), node("quant", "quantize", ["x"], output=Q),
             layer("c1", "quantized_conv2d", "quant", stride=1, padding=1, groups=1)]
    last = middle[-1]["name"] if middle else "c1"
    end = [node("dequantize", "dequantize", [last], input=Q), node("output", "output", ["dequantize"], "output")]
    return json.dumps(first + list(middle) + end).encode()


def pooled(source):
    window = {"kernel": 2, "stride": 2, "padding": 0}
    return [node("largest", "quantized_max_pool2d", [source], options=window),
            node("avg", "quantized_avg_pool2d", ["largest"], output=Q,
                 options={**window, "ceil_mode": False, "count_include_pad": True, "divisor_override": 0})]


def graphs():
    yield graph()
    yield graph(layer("c2", "quantized_conv2d", "c1", stride=[1, 2], padding=[1, 0], groups=1, dilation=2))
    yield graph(layer("dw", "quantized_conv2d", "c1", stride=2, padding=1, groups=16), *pooled("dw"))
    yield graph(node("cat", "quantized_cat", ["c1", "c1"], parts=[Q, Q], output=Q),
                node("view", "quantized_view", ["cat"], channels=[2, 16]),
                node("permute", "quantized_permute", ["view"], dims=[1, 0]))
    yield graph(node("add", "quantized_add", ["c1", "c1"], a=Q, b=Q, output=Q, relu=True),
                node("relu", "quantized_relu", ["add"], zero_point=128),
                node("relu6", "quantized_relu6", ["relu"], zero_point=128, six=176),
                node("bn", "quantized_batch_norm", ["relu6"], input=Q, output=Q, relu=False, eps=1e-5, momentum=0.1))
    yield graph(node("pool", "quantized_adaptive_avg_pool2d", ["c1"], size=1, output=Q),
                node("flatten", "quantized_flatten", ["pool"]), node("drop", "quantized_dropout", ["flatten"], p=0.5),
                layer("fc", "quantized_linear", "drop"))
    yield graph(node("mean", "quantized_mean", ["c1"], keepdim=False, as_2_3=True, output=Q),
                layer("fc", "quantized_linear", "mean"))
    yield graph(node("mul", "quantized_mul", ["c1", "c1"], a=Q, b=Q, output=Q, relu=False),
                node("tanh", "quantized_hardtanh", ["mul"], low=-1, high=1, low_code=120, high_code=136))


def qconfigs():
    yield {"": None}
    yield {"module_name": {"layer1.0.conv1": None}, "object_type": {"add": None}}
    yield {"module_name_regex": {"layer[12]\\..*": {"activation": {"quant_min": 0, "quant_max": 15}}}}
    yield {"": {"activation": {"observer": "MinMaxObserver", "dtype": "quint8", "qscheme": "affine", "reduce_range": True},
                "weight": {"observer": "MinMaxObserver", "dtype": "qint8", "qscheme": "symmetric", "per_channel": True}}}
    yield {"": {"activation": {"observer": "PercentileObserver", "percentile": 99.9, "averaging_constant": 0.01}}}
    yield {"": {"activation": {"observer": "FixedQParamsObserver", "scale": 0.1, "zero_point": 3}}}


def resume(**changed):
    position = {"epoch": 1, "images": 7, "seconds": 1.5, "smooth_loss": {"sum": 0.1, "count": 3},
                "history": [{"epoch": 0, "size": 96, "lr": 0.1, "train_loss": 1, "valid_loss": 2, "accuracy": 0.5, "seconds": 9}]}
    return {"version": 1, "threads": 2, "device": "cpu", "options": {"--lr": "1"}, "position": {**position, **changed}}


def main():
    root = pathlib.Path(sys.argv[1])

    def folder(name):
        path = root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(target, seeds):
        for i, seed in enumerate(seeds):
            data = seed if isinstance(seed, bytes) else json.dumps(seed).encode()
            (folder(target) / f"made_{i}").write_bytes(data)

    copy(folder("pth"), ["loaders/*.pth"])
    copy(folder("image"), ["images/*.jpg", "images/*.png", "images/*.bmp", "images/*.webp"])
    copy(folder("pt2"), ["pt2/*.pt2"])
    copy(folder("onnx"), ["onnx/*.onnx"])
    copy(folder("from_pytorch"), ["pt2/branches_*.pth", "loaders/quantized.pth"])
    copy(folder("zip"), ["loaders/dtypes.npz", "loaders/deflated.pth"])
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02N.")
        archive.writestr("b", b"x" * 300, zipfile.ZIP_DEFLATED)
    write("zip", [stored.getvalue()])
    write("npy", [npy(), npy("|u1", (4,), bytes(4)), npy("<i8", (), bytes(8)), npy(">f8", (1, 2), bytes(16))])
    item = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    card = {"version": 1, "classes": ["a", "b"],
            "input": {"size": 32, "channels": 3, "resize": "fastai", "interpolation": "bilinear", "mean": [0.4, 0.4, 0.4],
                      "std": [0.2, 0.2, 0.2]}}
    write("safetensors", [safetensors({}), safetensors({"a": item}, bytes(24)),
                          safetensors({"__metadata__": {"format": "pt", "octet.card": json.dumps(card)}, "a": item}, bytes(24))])
    write("tar_gz", [tar(["a/train/x/1.jpg", "a/val/y/2.png"]), tar(["d/" * 60 + "long.jpg"]), tar(["d/" * 60 + "long.jpg", "a/b.png"], 0)])
    write("model", [bytes([i % 4, 1 + i % 2, 3, 8, 9]) + g for i, g in enumerate(graphs())])
    write("qconfig", qconfigs())
    write("resume", [resume(), resume(epoch=0, history=[]), resume(images=0)])


main()
