#!/usr/bin/env python3
"""Copies a small sample of Imagenette: some images of each class, spread evenly over the sorted file names, bytes unchanged.

    make_sample.py SOURCE DESTINATION      # SOURCE has train/ and val/, as imagenette2-*.tgz unpacks
"""
import shutil
import sys
from pathlib import Path

IMAGES_PER_CLASS = {"val": 20, "train": 2}


def spread(files, limit):
    return files[:: max(1, len(files) // limit)][:limit]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, destination = Path(sys.argv[1]), Path(sys.argv[2])
    for split, limit in IMAGES_PER_CLASS.items():
        for folder in sorted(p for p in (source / split).iterdir() if p.is_dir()):
            target = destination / split / folder.name
            target.mkdir(parents=True, exist_ok=True)
            for file in spread(sorted(folder.glob("*.JPEG")), limit):
                shutil.copyfile(file, target / file.name)
    files = [p for p in destination.rglob("*.JPEG")]
    print(f"{len(files)} images, {sum(p.stat().st_size for p in files) / 1e6:.1f} MB -> {destination}")


if __name__ == "__main__":
    main()
