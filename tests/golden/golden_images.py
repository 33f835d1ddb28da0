"""Images as Pillow decodes, crops and resizes them, and as torch normalises them.

NAME.png or NAME.jpg with the pixels of Pillow's convert("RGB") as NAME.ppm; photo.png and portrait.png resized as NAME_to_WxH.png,
and cropped and resized as NAME_crop_SIZE.png, or as torchvision does as NAME_center_SIZE_SHORTER.png and so on; sample.txt, a CRC-32 per image of data/imagenette-sample; normalized.f32, every
uint8 value in each channel, [3, 256] float32.
"""
import pathlib
import io
import struct
import zlib

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "data" / "imagenette-sample"
SAMPLE_SIZE = 96
GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def photo(rng, width, height):
    """Smooth colours with some noise and hard edges, so that rounding and clipping both matter."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 120 * np.sin(x / (5 + 3 * c) + c) * np.cos(y / (7 - c)) for c in range(3)]
    pixels = np.stack(waves, -1) + rng.normal(0, 12, (height, width, 3))
    pixels[height // 3 : height // 2, width // 4 : width // 2] = (255, 0, 40)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, color, rows, before_idat=b""):
    """A PNG file with unfiltered rows: Pillow cannot write 16-bit colour or short palettes."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before_idat + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def save_ppm(image, path):
    image.convert("RGB").save(path, format="ppm")


def save_png(out, name, data):
    path = out / f"{name}.png"
    path.write_bytes(data)
    save_ppm(Image.open(path), out / f"{name}.ppm")


