"""Times PyTorch on a CUDA device, beside octet's `predict --device cuda --benchmark` and `train_or_load --device cuda --benchmark-steps`.

    gpu_peers.py [--seconds 3] [--batches 1 32 256] [--training 64 256]

ResNet18 with 10 classes at 224 px, random weights and images that lie on the device: eager, cuDNN choosing its algorithms
(torch.backends.cudnn.benchmark), channels last, float32 with and without TF32, and float16; each also as a CUDA graph, as octet runs.
PyTorch has no int8 on a GPU. A line is "NAME BATCH min_ms median_ms runs"; of training "torch-cuda train 128 BATCH images_per_second".
"""
import argparse
import statistics
import time

import torch
from torchvision.models import resnet18


def measure(run, seconds):
    for _ in range(5):
        run()
    torch.cuda.synchronize()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def captured(model, x):
    """The forward pass as a CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())  # where x was made
    with torch.cuda.stream(stream):
        for _ in range(3):
            model(x)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        model(x)
    return graph.replay


def inference(batch, seconds):
    for name, dtype, tf32 in (("float32", torch.float32, False), ("tf32", torch.float32, True), ("float16", torch.float16, False)):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        model = resnet18(num_classes=10).eval().cuda().to(dtype, memory_format=torch.channels_last)
        x = torch.randn(batch, 3, 224, 224, device="cuda", dtype=dtype).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            for form, run in (("eager", lambda: model(x)), ("graph", captured(model, x))):
                ms = measure(run, seconds)
                print(f"torch-cuda-{name}-{form} {batch} {min(ms):.3f} {statistics.median(ms):.3f} {len(ms)}", flush=True)


def training(batch, steps=20, size=128):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    model = resnet18(num_classes=10).train().cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = torch.randn(batch, 3, size, size, device="cuda"), torch.randint(0, 10, (batch,), device="cuda")
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    print(f"torch-cuda train {size} {batch} {batch / statistics.median(seconds[1:]):.1f}", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=float, default=3)
    p.add_argument("--batches", type=int, nargs="+", default=[1, 32, 256])
    p.add_argument("--training", type=int, nargs="*", default=[64, 256])
    a = p.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("error: this PyTorch sees no CUDA device")
    torch.backends.cudnn.benchmark = True
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}")
    for batch in a.batches:
        inference(batch, a.seconds)
    for batch in a.training:
        training(batch)


main()
