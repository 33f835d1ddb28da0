"""Times PyTorch's training step of ResNet18 (10 classes). Usage: train_step.py SIZE BATCH THREADS STEPS [channels_last]

Prints "torch train SIZE BATCH THREADS images_per_second peak_rss_mb": the median step of all but the first, as train_or_load
--benchmark-steps does: forward, cross entropy, backward, SGD with momentum, random images.
"""
import resource
import sys
import time

import torch
from torchvision.models import resnet18

size, batch, threads, steps = map(int, sys.argv[1:5])
layout = torch.channels_last if "channels_last" in sys.argv else torch.contiguous_format
torch.set_num_threads(threads)
torch.manual_seed(0)
model = resnet18(num_classes=10).train().to(memory_format=layout)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
x, y = torch.randn(batch, 3, size, size).contiguous(memory_format=layout), torch.randint(0, 10, (batch,))
seconds = []
for _ in range(max(2, steps)):
    start = time.perf_counter()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    seconds.append(time.perf_counter() - start)
median = sorted(seconds[1:])[len(seconds[1:]) // 2]
name = "torch" if layout == torch.contiguous_format else "torch_channels_last"
print(f"{name} train {size} {batch} {threads} {batch / median:.1f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}", flush=True)