def random_rows(rng, width, height, bits):
    return [rng.integers(0, 256, (width * bits + 7) // 8, dtype=np.uint8).tobytes() for _ in range(height)]


def png_kinds(out, rng):
    w, h = 13, 7
    kinds = {"gray1": (1, GRAY, 1), "gray2": (2, GRAY, 2), "gray4": (4, GRAY, 4), "gray8": (8, GRAY, 8), "gray_alpha8": (8, GRAY_ALPHA, 16), "rgb8": (8, RGB, 24), "rgba8": (8, RGB_ALPHA, 32), "gray_alpha16": (16, GRAY_ALPHA, 32), "rgb16": (16, RGB, 48), "rgba16": (16, RGB_ALPHA, 64)}
    for name, (depth, color, bits) in kinds.items():
        save_png(out, name, png(w, h, depth, color, random_rows(rng, w, h, bits)))
    ramp = np.concatenate([np.arange(0, 520, 10), [255, 256, 65535]]).astype(">u2")
    save_png(out, "gray16", png(len(ramp), 1, 16, GRAY, [ramp.tobytes()]))
    colors = rng.integers(0, 256, 5 * 3, dtype=np.uint8).tobytes()
    indices = [rng.integers(0, 8, w, dtype=np.uint8).tobytes() for _ in range(h)]  # 5, 6 and 7 are not in the palette
    save_png(out, "palette8", png(w, h, 8, PALETTE, indices, chunk(b"PLTE", colors)))
    save_png(out, "palette_alpha", png(w, h, 8, PALETTE, indices, chunk(b"PLTE", colors) + chunk(b"tRNS", b"\0\x80")))
    save_png(out, "palette2", png(w, h, 2, PALETTE, random_rows(rng, w, h, 2), chunk(b"PLTE", colors[:12])))
    save_png(out, "gray_key", png(w, h, 8, GRAY, random_rows(rng, w, h, 8), chunk(b"tRNS", b"\0\x07")))
    # Adam7, 9 x 5, 8-bit grey: the rows of the seven passes one after another.
    passes = [(2, 1), (1, 1), (3, 1), (2, 2), (5, 1), (4, 3), (9, 2)]
    rows = [rng.integers(0, 256, pw, dtype=np.uint8).tobytes() for pw, ph in passes for _ in range(ph)]
    interlaced = bytearray(png(9, 5, 8, GRAY, rows))
    interlaced[28] = 1
    interlaced[29:33] = struct.pack(">I", zlib.crc32(bytes(interlaced[12:29])))
    save_png(out, "interlaced", bytes(interlaced))


def jpeg_kinds(out, rng):
    image = photo(rng, 45, 37)
    kinds = {
        "jpeg_444": dict(subsampling=0, quality=85),
        "jpeg_422": dict(subsampling=1, quality=85),
        "jpeg_420": dict(subsampling=2, quality=85),
        "jpeg_progressive": dict(progressive=True, quality=80),
        "jpeg_restart": dict(restart_marker_blocks=2, quality=75),
        "jpeg_quality100": dict(quality=100),
    }
    for name, options in kinds.items():
        image.save(out / f"{name}.jpg", **options)
    image.convert("L").save(out / "jpeg_gray.jpg", quality=85)
    image.convert("L").save(out / "jpeg_gray_progressive.jpg", progressive=True, quality=85)
    image.convert("CMYK").save(out / "jpeg_cmyk.jpg", quality=90)
    photo(rng, 1, 1).save(out / "jpeg_one_pixel.jpg")
    photo(rng, 17, 3).save(out / "jpeg_thin.jpg")
    photo(rng, 9, 11).save(out / "jpeg_tiny.jpg", quality=40)
    photo(rng, 9, 11).save(out / "jpeg_tiny_progressive.jpg", quality=40, progressive=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turned
    photo(rng, 20, 12).save(out / "jpeg_exif.jpg", exif=exif)


def unusual_jpegs(out, rng):
    """Files that libjpeg reads without a warning although they are not as an encoder of today writes them."""
    data = io.BytesIO()
    photo(rng, 35, 27).save(data, "JPEG", quality=80)
    data = data.getvalue()
    segments, scan = [], 2
    while data[scan + 1] != 0xDA:
        end = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
        segments.append(data[scan:end])
        scan = end
    rest, head, kind = data[scan:-2], data[:2], {s[1]: s for s in segments}
    files = {"no_tables": head + b"".join(s for s in segments if s[1] != 0xC4) + rest}  # the standard's Huffman tables
    for length in (0, 2):
        files[f"comment_{length}"] = head + b"\xff\xfe" + length.to_bytes(2, "big") + data[2:-2]
    files["dnl"] = data[:-2] + b"\xff\xdc\0\4" + kind[0xC0][5:7]
    files["bytes_after_scan"] = data[:-2] + bytes(7)
    ids = {10 + 3 * c: c + 1 for c in range(3)}  # where the frame header has the ids of the components
    frame, first = bytearray(kind[0xC0]), bytearray(rest)
    for c, at in enumerate(ids):
        frame[at] = first[5 + 2 * c] = 1
    files["equal_ids"] = head + b"".join(bytes(frame) if s[1] == 0xC0 else s for s in segments) + bytes(first)
    for name, content in files.items():
        (out / f"jpeg_{name}.jpg").write_bytes(content + b"\xff\xd9")
    photo(rng, 21, 18).save(out / "jpeg_rgb.jpg", quality=80, keep_rgb=True)
    cmyk = io.BytesIO()
    photo(rng, 33, 26).convert("CMYK").save(cmyk, "JPEG", quality=80)
    cmyk = cmyk.getvalue()
    adobe = cmyk.index(b"\xff\xeeAdobe") if b"\xff\xeeAdobe" in cmyk else cmyk.index(b"\xff\xee")
    (out / "jpeg_ycck.jpg").write_bytes(cmyk[: adobe + 15] + b"\2" + cmyk[adobe + 16 :])
    (out / "jpeg_cmyk_no_adobe.jpg").write_bytes(cmyk[:adobe] + cmyk[adobe + 16 :])


def bmp(width, height, bits, rows, palette=b"", masks=b"", top_down=False):
    """Rows from top to bottom, unpadded."""
    rows = [r + bytes(-len(r) % 4) for r in rows]
    header = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, 3 if masks else 0, 0, 0, 0, len(palette) // 4, 0)
    at = 14 + len(header) + len(masks) + len(palette)
    pixels = b"".join(rows if top_down else rows[::-1])
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at) + header + masks + palette + pixels


def bmp_kinds(out, rng):
    w, h = 13, 7
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        photo(rng, w, h).convert(mode).save(out / f"bmp_{mode.lower()}.bmp")
    colors = rng.integers(0, 256, 4 * 11, dtype=np.uint8).tobytes()  # of 16 indices
    halves = [rng.integers(0, 65536, w, dtype="<u2").tobytes() for _ in range(h)]
    files = {
        "4bit": bmp(w, h, 4, random_rows(rng, w, h, 4), colors),
        "555": bmp(w, h, 16, halves),
        "565": bmp(w, h, 16, halves, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)),
        "masks32": bmp(w, h, 32, random_rows(rng, w, h, 32), masks=struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00)),
        "top_down": bmp(w, h, 24, random_rows(rng, w, h, 24), top_down=True),
    }
    for name, content in files.items():
        (out / f"bmp_{name}.bmp").write_bytes(content)


