"""Tiny checkpoints of three architectures, made with transformers: a base and three experts near it."""

import pathlib

import torch
import transformers

EXPERTS = ("expert1", "expert2", "expert3")
CHANGE = 0.02  # deviation of the task vectors: large enough that no method's guard against tiny ones sets in


def llama() -> torch.nn.Module:
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=96,
            hidden_size=64,
            intermediate_size=160,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            tie_word_embeddings=False,
        )
    )


def gpt2() -> torch.nn.Module:
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=96, n_positions=32, n_embd=64, n_layer=3, n_head=4)
    )


def clip() -> torch.nn.Module:
    return transformers.CLIPVisionModelWithProjection(
        transformers.CLIPVisionConfig(
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=32,
            patch_size=8,
            projection_dim=64,
        )
    )


ARCHITECTURES = {"llama": llama, "gpt2": gpt2, "clip": clip}


def make(folder: pathlib.Path, architecture: str) -> None:
    """Writes folder/{float32,bfloat16,float64,bfloat16-exact}/{base,expert1..3}. The last two hold the values of the
    first two in float64, for runs without rounding."""
    torch.manual_seed(7)
    network = ARCHITECTURES[architecture]()
    start = {name: value.detach().clone() for name, value in network.named_parameters()}
    for model in ("base", *EXPERTS):
        with torch.no_grad():
            for name, value in network.named_parameters():
                change = 0.0 if model == "base" else CHANGE * torch.randn_like(value)
                value.copy_(start[name] + change)
        for dtype, exact in ((torch.float32, "float64"), (torch.bfloat16, "bfloat16-exact")):
            network.to(dtype).save_pretrained(folder / str(dtype).removeprefix("torch.") / model)
            network.to(torch.float64).save_pretrained(folder / exact / model)
            if dtype == torch.float32:
                network.to(torch.float32)
        network.to(torch.float32)
