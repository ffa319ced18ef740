#!/usr/bin/env python3
"""Makes what the benchmark of `wootz adapt` needs and no zoo has: a base and 8 experts of CLIP ViT-B/32's size.

make_clip_experts.py OUT, run by .venv-peers/bin/python. Writes OUT/models/base and OUT/models/task1..8 (F32, 3.2 GB),
OUT/heads/task1..8.safetensors (10 to 100 classes), OUT/data/task1..8 (64 images of 224 x 224 as IDX) and
OUT/tasks.yml. Nothing is learned: the base is transformers' initial model with random biases, an expert is the base
plus noise of 0.03 of each tensor's norm, which is about what fine-tuning leaves. Random, but the same in every run.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

TASKS = [f"task{number}" for number in range(1, 9)]
CLASSES = np.linspace(10, 100, len(TASKS)).astype(int)
IMAGES = 64
SIZE = 224
RELATIVE_NORM = 0.03
CONFIG = CLIPVisionConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
                          patch_size=32, image_size=SIZE, projection_dim=512)
PREPROCESSING = {
    "image_processor_type": "CLIPImageProcessor",
    "do_resize": True,
    "size": {"height": SIZE, "width": SIZE},
    "resample": 3,
    "do_center_crop": False,
    "crop_size": {"height": SIZE, "width": SIZE},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "do_convert_rgb": True,
}


def save_model(model, folder):
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSING, indent=2) + "\n")


def make_models(folder):
    """The base and, around it, the experts; the projection is the same in all of them."""
    torch.manual_seed(0)
    model = CLIPVisionModelWithProjection(CONFIG).requires_grad_(False)
    for name, parameter in model.named_parameters():
        if name.endswith(".bias"):  # zeros so far, whose change would be nothing
            parameter.normal_(0, 0.02)
    save_model(model, folder / "base")
    base = {name: parameter.clone() for name, parameter in model.named_parameters()}
    for task in TASKS:
        for name, parameter in model.named_parameters():
            if not name.startswith("visual_projection"):
                noise = torch.randn_like(parameter)
                parameter.copy_(base[name] + RELATIVE_NORM * base[name].norm() / noise.norm() * noise)
        save_model(model, folder / task)


def make_head(path, classes):
    weight = torch.randn(int(classes), CONFIG.projection_dim)
    save_file({"weight": weight / weight.norm(dim=-1, keepdim=True)}, path, metadata={"logit_scale": "100"})


def write_idx(path, array):
    shape = b"".join(extent.to_bytes(4, "big") for extent in array.shape)
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + shape + array.tobytes())


def make_data(folder, classes, generator):
    """Images of 14 x 14 coloured squares, which the network tells apart better than noise."""
    folder.mkdir(parents=True)
    squares = generator.integers(0, 256, (IMAGES, 14, 14, 3), dtype=np.uint8)
    write_idx(folder / "test-images-idx4-ubyte", squares.repeat(SIZE // 14, axis=1).repeat(SIZE // 14, axis=2))
    write_idx(folder / "test-labels-idx1-ubyte", generator.integers(0, classes, IMAGES, dtype=np.uint8))
    (folder / "classes.txt").write_text("".join(f"class {index}\n" for index in range(classes)))


def main():
    out = pathlib.Path(sys.argv[1])
    make_models(out / "models")
    (out / "heads").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for task, classes in zip(TASKS, CLASSES):
        make_head(out / "heads" / f"{task}.safetensors", classes)
        make_data(out / "data" / task, classes, generator)
    tasks = [{"name": task, "data": {"format": "idx", "path": f"data/{task}", "split": "test"},
              "head": f"heads/{task}.safetensors"} for task in TASKS]
    (out / "tasks.yml").write_text(json.dumps({"tasks": tasks}, indent=2) + "\n")


if __name__ == "__main__":
    main()
