#!/usr/bin/env python3
"""A bug in any op on codes is found by its definition: puts one into each plain loop of ops/, one at a time, and sees that the test of
quant/explain/ finds nodes of that kind wrong, and no others. (Kernels in tables: tests/quant/test_explain_bugs.cpp.)

    check_explain.py [--build build] [KIND ...]

Nothing in the sources changes: the changed copy of a file is compiled beside, and linked before the library that has the right one.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is broken: the file (of a header also who compiles it), a text in it and the same with a bug; and what the nodes that compute
# with it are called.
BUGS = {
    "max pool": ("ops/int8/pool.cpp", "best[i] = std::max(best[i], x[j * stride + i])", "best[i] = std::min(best[i], x[j * stride + i])", r"max|pool"),
    "max pool, in vectors": ("ops/int8/pool.cpp", "codes > most[v] ? codes : most[v]", "codes < most[v] ? codes : most[v]", r"max|pool"),
    "average pool": ("ops/int8/pool.cpp", "sum[static_cast<size_t>(c)] += pixel[c];", "sum[static_cast<size_t>(c)] += pixel[c] + 1;", r"avg|pool|mean"),
    "mean": ("ops/int8/mean.cpp", "quantize_value(sum / count,", "quantize_value(sum / (count + 1),", r"mean"),
    "clamp": ("ops/int8/elementwise.cpp", "std::min(std::max(x[i], low), high)", "static_cast<uint8_t>(std::min(std::max(x[i], low), high) ^ 1)", r"relu|clamp|hardtanh|act|cut|stem"),
    "table of codes": ("ops/int8/elementwise.cpp", "out[i] = table[in[i]]", "out[i] = table[in[i] ^ 1]", r"."),
    "cat": ("ops/int8/elementwise.cpp", "first + c] = table[in[p * channels + c]]", "first + c] = table[in[p * channels]]", r"cat"),
    "multiply": ("ops/engines/multiplication.h ops/int8/multiply.cpp", "(a - za) * (b - zb)", "(a - za) * (b + 1 - zb)", r"mul"),
    "x + number": ("ops/int8/scalar.cpp", "static_cast<float>(q - zero) * factor", "static_cast<float>(q - zero + 1) * factor", r"add|sub"),
    "layer norm, instance norm": ("ops/int8/layer_norm.cpp", "steps, s) * inverse_scale", "steps + 1, s) * inverse_scale", r"norm|image|instance|layer|plain|rows"),
    "batch norm": ("ops/int8/batch_norm.cpp", "std::fma(steps, factor", "std::fma(steps + 1, factor", r"bn|norm"),
    "dequantize": ("ops/int8/quantize.cpp", "px[i] = dequantize_value(pc[i], qparams)", "px[i] = dequantize_value(pc[i], qparams) + 1", r"dequantize"),
    "interpolate, bilinear": ("ops/interpolate.cpp", "round_to_code(value - z, zero_point", "round_to_code(value - z + 1, zero_point", r"interpolate"),
    "interpolate, nearest": ("ops/interpolate.cpp", "std::memcpy(to, above + col.first * C,", "std::memcpy(to, image + col.first * C,", r"interpolate"),
    "softmax of whole numbers": ("ops/support/softmax_of.h ops/softmax.cpp", "+ sum / 2) / sum", "+ sum) / sum", r"softmax"),
    "softmax of reals": ("ops/softmax.cpp", "quantize_value(share, 256,", "quantize_value(share, 250,", r"softmax"),
    "flatten": ("ops/int8/elementwise.cpp", "return to_channels_first(x).reshape(flat)", "return x.reshape(flat)", r"flatten|reshape"),
}


def commands(build, target):
    """The command that makes the target, as ninja has it."""
    return subprocess.run(["ninja", "-C", build, "-t", "commands", "-s", target], capture_output=True, text=True, check=True).stdout.strip()


def found(build, file, text, bug):
    """Names of nodes that the test finds wrong with that bug."""
    file, *unit = file.split()
    unit = unit[0] if unit else file
    source = (ROOT / file).read_text()
    if source.count(text) < 1:
        sys.exit(f"check_explain: {file} has no '{text}' any more")
    with tempfile.TemporaryDirectory() as folder:
        copy, made, program = pathlib.Path(folder) / file, pathlib.Path(folder) / "bug.o", pathlib.Path(folder) / "tests"
        copy.parent.mkdir(parents=True)
        copy.write_text(source.replace(text, bug))
        compile_right = commands(build, f"CMakeFiles/octet_ops.dir/{unit}.o")
        compile_bug = re.sub(r" -I\S+", rf" -I{folder}\g<0>", compile_right, count=1)  # the changed header is found first
        compile_bug = re.sub(r" -MD .*$", f" -o {made} -c {copy if unit == file else ROOT / unit}", compile_bug)
        subprocess.run(compile_bug, shell=True, cwd=build, check=True)
        link = commands(build, "tests/tests_networks")
        link = re.search(r"(\S*(?:g\+\+|c\+\+|clang\+\+)\S* .*?) -o (\S+)(.*)$", link)
        subprocess.run(f"{link[1]} -o {program} {made} {re.sub(r' && .*', '', link[3])}", shell=True, cwd=build, check=True)
        test = subprocess.run([program, "--gtest_filter=Explain.EveryOutput*"], capture_output=True, text=True, cwd=ROOT)
        return sorted(set(re.findall(r"^\w+, \w+: (\S+) ", test.stdout, re.M))), test.returncode


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("kinds", nargs="*", help="max pool, mean, ...: all")
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    a = p.parse_args()
    missed = 0
    for kind in a.kinds or BUGS:
        file, text, bug, names = BUGS[kind]
        nodes, code = found(a.build, file, text, bug)
        others = [n for n in nodes if not re.search(names, n)]
        good = code == 1 and nodes and not others
        missed += not good
        print(f"{'ok  ' if good else 'FAIL'} {kind}: {', '.join(nodes[:8]) or 'not found'}{'; not of its kind: ' + ', '.join(others) if others else ''}", flush=True)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
