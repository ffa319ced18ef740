#!/usr/bin/env python3
"""Makes models/: tiny random networks of every architecture with inputs and what transformers makes of them.

Run by hand in the environment of requirements-peers.txt; the results are committed. Every folder is a Hugging Face
directory with a further file golden.safetensors: inputs (pixels, or tokens and lengths) and the expected features
and logits.
"""
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
    RobertaConfig,
    RobertaForSequenceClassification,
)

FOLDER = Path(__file__).resolve().parent / "models"
VISION = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=20,
              patch_size=8, projection_dim=12)
TEXT = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, vocab_size=60,
            max_position_embeddings=10, projection_dim=12, bos_token_id=58, eos_token_id=59, pad_token_id=59)
BERT = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, vocab_size=50,
            max_position_embeddings=12)


def scrambled(model):
    """Random values everywhere, so that no bias or norm is left at 0 or 1."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval()


def write(name, model, golden):
    folder = FOLDER / name
    folder.mkdir(parents=True)
    tensors = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(model.config.to_diff_dict() | {"model_type": model.config.model_type},
                                                   indent=1))
    save_file({key: value.contiguous() for key, value in golden.items()}, folder / "golden.safetensors")


def tokens(rows, length, start, end, end_token=None, pad=0):
    ids = torch.randint(start, end, (rows, length))
    lengths = torch.randint(3, length + 1, (rows,))
    lengths[0] = length
    for row, count in enumerate(lengths):
        ids[row, count:] = pad
        if end_token is not None:
            ids[row, count - 1] = end_token
    return ids, lengths, (torch.arange(length)[None] < lengths[:, None]).long()


def vision():
    pixels = torch.randn(3, 3, 20, 20)
    model = scrambled(CLIPVisionModelWithProjection(CLIPVisionConfig(**VISION)))
    write("clip_vision", model, {"pixels": pixels, "features": model(pixel_values=pixels).image_embeds})
    model = scrambled(CLIPVisionModel(CLIPVisionConfig(**VISION | {"hidden_act": "gelu", "num_attention_heads": 1})))
    write("clip_vision_bare", model, {"pixels": pixels, "features": model(pixel_values=pixels).pooler_output})


def text():
    ids, lengths, mask = tokens(4, 9, 0, 58, end_token=59, pad=59)
    model = scrambled(CLIPTextModelWithProjection(CLIPTextConfig(**TEXT)))
    write("clip_text", model, {"tokens": ids, "lengths": lengths,
                               "features": model(input_ids=ids, attention_mask=mask).text_embeds})
    model = scrambled(CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=12)))
    pixels = torch.randn(2, 3, 20, 20)
    text_states = model.text_model(input_ids=ids, attention_mask=mask).pooler_output
    image_states = model.vision_model(pixel_values=pixels).pooler_output
    write("clip", model, {"tokens": ids, "lengths": lengths, "pixels": pixels,
                          "text_features": model.text_projection(text_states),
                          "features": model.visual_projection(image_states)})


def mean_pooled(states, mask):
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def bert():
    ids, lengths, mask = tokens(4, 11, 2, 50)
    model = scrambled(BertForSequenceClassification(BertConfig(**BERT, num_labels=5)))
    states = model.bert(input_ids=ids, attention_mask=mask).last_hidden_state
    write("bert_classifier", model, {"tokens": ids, "lengths": lengths, "features": mean_pooled(states, mask),
                                     "logits": model(input_ids=ids, attention_mask=mask).logits})
    model = scrambled(BertModel(BertConfig(**BERT)))
    states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    write("bert", model, {"tokens": ids, "lengths": lengths, "features": mean_pooled(states, mask)})
    ids, lengths, mask = tokens(4, 9, 2, 50, pad=1)
    model = scrambled(RobertaForSequenceClassification(RobertaConfig(**BERT, num_labels=3, pad_token_id=1,
                                                                     type_vocab_size=1)))
    states = model.roberta(input_ids=ids, attention_mask=mask).last_hidden_state
    write("roberta_classifier", model, {"tokens": ids, "lengths": lengths, "features": mean_pooled(states, mask),
                                        "logits": model(input_ids=ids, attention_mask=mask).logits})


def main():
    torch.manual_seed(7)
    shutil.rmtree(FOLDER, ignore_errors=True)
    with torch.no_grad():
        vision()
        text()
        bert()


if __name__ == "__main__":
    main()
