#!/usr/bin/env python3
"""Compares decoding, resizing and preprocessing of images with Pillow and transformers, on 200 images of many kinds,
transparent ones included: those go over white.

Needs the environment of requirements-peers.txt. The images are cut from scikit-learn's two photographs, and from
WOOTZ_ZOO/imagefolder-sample where there is one. Bytes must be equal; floats may differ by 1e-6.
"""

import argparse
import importlib.util
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image
from transformers.image_transforms import convert_to_rgb
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

IMAGES = 200
TOLERANCE = 1e-6
SIZES = [(500, 375), (375, 500), (224, 224), (640, 427), (32, 32), (28, 28), (97, 61), (300, 100), (1, 1), (7, 400)]
CONFIGS = [
    ("CLIP at 224", {}),
    ("CLIP at 32", {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}),
    ("a crop larger than the image", {"size": {"shortest_edge": 40}, "crop_size": {"height": 57, "width": 90}}),
    ("a square of 48, bilinear", {"size": {"height": 48, "width": 48}, "do_center_crop": False, "resample": 2}),
    ("no crop, other values", {"size": {"height": 30, "width": 20}, "do_center_crop": False, "rescale_factor": 0.01,
                               "image_mean": [0.5, 0.4, 0.3], "image_std": [0.25, 0.5, 0.75]}),
    ("no rescaling", {"do_rescale": False}),
    ("only a crop, not normalized", {"do_resize": False, "do_normalize": False}),
]


def sources() -> list[Image.Image]:
    package = pathlib.Path(importlib.util.find_spec("sklearn").origin).parent
    found = [Image.open(path) for path in sorted((package / "datasets/images").glob("*.jpg"))]
    zoo = pathlib.Path(os.environ.get("WOOTZ_ZOO", "")) / "imagefolder-sample"
    for path in sorted(zoo.glob("*/*/*/*.png"))[:60]:
        found.append(Image.open(path).convert("RGB"))
    return found


def palette_image(image: Image.Image, colors: int) -> Image.Image:
    return image.quantize(colors)


