"""Where PyTorch puts observers, quantize and dequantize under QConfigMappings that keep some layers in float: names, no numbers.

Of fastai's ResNet18, each .npz: `rules` (kind, key and choice of each), `prepared` (observer, observed node, class) and `converted`
(name and kind of each node), as lines of text.
"""
import operator

import numpy as np
import torch
from fastai.vision.all import create_vision_model
from torch.ao.quantization import QConfig, get_default_qconfig_mapping
from torch.ao.quantization.observer import MinMaxObserver, default_weight_observer
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
from torchvision.models import resnet18

MIN_MAX = QConfig(activation=MinMaxObserver.with_args(dtype=torch.quint8), weight=default_weight_observer)
TYPES = {"add": operator.add, "cat": torch.cat}
CASES = {
    "first_layer": [("module_name", "0.0", None)],
    "one_convolution": [("module_name", "0.4.0.conv1", None)],
    "second_of_block": [("module_name", "0.5.1.conv2", None)],
    "a_stage": [("module_name_regex", "0\\.6\\.", None)],
    "head": [("module_name_regex", "1", None)],
    "no_linear": [("module_name_regex", "1\\.[48]", None)],
    "no_add": [("object_type", "add", None)],
    "no_cat": [("object_type", "cat", None)],
    "all_but_one": [("global", "", None), ("module_name", "0.7.0.conv2", MIN_MAX)],
    "precedence": [("module_name_regex", "0\\.4\\..*", None), ("module_name", "0.4.1.conv1", MIN_MAX), ("module_name_regex", "0\\.4\\.1", MIN_MAX)],
    "mixed": [("module_name_regex", "0\\.7.*", MIN_MAX)],
}


def mapping_of(rules):
    mapping = get_default_qconfig_mapping("qnnpack")
    for kind, key, choice in rules:
        if kind == "global":
            mapping.set_global(choice)
        elif kind == "object_type":
            mapping.set_object_type(TYPES[key], choice)
        else:
            getattr(mapping, f"set_{kind}")(key, choice)
    return mapping


def lines(rows):
    return np.frombuffer("\n".join(rows).encode(), dtype=np.uint8)


def rule_lines(rules):
    return lines([f"{kind} {key or '-'} {'none' if choice is None else 'minmax'}" for kind, key, choice in rules])


def make(out):
    torch.manual_seed(0)
    model = create_vision_model(resnet18, 10, pretrained=False).eval()
    x = torch.randn(1, 3, 64, 64)
    for name, rules in CASES.items():
        prepared = prepare_fx(model, mapping_of(rules), (x,))
        modules = dict(prepared.named_modules(remove_duplicate=False))
        observers = [f"{n.name} {n.args[0].name} {type(modules[n.target]).__name__}" for n in prepared.graph.nodes if n.op == "call_module" and n.name.startswith("activation_post_process")]
        prepared(x)
        converted = convert_fx(prepared)
        nodes = [f"{n.name} {'call_function' if n.op == 'call_method' else n.op}" for n in converted.graph.nodes if n.op != "get_attr" and n.target != "size"]
        np.savez_compressed(out / f"{name}.npz", rules=rule_lines(rules), prepared=lines(observers), converted=lines(nodes))
