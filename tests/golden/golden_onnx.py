"""The networks of pt2/ as both of torch.onnx's exporters write them, with the same weights: NAME_script.onnx, NAME_dynamo.onnx; NAME_folded.onnx: batch norms in the convolutions.

What PyTorch makes of them is in pt2/. Needs onnxscript, too.
"""
import contextlib
import io
import json
import pathlib
import zipfile

import onnx
import torch

from golden_pt2 import Branches, Gates, Views


def without_paths(path):
    """Keeps of a model what the tests read: no tracebacks with paths of this machine."""
    model = onnx.load(path)
    for node in model.graph.node:
        kept = [(p.key, p.value) for p in node.metadata_props if p.key.endswith(("name_scopes", "class_hierarchy"))]
        del node.metadata_props[:]
        for key, value in kept:
            node.metadata_props.add(key=key, value=value)
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
    onnx.save(model, path)


def weights_of(path):
    """The state_dict in a .pt2 (without its example inputs torch.export.load does not take it)."""
    with zipfile.ZipFile(path) as archive:
        folder = archive.namelist()[0].split("/")[0] + "/data/weights/"
        config = json.loads(archive.read(folder + "model_weights_config.json"))["config"]
        tensors = {}
        for key, entry in config.items():
            meta = entry["tensor_meta"]
            dtype = {5: torch.int64, 7: torch.float32}[meta["dtype"]]
            tensors[key] = torch.frombuffer(bytearray(archive.read(folder + entry["path_name"])), dtype=dtype).reshape([s["as_int"] for s in meta["sizes"]])
        return tensors


def make(out_dir):
    for make_network in (Branches, Views, Gates):
        model, name, x = make_network().eval(), make_network.__name__.lower(), torch.zeros(2, 3, 16, 16)
        model.load_state_dict(weights_of(pathlib.Path(__file__).parent / "pt2" / f"{name}.pt2"))
        free = dict(input_names=["x"], dynamic_axes={"x": {0: "N"}}, dynamo=False)
        torch.onnx.export(model, (x,), out_dir / f"{name}_script.onnx", training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, opset_version=11, **free)
        torch.onnx.export(model, (x,), out_dir / f"{name}_folded.onnx", opset_version=17, **free)
        path = out_dir / f"{name}_dynamo.onnx"
        with contextlib.redirect_stdout(io.StringIO()):
            torch.onnx.export(model, (x,), path, dynamo=True, optimize=False, external_data=False, dynamic_shapes=({0: torch.export.Dim("N", min=1, max=64)},), verbose=False)
        without_paths(path)
