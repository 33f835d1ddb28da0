#!/usr/bin/env python3
"""Networks of Keras and PaddlePaddle, as they write them into .onnx: octet's floats beside the framework's own, and octet's int8 of them.

    onnx_foreign.py keras|paddle [NAME ...] [--build build]

Wants a Python of its own for each: `pip install tensorflow-cpu tf2onnx`, or `pip install paddlepaddle paddle2onnx packaging`. Weights are random,
batch norms' statistics too. Keras's networks are exported with images as [N, H, W, C], which octet takes as [N, C, H, W], and with [N, C, H, W].
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

SIZE, CLASSES, IMAGES = 64, 10, 4
KERAS = ["MobileNetV2", "MobileNetV3Small", "ResNet50", "DenseNet121"]
PADDLE = ["mobilenet_v2", "mobilenet_v3_small", "resnet18", "squeezenet1_1", "shufflenet_v2_x1_0", "densenet121"]


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def keras_exports(name, folder, random):
    """(file, images [N, C, H, W], the framework's probabilities) of each export."""
    import keras
    import tensorflow as tf
    import tf2onnx
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(weights=None, input_shape=(SIZE, SIZE, 3), classes=CLASSES)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shapes = [w.shape for w in layer.get_weights()]  # gamma, beta, mean, variance
            layer.set_weights([random.uniform(0.7, 1.3, s) if i in (0, 3) else random.normal(0, 0.2, s) for i, s in enumerate(shapes)])
    images = random.random((IMAGES, SIZE, SIZE, 3), dtype=np.float32) * (255 if "V3" in name else 2)
    wanted = model(images, training=False).numpy()
    function = tf.function(lambda x: model(x, training=False))
    signature = (tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, name="input"),)
    for order, options in (("NHWC", {}), ("NCHW", {"inputs_as_nchw": ["input"]})):
        file = folder / f"{name}-{order}.onnx"
        tf2onnx.convert.from_function(function, input_signature=signature, opset=15, output_path=str(file), **options)
        yield file, np.ascontiguousarray(images.transpose(0, 3, 1, 2)), wanted


def paddle_exports(name, folder, random):
    import paddle
    paddle.seed(0)
    model = getattr(paddle.vision.models, name)(pretrained=False, num_classes=CLASSES)
    model.eval()
    for layer in model.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            layer._mean.set_value(paddle.to_tensor(random.normal(0, 0.2, layer._mean.shape).astype("float32")))
            layer._variance.set_value(paddle.to_tensor(random.uniform(0.7, 1.3, layer._variance.shape).astype("float32")))
    images = random.random((IMAGES, 3, SIZE, SIZE), dtype=np.float32)
    logits = model(paddle.to_tensor(images)).numpy().reshape(IMAGES, CLASSES)
    spec = paddle.static.InputSpec([None, 3, SIZE, SIZE], "float32", "x")
    paddle.onnx.export(model, str(folder / name), input_spec=[spec], opset_version=13)
    yield folder / f"{name}.onnx", images, softmax(logits)


def octet(args, program, *words):
    return subprocess.run([args.build / program, "--quiet", *map(str, words)], check=True, capture_output=True, text=True)


def probabilities(args, model, folder):
    octet(args, "predict", "--model", model, "--input", folder / "x.npy", "--output", folder / "y.npy", "--force")
    return softmax(np.load(folder / "y.npy").reshape(IMAGES, CLASSES))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("framework", choices=["keras", "paddle"])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    args = parser.parse_args()
    exports, names = (keras_exports, KERAS) if args.framework == "keras" else (paddle_exports, PADDLE)
    bad = 0
    for name in args.names or names:
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place)
            for file, images, wanted in exports(name, folder, np.random.default_rng(0)):
                np.save(folder / "x.npy", images)
                error = np.abs(probabilities(args, file, folder) - wanted).max() / wanted.max()
                octet(args, "quantize", "--weights", file, "--input", folder / "x.npy", "--output", folder / "int8")
                int8 = np.abs(probabilities(args, folder / "int8/model.safetensors", folder) - wanted).max() / wanted.max()
                bad += not error <= 1e-5
                print(f"{'ok  ' if error <= 1e-5 else 'BAD '} {file.name}: floats {error:.1e}, int8 {int8:.1e} of the largest probability", flush=True)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
