#!/usr/bin/env python3
"""Trains the tiny tokenizers of data/ and writes what the Hugging Face libraries make of the texts of strings.py.

Run with the environment of requirements-peers.txt. data/ then holds texts.txt (bytes in hexadecimal, a text a line),
and for each tokenizer its tokenizer.json and ids.txt (the ids of each text, cut at LENGTH).
"""

import json
import pathlib

import strings
import tokenizers
import transformers
import yaml
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(__file__).resolve().parent / "data"
COUNT = 1000
LENGTH = 20
SIZE = 600


def corpus() -> list[str]:
    out = []
    for path in sorted((ROOT / "share" / "zero_shot").glob("*.yml")):
        words = yaml.safe_load(path.read_text())
        out += [words["templates"][i % len(words["templates"])].format(c) for i, c in enumerate(words["classes"])]
    return out + [" ".join(strings.WORDS)] * 5


def trained(model, trainer, normalizer, pre_tokenizer) -> tuple[dict, list]:
    tokenizer = tokenizers.Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(corpus(), trainer)
    state = json.loads(tokenizer.to_str())["model"]
    return state["vocab"], [tuple(merge) for merge in state.get("merges", [])]


def clip() -> tokenizers.Tokenizer:
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    ending = [c + "</w>" for c in sorted(alphabet)]
    blank = transformers.CLIPTokenizer(vocab={"<|startoftext|>": 0, "<|endoftext|>": 1}, merges=[]).backend_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE + 200, initial_alphabet=alphabet, end_of_word_suffix="</w>", special_tokens=ending
    )
    vocab, merges = trained(models.BPE(end_of_word_suffix="</w>"), trainer, blank.normalizer, blank.pre_tokenizer)
    for token in ("<|startoftext|>", "<|endoftext|>"):
        vocab[token] = len(vocab)
    return transformers.CLIPTokenizer(vocab=vocab, merges=merges).backend_tokenizer


def roberta() -> tokenizers.Tokenizer:
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=special
    )
    vocab, merges = trained(models.BPE(), trainer, None, pre_tokenizers.ByteLevel(add_prefix_space=False))
    mask = tokenizers.AddedToken("<mask>", lstrip=True, special=True)
    return transformers.RobertaTokenizer(vocab=vocab, merges=merges, mask_token=mask).backend_tokenizer


def bert() -> tokenizers.Tokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=special)
    model = models.WordPiece(unk_token="[UNK]")
    vocab, _ = trained(model, trainer, normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    return transformers.BertTokenizer(vocab=vocab).backend_tokenizer


def odd(base: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """CLIP's as its first files have it, and what the other three do not use: gaps in the vocabulary, flags of added
    tokens, templates."""
    state = json.loads(base.to_str())["model"]
    gaps = {c + end for c in "ĀāĂăÿþ¡" for end in ("", "</w>")}
    vocab = {token: i for token, i in state["vocab"].items() if token not in gaps}
    merges = [tuple(m) for m in state["merges"] if not gaps & {*m}]
    model = models.BPE(vocab, merges, end_of_word_suffix="</w>", unk_token="<|endoftext|>", fuse_unk=True)
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.normalizer = base.normalizer
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [
            tokenizers.AddedToken("<|startoftext|>", normalized=True, special=True),
            tokenizers.AddedToken("<|endoftext|>", normalized=True, special=True),
        ]
    )
    tokenizer.add_tokens(
        [
            tokenizers.AddedToken("<mask>", lstrip=True, rstrip=True, normalized=False),
            tokenizers.AddedToken("World", single_word=True, normalized=True),
            tokenizers.AddedToken("cat", single_word=True, normalized=False),
            tokenizers.AddedToken("<s>", rstrip=True, normalized=True),
            tokenizers.AddedToken("<s>a", normalized=False),
        ]
    )
    start, end = vocab["<|startoftext|>"], vocab["<|endoftext|>"]
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|startoftext|> $A <|endoftext|> <|endoftext|>",
                special_tokens=[("<|startoftext|>", start), ("<|endoftext|>", end)],
            ),
        ]
    )
    return tokenizer


def prefixed(base: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """RoBERTa's with a space before each text."""
    tokenizer = tokenizers.Tokenizer.from_str(base.to_str())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return tokenizer


def write(name: str, tokenizer: tokenizers.Tokenizer, texts: list[bytes]) -> None:
    folder = DATA / name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (folder / "tokenizer.json").write_text(tokenizer.to_str() + "\n")
    tokenizer.enable_truncation(LENGTH)
    ids = [tokenizer.encode(strings.decoded(text)).ids for text in texts]
    (folder / "ids.txt").write_text("".join(" ".join(map(str, row)) + "\n" for row in ids))


def main() -> None:
    texts = strings.texts(COUNT)
    DATA.mkdir(exist_ok=True)
    (DATA / "texts.txt").write_text("".join(text.hex() + "\n" for text in texts))
    tiny_clip, tiny_roberta = clip(), roberta()
    write("clip", tiny_clip, texts)
    write("roberta", tiny_roberta, texts)
    write("bert", bert(), texts)
    write("odd", odd(tiny_clip), texts[:300])
    write("prefixed", prefixed(tiny_roberta), texts[:300])


if __name__ == "__main__":
    main()