def with_alpha(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def sixteen_bits(image: Image.Image) -> Image.Image:
    grey = np.asarray(image.convert("L")).astype(np.uint16)
    return Image.fromarray(np.where(grey > 128, grey * 257, grey).astype(np.uint16))


def transparent_palette(image: Image.Image, path: pathlib.Path) -> None:
    image.quantize(64).save(path, transparency=3)


def palette_of_alphas(image: Image.Image, path: pathlib.Path) -> None:
    image.quantize(64).save(path, transparency=bytes(range(0, 256, 5)))


def transparent_color(image: Image.Image, path: pathlib.Path) -> None:
    image = image.quantize(20).convert("RGB")
    image.save(path, transparency=image.getpixel((image.width // 2, image.height // 2)))


def transparent_grey(image: Image.Image, path: pathlib.Path) -> None:
    image = image.convert("L")
    image.save(path, transparency=image.getpixel((image.width // 2, image.height // 2)))


def all_alphas() -> Image.Image:
    """Every value with every alpha."""
    value, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    return Image.fromarray(np.stack([value, 255 - value, value // 2, alpha], axis=-1))


# How an image is stored: the file's ending, and what saves it.
KINDS = [
    ("png", lambda image, path: image.save(path)),
    ("png", lambda image, path: image.convert("L").save(path)),
    ("png", lambda image, path: with_alpha(image).save(path)),
    ("png", lambda image, path: with_alpha(image).convert("LA").save(path)),
    ("png", lambda image, path: palette_image(image, 200).save(path)),
    ("png", lambda image, path: palette_image(image, 11).save(path)),
    ("png", lambda image, path: palette_image(image, 3).save(path)),
    ("png", transparent_palette),
    ("png", palette_of_alphas),
    ("png", transparent_color),
    ("png", transparent_grey),
    ("png", lambda image, path: image.convert("1").save(path)),
    ("png", lambda image, path: sixteen_bits(image).save(path)),
    ("jpg", lambda image, path: image.save(path)),
    ("jpg", lambda image, path: image.save(path, quality=95, subsampling=0)),
    ("jpg", lambda image, path: image.save(path, quality=60, subsampling=1)),
    ("jpg", lambda image, path: image.save(path, quality=30, progressive=True)),
    ("jpg", lambda image, path: image.convert("L").save(path)),
    ("jpg", lambda image, path: image.convert("CMYK").save(path)),
    ("jpg", lambda image, path: image.save(path, quality=85, subsampling=0, keep_rgb=True)),
    ("bmp", lambda image, path: image.save(path)),
    ("bmp", lambda image, path: with_alpha(image).save(path)),
    ("bmp", lambda image, path: image.convert("L").save(path)),
    ("bmp", lambda image, path: image.convert("1").save(path)),
    ("bmp", lambda image, path: palette_image(image, 256).save(path)),
    ("ppm", lambda image, path: image.save(path)),
    ("pgm", lambda image, path: image.convert("L").save(path)),
    ("pgm", lambda image, path: sixteen_bits(image).save(path)),
    ("pbm", lambda image, path: image.convert("1").save(path)),
]


def make_images(folder: pathlib.Path) -> list[pathlib.Path]:
    originals = sources()
    paths = []
    for i in range(IMAGES):
        original = originals[i % len(originals)]
        width, height = SIZES[i // len(KINDS) % len(SIZES)]
        if max(original.size) < 200:
            image = original  # in its own size
        else:
            left = (i * 37) % max(original.width - width, 1)
            top = (i * 53) % max(original.height - height, 1)
            image = original.crop((left, top, left + width, top + height))
        ending, save = KINDS[i % len(KINDS)]
        path = folder / f"{i:03}.{ending}"
        save(image, path)
        paths.append(path)
    all_alphas().save(folder / "all_alphas.png")
    return [*paths, folder / "all_alphas.png"]


def run(program: pathlib.Path, arguments: list[str], paths: list[pathlib.Path], dtype, channels_first=False):
    """What the program makes of the images, as arrays [height, width, 3] or [3, height, width]."""
    names = "".join(f"{path}\n" for path in paths).encode()
    done = subprocess.run([program, *arguments], input=names, stdout=subprocess.PIPE, check=True)
    out, at = [], 0
    for _ in paths:
        width, height = struct.unpack_from("<ii", done.stdout, at)
        count = 3 * width * height
        values = np.frombuffer(done.stdout, dtype, count, at + 8)
        at += 8 + values.nbytes
        out.append(values.reshape((3, height, width) if channels_first else (height, width, 3)))
    assert at == len(done.stdout)
    return out


class Report:
    def __init__(self) -> None:
        self.compared = 0
        self.bad = 0

    def add(self, what: str, paths, ours, theirs, tolerance: float) -> None:
        worst, where, misses = 0.0, "", 0
        for path, a, b in zip(paths, ours, theirs):
            if a.shape != b.shape:
                difference = float("inf")
            else:
                difference = np.abs(a.astype(np.float64) - b.astype(np.float64)).max()
            misses += difference > tolerance
            if difference > worst:
                worst, where = difference, f"{path.name} {a.shape} {b.shape}"
        complaint = f"{misses} of {len(paths)} differ, most: {where}" if misses else "ok"
        print(f"{what:<44} largest difference {worst:<12.3g} {complaint}", flush=True)
        self.compared += 1
        self.bad += misses > 0


def as_rgb(path: pathlib.Path) -> Image.Image:
    """What transformers' processors take an image for."""
    return Image.fromarray(convert_to_rgb(as_stored(path), return_numpy=True))


def as_stored(path: pathlib.Path) -> Image.Image:
    """In its own mode, with what the file says of transparency."""
    with Image.open(path) as image:
        image.load()
        return image


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, default="build/tests/data/preprocess_image")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder to leave the images in")
    arguments = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(exist_ok=True)
        paths = make_images(folder)
        images = [as_rgb(path) for path in paths]

        decoded = run(arguments.program, ["decode"], paths, np.uint8)
        report.add("decoding", paths, decoded, [np.asarray(image) for image in images], 0)
        for resampling in range(6):
            for width, height in [(224, 224), (50, 331), (600, 20)]:
                ours = run(arguments.program, ["resize", str(width), str(height), str(resampling)], paths, np.uint8)
                theirs = [np.asarray(image.resize((width, height), resampling)) for image in images]
                name = Image.Resampling(resampling).name.lower()
                report.add(f"resizing to {width} x {height} by {name}", paths, ours, theirs, 0)
        for quality in (7, 40, 80):
            ours = run(arguments.program, ["jpeg", str(quality)], paths, np.uint8)
            theirs = []
            for image in images:
                image.save(folder / "again.jpg", quality=quality)
                theirs.append(np.asarray(as_rgb(folder / "again.jpg")))
            report.add(f"coding as JPEG of quality {quality}", paths, ours, theirs, 0)
        for what, changes in CONFIGS:
            processor = CLIPImageProcessorPil(**changes)
            processor.save_pretrained(folder / "model")
            ours = run(arguments.program, ["pixels", str(folder / "model"), "224"], paths, np.float32, True)
            theirs = [processor(as_stored(path), return_tensors="np")["pixel_values"][0] for path in paths]
            report.add(f"preprocessing: {what}", paths, ours, theirs, TOLERANCE)
    print(f"{report.compared} ways compared on {len(paths)} images each, {report.bad} differ")
    return 1 if report.bad else 0


if __name__ == "__main__":
    sys.exit(main())