def webp_kinds(out, rng):
    image = photo(rng, 45, 37)
    image.save(out / "webp_lossy.webp", quality=80)
    image.save(out / "webp_lossless.webp", lossless=True)
    image.putalpha(photo(rng, 45, 37).convert("L").point(lambda v: 0 if v < 90 else v))
    image.save(out / "webp_alpha.webp", quality=80)
    image.save(out / "webp_alpha_lossless.webp", lossless=True, exact=True)
    photo(rng, 20, 14).save(out / "webp_animation.webp", save_all=True, append_images=[photo(rng, 20, 14)], quality=80)


def as_pillow(out):
    for path in sorted(p for kind in ("jpeg_*.jpg", "bmp_*.bmp", "webp_*.webp") for p in out.glob(kind)):
        save_ppm(Image.open(path), path.with_suffix(".ppm"))


def load_image(image, size):
    """The central square as fastai's Resize(size) takes it from a validation image."""
    w, h = image.size
    m = min(w / size, h / size)
    cw, ch = int(m * size), int(m * size)
    x, y = int((w - cw) * 0.5), int((h - ch) * 0.5)
    return image.crop((x, y, x + cw, y + ch)).resize((size, size), Image.BILINEAR)


def resizes(out, rng):
    sizes = {"photo": [(90, 60), (45, 30), (31, 17), (89, 61), (7, 5), (1, 1), (120, 20), (90, 31), (33, 60)], "portrait": [(37, 64), (64, 37), (23, 40), (36, 9), (50, 7), (74, 63), (38, 128), (100, 64)]}
    for name, image in {"photo": photo(rng, 90, 60), "portrait": photo(rng, 37, 64)}.items():
        image.save(out / f"{name}.png", optimize=True)
        for w, h in sizes[name]:
            image.resize((w, h), Image.BILINEAR).save(out / f"{name}_to_{w}x{h}.png", optimize=True)
        for size in (11, 37, 48, 60):
            load_image(image, size).save(out / f"{name}_crop_{size}.png", optimize=True)


def rules(out):
    """photo.png and portrait.png as torchvision's transforms make squares of them: NAME_RULE.png."""
    kinds = {
        "center_37_42": [transforms.Resize(42), transforms.CenterCrop(37)],
        "center_48_55": [transforms.Resize(55), transforms.CenterCrop(48)],
        "center_60_60": [transforms.Resize(60), transforms.CenterCrop(60)],
        "squish_48": [transforms.Resize((48, 48))],
        "grey_squish_28": [transforms.Grayscale(), transforms.Resize((28, 28))],
    }
    for name in ("photo", "portrait"):
        image = Image.open(out / f"{name}.png")
        for rule, steps in kinds.items():
            transforms.Compose(steps)(image).save(out / f"{name}_{rule}.png", optimize=True)


def sample(out):
    lines = []
    for path in sorted(SAMPLE.rglob("*.JPEG")):
        image = Image.open(path).convert("RGB")
        crc = [zlib.crc32(np.array(i).tobytes()) for i in (image, load_image(image, SAMPLE_SIZE))]
        lines.append(f"{path.relative_to(SAMPLE)} {image.width} {image.height} {crc[0]} {crc[1]}\n")
    (out / "sample.txt").write_text("".join(lines))


def normalized(out):
    values = torch.arange(256, dtype=torch.uint8).expand(3, 256).reshape(3, 1, 256)
    tensor = (values.float().div(255) - MEAN) / STD
    (out / "normalized.f32").write_bytes(tensor.numpy().tobytes())


def make(out):
    rng = np.random.default_rng(0)
    png_kinds(out, rng)
    jpeg_kinds(out, rng)
    resizes(out, rng)
    sample(out)
    normalized(out)
    rng = np.random.default_rng(1)
    unusual_jpegs(out, rng)
    bmp_kinds(out, rng)
    webp_kinds(out, rng)
    as_pillow(out)
    rules(out)
