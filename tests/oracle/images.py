#!/usr/bin/env python3
"""Compares octet's decoded images with Pillow's, pixel for pixel. Needs pillow and numpy; build the target decode_images first.

    images.py files DIR...               every file below the folders: RGB pixels, and what fastai's Resize(224) makes of them
    images.py cuts DIR [--count 1000]    JPEGs of the folder made progressive and cut after every scan, with and without an end marker
Common: --build build (where tests/decode_images is), --verbose (names all that is refused). Exits 1 when a file is read to other pixels.
"""
import argparse
import io
import pathlib
import subprocess
import sys
import tempfile
import warnings
import zlib

import numpy as np
from PIL import Image, ImageFile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "golden"))
from golden_images import load_image  # noqa: E402

SIZE = 224
READ_BY_OCTET = {"JPEG", "MPO", "PNG", "BMP", "DIB", "WEBP"}
warnings.simplefilter("ignore")
warnings.simplefilter("error", Image.DecompressionBombWarning)  # octet refuses these, too


def crc(image):
    return zlib.crc32(np.asarray(image).tobytes())


def pillows(path):
    """(format, "ok W H CRC CRC"), or (format, None) of a file that Pillow refuses."""
    kind = None
    try:
        with Image.open(path) as image:
            kind = image.format
            if kind not in READ_BY_OCTET:
                return kind, "of another format"
            rgb = image.convert("RGB")
        resized = crc(load_image(rgb, SIZE)) if min(rgb.size) >= 1 else 0
        return kind, f"ok {rgb.width} {rgb.height} {crc(rgb)} {resized}"
    except Exception as error:  # of any kind: Pillow refuses with many
        return kind, None


def octets(build, paths):
    lines = subprocess.run([build / "tests" / "decode_images", "--resize", str(SIZE)], input="\n".join(map(str, paths)) + "\n",
                           capture_output=True, text=True, errors="replace", check=True).stdout.splitlines()
    assert len(lines) == len(paths), f"{len(lines)} answers to {len(paths)} files"
    return lines


def compare(build, paths, verbose):
    counts = {}
    for path, ours in zip(paths, octets(build, paths)):
        kind, theirs = pillows(path)
        if ours == theirs:
            verdict = "equal"
        elif ours.startswith("ok") and theirs:
            verdict = "DIFFERENT"
        elif ours.startswith("ok"):
            verdict = "read by octet only"
        elif theirs:
            verdict = "read by Pillow only" if kind in READ_BY_OCTET else "of another format, refused"
        else:
            verdict = "refused by both"
        counts[verdict] = counts.get(verdict, 0) + 1
        if verdict == "DIFFERENT" or (verbose and verdict not in ("equal", "refused by both", "of another format, refused")):
            print(f"{verdict}: {path} ({kind}): {ours}" + (f"; Pillow: {theirs}" if theirs else ""))
    print(f"{len(paths)} files: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    return counts.get("DIFFERENT", 0) == 0


def scans_of(data):
    """Where each scan of a JPEG begins (its SOS), and where the last one ends."""
    at, found = 2, []
    while data[at + 1] != 0xD9:
        marker, length = data[at + 1], data[at + 2] << 8 | data[at + 3]
        if marker == 0xDA:
            found.append(at)
        at += 2 + length
        if marker == 0xDA:
            while not (data[at] == 0xFF and data[at + 1] not in (0, 0xFF) and not 0xD0 <= data[at + 1] <= 0xD7):
                at += 1
    return found + [at]


def cuts(folder, count, out):
    """JPEGs cut off at the beginning of each scan but the first."""
    paths, ways = [], [(m, s, q) for m in ("RGB", "L", "CMYK") for s in (0, 1, 2) for q in (30, 75, 95) if m == "RGB" or s == 0]
    for i, source in enumerate(sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpeg", ".jpg", ".png"))):
        mode, sampling, quality = ways[i % len(ways)]
        image = Image.open(source).convert("RGB").convert(mode)
        image = image.resize((image.width // (1 + i % 3), image.height // (1 + i % 4)))
        data = io.BytesIO()
        image.save(data, "JPEG", progressive=True, quality=quality, **({"subsampling": sampling} if mode == "RGB" else {}))
        data = data.getvalue()
        for n, at in enumerate(scans_of(data)[1:]):
            for end in (b"", b"\xff\xd9"):
                path = out / f"{i:05}_{n}{'_eoi' if end else ''}.jpg"
                path.write_bytes(data[:at] + end)
                paths.append(path)
        if i + 1 == count:
            break
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["files", "cuts"])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--verbose", action="store_true")
    o = parser.parse_args()
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    if o.what == "files":
        ok = True
        for folder in o.folders:
            print(folder, end=": ", flush=True)
            ok &= compare(o.build, sorted(p for p in folder.rglob("*") if p.is_file() and "\n" not in str(p)), o.verbose)
        return 0 if ok else 1
    with tempfile.TemporaryDirectory() as out:
        return 0 if compare(o.build, cuts(o.folders[0], o.count, pathlib.Path(out)), o.verbose) else 1


if __name__ == "__main__":
    sys.exit(main())
