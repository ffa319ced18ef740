#!/usr/bin/env python3
"""Writes files/: heads that PyTorch and transformers make from the tiny CLIP of tests/nn/models.

Run with the environment of requirements-peers.txt. heads_test.cpp has the same words and the same way to number them.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPTextModelWithProjection

HERE = Path(__file__).resolve().parent
START, END, LENGTH = 58, 59, 10
CLASSES = ["cat", "big dog", "tree"]
TEMPLATES = ["a photo of a {}.", "{}", "a very small picture of one more {} in the snow"]
TEXTS = [(0, "red blue"), (1, "one two three"), (0, "green"), (2, "seven"), (1, "four"), (2, "ten ten"), (0, "unused")]
PER_CLASS = 2


def tokens(text: str) -> list[int]:
    ids = [1 + sum(word.encode()) % 57 for word in text.split(" ")]
    return [START, *ids[: LENGTH - 2], END]


def features(model, text: str) -> torch.Tensor:
    with torch.no_grad():
        embeds = model(input_ids=torch.tensor([tokens(text)])).text_embeds[0].double()
    return embeds / embeds.norm()


def unit(rows: torch.Tensor) -> torch.Tensor:
    return rows / rows.norm(dim=-1, keepdim=True)


def main() -> None:
    model = CLIPTextModelWithProjection.from_pretrained(HERE.parent / "nn" / "models" / "clip").eval()
    zero_shot = [torch.stack([features(model, t.format(c)) for t in TEMPLATES]).mean(0) for c in CLASSES]
    by_class = [[features(model, text) for label, text in TEXTS if label == c][:PER_CLASS] for c in range(3)]
    prototypes = torch.stack([torch.stack(rows).mean(0) for rows in by_class])
    mean = prototypes.mean(0)
    common = mean / mean.norm()
    apart = prototypes - mean
    centered = apart - (apart @ common)[:, None] * common
    (HERE / "files").mkdir(exist_ok=True)
    heads = {"zero_shot": torch.stack(zero_shot), "plain": prototypes, "centered": centered}
    save_file({name: unit(rows).float().contiguous() for name, rows in heads.items()}, HERE / "files/heads.safetensors")


if __name__ == "__main__":
    main()
