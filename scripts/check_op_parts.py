#!/usr/bin/env python3
"""What an op needs cannot be forgotten: leaves out each part of an op, one at a time, and sees that the sources no longer compile.

    check_op_parts.py [PAGE ...]      PAGE: of nn/graph/ops/, "sigmoid" without one

The parts are the members of its structs and of their kInfo, its places in the lists (nn/graph/op.h, ops/support/activations.h) and in the
translators (training, ONNX). Nothing is written: the changed copy of a file lies in a temporary folder, before the sources in the include path.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPILE = ["g++", "-std=c++20", "-fopenmp", "-Werror=switch", "-fsyntax-only"]
# Who reads what: the units that a part's absence must break.
LIST, FILES, CONVERT = "nn/graph/op.cpp", "quant/formats/model_file.cpp", "quant/passes/convert.cpp"
TRAINING, ONNX, CALLS = "nn/graph_module.cpp", "quant/formats/to_onnx.cpp", "nn/functional.cpp"

MADE_BY = {"QuantizedActivation": "networks/onnx/int8_forms.cpp"}  # an int8 op that FX does not have


def compiles(unit, changed=None, text=None):
    """Does `unit` compile when the file `changed` holds `text` instead?"""
    with tempfile.TemporaryDirectory() as folder:
        source = ROOT / unit
        if changed:
            copy = pathlib.Path(folder) / changed
            copy.parent.mkdir(parents=True)
            copy.write_text(text)
            if changed == unit:
                source = copy
        return subprocess.run([*COMPILE, f"-I{folder}", f"-I{ROOT}", source], capture_output=True).returncode == 0


def members(text):
    """(name, text) of the functions in a page's structs."""
    for m in re.finditer(r"^  (?:\w[\w:<>, ]*? )(\w+)\([^;{]*\)(?: const)? \{(?:[^\n]*\}\n|.*?\n  \}\n)", text, re.M | re.S):
        yield m.group(1), m.group(0)


def parts(page):
    """(what, file, text without it, unit that must not compile)"""
    file = f"nn/graph/ops/{page}.h"
    text = (ROOT / file).read_text()
    for struct in re.split(r"(?m)^struct ", text)[1:]:
        name = struct.split()[0]
        for item in re.findall(r"\.(?:name|inputs|takes|gives|scale|layout|fixed) = [^,}]+,?", struct):
            yield f"{name}: {item.rstrip(',')}", file, text.replace(struct, struct.replace(item, "", 1)), LIST
        for function, body in members(struct):
            yield f"{name}::{function}()", file, text.replace(struct, struct.replace(body, "", 1)), FILES if function == "fields" else LIST
        for unit in (TRAINING, ONNX):
            overloads = re.findall(rf"^.*\(const op::{name}&[^\n]*\n", (ROOT / unit).read_text(), re.M)
            for overload in overloads:
                yield f"{unit}: {name}", unit, (ROOT / unit).read_text().replace(overload, "", 1), unit
        op = (ROOT / "nn/graph/op.h").read_text()
        yield f"nn/graph/op.h: {name}", "nn/graph/op.h", re.sub(rf"struct {name}\b,?", "", op, count=1), MADE_BY.get(name, CONVERT if name.startswith("Quantized") else CALLS)
    activations = (ROOT / "ops/support/activations.h").read_text()
    if f"  {page},\n" in activations or re.search(rf"enum class Activation.*\b{page}\b", activations):
        struct = re.search(rf"^struct {page.capitalize()} \{{.*?^\}};\n", activations, re.M | re.S).group(0)
        yield f"struct ops::{page.capitalize()}", "ops/support/activations.h", activations.replace(struct, ""), CALLS
        yield f"enum Activation: {page}", "ops/support/activations.h", re.sub(rf"(enum class Activation.*?),? ?\b{page}\b", r"\1", activations), CALLS
        case = re.search(rf"^    case Activation::{page}:\n[^\n]*\n", activations, re.M).group(0)
        yield f"case Activation::{page}", "ops/support/activations.h", activations.replace(case, ""), CALLS
        for function, body in members(struct):
            yield f"ops::{page.capitalize()}::{function}()", "ops/support/activations.h", activations.replace(struct, struct.replace(body, "")), "ops/elementwise.cpp"


def attempt(part):
    page, what, file, text, unit = part
    assert text != (ROOT / file).read_text(), what
    return page, what, unit, compiles(unit, file, text)


def main():
    failed = [unit for unit in (LIST, FILES, CONVERT, TRAINING, ONNX, CALLS, "ops/elementwise.cpp") if not compiles(unit)]
    if failed:
        sys.exit(f"check_op_parts: does not compile as it is: {', '.join(failed)}")
    tries = [(page, *part) for page in sys.argv[1:] or ["sigmoid"] for part in parts(page)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for page, what, unit, compiled in pool.map(attempt, tries):
            if compiled:
                print(f"{page}: {unit} compiles without {what}")
                failed.append(what)
    print(f"{len(tries)} parts left out, {len(tries) - len(failed)} noticed by the compiler")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
