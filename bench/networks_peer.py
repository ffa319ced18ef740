#!/usr/bin/env python3
"""The PyTorch side of networks_bench.py: transformers' models, eager, on the same data. Prints one JSON line.

networks_peer.py eval|train MODEL DATA --format idx|imagefolder --precision float32|bfloat16 --attention sdpa|eager
"""

import argparse
import gzip
import json
import pathlib
import time

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import CLIPVisionModelWithProjection

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]


def read_idx(path):
    raw = gzip.open(path).read()
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


class Idx(torch.utils.data.Dataset):
    def __init__(self, folder, split, shift=0):
        self.images = read_idx(next(pathlib.Path(folder).glob(f"{split}-images-idx?-ubyte.gz")))
        self.labels = read_idx(pathlib.Path(folder) / f"{split}-labels-idx1-ubyte.gz")
        self.shift = shift

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        pixels = torch.from_numpy(self.images[index].copy()).float()
        pixels = pixels.expand(3, -1, -1) if pixels.dim() == 2 else pixels.permute(2, 0, 1)
        pixels = (pixels / 255 - MEAN) / DEVIATION
        if self.shift:
            dx, dy = torch.randint(-self.shift, self.shift + 1, (2,)).tolist()
            pixels = torch.roll(pixels, (dy, dx), (1, 2))
        return pixels, int(self.labels[index])


class Images(torch.utils.data.Dataset):
    """CLIP's preprocessing with Pillow alone, which is faster than going through the image processor."""

    def __init__(self, folder, split, size):
        self.paths = sorted(pathlib.Path(folder, split).glob("*/*"))
        names = sorted({path.parent.name for path in self.paths})
        self.labels = [names.index(path.parent.name) for path in self.paths]
        self.size = size

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        image = Image.open(self.paths[index]).convert("RGB")
        scale = self.size / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BICUBIC)
        left, top = (image.width - self.size) // 2, (image.height - self.size) // 2
        pixels = torch.from_numpy(np.asarray(image.crop((left, top, left + self.size, top + self.size))).copy())
        return (pixels.permute(2, 0, 1).float() / 255 - MEAN) / DEVIATION, self.labels[index]


def logits_of(model, pixels, head, scale):
    features = model(pixel_values=pixels).image_embeds.float()
    return scale * (features / features.norm(dim=-1, keepdim=True)) @ head.T


def evaluate(model, loader, head, scale, autocast):
    seen = correct = 0
    start = None
    with torch.inference_mode(), autocast:
        for pixels, labels in loader:
            if start is None:  # the first batch warms up, as it does on the other side
                logits_of(model, pixels, head, scale)
                start = time.perf_counter()
            correct += (logits_of(model, pixels, head, scale).argmax(-1) == labels).sum().item()
            seen += len(labels)
    return {"items": seen, "seconds": time.perf_counter() - start, "correct": correct}


def train(model, loader, head, scale, autocast, steps):
    model.visual_projection.weight.requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4, fused=True)
    done, start = 0, None
    while done < steps + 1:
        for pixels, labels in loader:
            with autocast:
                loss = torch.nn.functional.cross_entropy(logits_of(model, pixels, head, scale), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            done += 1
            if done == 1:
                start = time.perf_counter()
            if done == steps + 1:
                break
    return {"steps": steps, "seconds": time.perf_counter() - start, "loss": loss.item()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices=["eval", "train"])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--head", required=True)
    parser.add_argument("--format", required=True, choices=["idx", "imagefolder"])
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--attention", default="sdpa")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--workers", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    model = CLIPVisionModelWithProjection.from_pretrained(arguments.model, attn_implementation=arguments.attention)
    head = load_file(arguments.head)["weight"]
    training = arguments.job == "train"
    if arguments.format == "idx":
        data = Idx(arguments.data, "train" if training else "test", 2 if training else 0)
    else:
        data = Images(arguments.data, "test", model.config.image_size)
    loader = torch.utils.data.DataLoader(data, arguments.batch, shuffle=training, num_workers=arguments.workers)
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.precision == "bfloat16")
    if training:
        result = train(model.train(), loader, head, 25.0, autocast, arguments.steps)
    else:
        result = evaluate(model.eval(), loader, head, 25.0, autocast)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
