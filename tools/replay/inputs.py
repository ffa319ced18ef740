"""Makes the inputs of a replay: small checkpoints and image tasks, the same bytes every time.

`odd` has names as in Llama and CLIP, shapes that fit no vector register, scalars, empty and 4-D tensors, and integers.
`wide` has few tensors, but they are larger than the pieces that a merge cuts them into. The repository's small zoo and
its hostile files are part of the inputs, by links.
"""

import array
import json
import math
import random
import struct
from pathlib import Path

ODD = {
    "model.embed_tokens.weight": [37, 24],
    "model.layers.0.self_attn.q_proj.weight": [24, 24],
    "model.layers.0.self_attn.k_proj.weight": [8, 24],
    "model.layers.0.mlp.gate_proj.weight": [61, 24],
    "model.layers.0.mlp.down_proj.weight": [24, 61],
    "model.layers.0.input_layernorm.weight": [24],
    "model.layers.1.self_attn.q_proj.weight": [24, 24],
    "model.layers.1.mlp.down_proj.weight": [24, 61],
    "model.layers.2.self_attn.q_proj.weight": [24, 24],
    "model.layers.10.self_attn.q_proj.weight": [24, 24],
    "model.norm.weight": [24],
    "lm_head.weight": [37, 24],
    "vision_model.embeddings.class_embedding": [19],
    "vision_model.embeddings.patch_embedding.weight": [19, 3, 4, 4],
    "vision_model.embeddings.position_ids": [1, 17],
    "vision_model.encoder.layers.0.mlp.fc1.weight": [53, 19],
    "vision_model.encoder.layers.0.mlp.fc1.bias": [53],
    "vision_model.encoder.layers.1.mlp.fc1.weight": [53, 19],
    "vision_model.encoder.layers.1.mlp.fc1.bias": [53],
    "logit_scale": [],
    "one.by_one": [1, 1],
    "nothing": [0, 4],
    "mask": [5],
}
WIDE = {
    "model.layers.0.wide.weight": [3, 65539],
    "model.layers.1.tall.weight": [1003, 131],
    "model.layers.2.row.weight": [1, 70001],
    "model.layers.2.bias": [77],
}
INTEGERS = {"vision_model.embeddings.position_ids": "I64", "mask": "U8"}
STRANGE = "model.layers.1.mlp.down_proj.weight"  # the tensor that the odd ones out change


def bf16(values):
    bits = array.array("I", array.array("f", values).tobytes())
    return array.array("H", [(b + 0x7FFF + (b >> 16 & 1)) >> 16 & 0xFFFF for b in bits]).tobytes()


ENCODERS = {
    "F64": lambda values: array.array("d", values).tobytes(),
    "F32": lambda values: array.array("f", values).tobytes(),
    "F16": lambda values: struct.pack(f"<{len(values)}e", *values),
    "BF16": bf16,
    "I64": lambda values: array.array("q", values).tobytes(),
    "U8": bytes,
}


def draws(key, count):
    """Numbers in [-1, 1], small ones likelier, as weights are."""
    raw = array.array("h", random.Random(key).randbytes(2 * count))
    return [value * abs(value) / 2**30 for value in raw]


def weights(name, count, seed):
    """The base's values, and for a seed above 0 those of a model near it that leaves every fourth value alone."""
    base = draws(f"{name} 0", count)
    if seed == 0:
        return base
    return [
        b if i % 4 == seed % 4 else b + 0.1 * d for i, (b, d) in enumerate(zip(base, draws(f"{name} {seed}", count)))
    ]


def write_safetensors(path, tensors):
    """tensors: {name: (dtype, shape, bytes)}"""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


def write_model(
    folder, shapes, seed, dtypes=("F32",), shards=1, change=lambda name, values: values, drop=(), reshape=None
):
    """Tensors take the dtypes in turn; `change` may replace a tensor's values, `reshape` its shape."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"torch_dtype": "float32", "hidden_size": 24}) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps({"of": folder.name}) + "\n")
    tensors = {}
    for place, (name, shape) in enumerate(shapes.items()):
        shape = (reshape or {}).get(name, shape)
        if name in drop:
            continue
        if name in INTEGERS:
            dtype, values = INTEGERS[name], [i + seed // 4 for i in range(math.prod(shape))]
        else:
            dtype = dtypes[place % len(dtypes)]
            values = change(name, weights(name, math.prod(shape), seed))
        tensors[name] = (dtype, shape, ENCODERS[dtype](values))
    if shards == 1:
        write_safetensors(folder / "model.safetensors", tensors)
        return
    names, index = list(tensors), {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in names[shard::shards]}
        write_safetensors(folder / file, part)
        index.update(dict.fromkeys(part, file))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}) + "\n")


def only(strange):
    """A change to the beginning of one tensor."""
    return lambda name, values: strange + values[len(strange) :] if name == STRANGE else values


def coarse(name, values):
    """Many equal magnitudes."""
    return [round(value * 16) / 16 for value in values]


def write_odd(folder):
    for seed, name in enumerate(["base", "a", "b", "c", "d", "e", "f", "g", "h"]):
        write_model(folder / name, ODD, seed)
    for dtype in ["F16", "BF16", "F64"]:
        for seed, name in enumerate(["base", "a", "b", "c"]):
            write_model(folder / dtype / name, ODD, seed, [dtype])
    mixed = {
        "base": ("F32", "BF16"),
        "a": ("BF16", "F16", "F64"),
        "b": ("F16",),
        "c": ("F32", "F64", "BF16", "F16", "F32"),
    }
    for seed, (name, dtypes) in enumerate(mixed.items()):
        write_model(folder / "mixed" / name, ODD, seed, dtypes)
    write_model(folder / "sharded", ODD, 2, shards=3)
    write_model(folder / "lacking", ODD, 2, drop=(STRANGE, "logit_scale", "mask"))
    write_model(folder / "reshaped", ODD, 2, reshape={STRANGE: [61, 24]})
    write_model(folder / "more", {**ODD, "extra.weight": [3, 5]}, 2)
    write_model(folder / "same", ODD, 0)
    write_model(folder / "nan", ODD, 2, change=only([math.nan, math.inf, -math.inf, -0.0]))
    write_model(folder / "nan_base", ODD, 0, change=only([0.5, 0.5, math.nan]))
    write_model(folder / "huge", ODD, 2, change=only([3e38, -3e38, 1e-40, 65519.0, 65520.0]))
    for seed, name in enumerate(["base", "a", "b", "c"]):
        write_model(folder / "coarse" / name, ODD, seed, change=coarse)


def write_wide(folder):
    for seed, name in enumerate(["base", "a", "b", "c"]):
        write_model(folder / name, WIDE, seed, ["BF16"] if name == "b" else ["F32"])


TASKS = ("mnist", "eurosat")


def write_tasks(folder, zoo, side=32, items=48):
    """Images of noise, as bright as their label, for the heads of the small zoo."""
    entries = ""
    for seed, task in enumerate(TASKS):
        data = folder / "data" / task
        data.mkdir(parents=True)
        for split in ["train", "test"]:
            rng = random.Random(f"{task} {split}")
            labels = bytes(i % 10 for i in range(items))
            pixels = b"".join(
                bytes(min(255, 20 * label + noise % 80) for noise in rng.randbytes(side * side)) for label in labels
            )
            (data / f"{split}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, items, side, side) + pixels)
            (data / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, items) + labels)
        data_entry = f"{{format: idx, path: data/{task}, split: test}}"
        entries += f"  - {{name: {task}, data: {data_entry}, head: heads/{task}.safetensors}}\n"
    (folder / "heads").symlink_to(zoo / "heads")
    (folder / "tasks.yml").write_text("tasks:\n" + entries)


def write_inputs(folder: Path, repository: Path) -> None:
    """Fills `folder`, which must be empty. Every entry of it is linked into the folder of each case."""
    zoo = repository / "examples" / "zoo"
    write_odd(folder / "odd")
    write_wide(folder / "wide")
    write_tasks(folder / "tasks", zoo)
    (folder / "zoo").symlink_to(zoo)
    (folder / "hostile").symlink_to(repository / "tests" / "hostile" / "files")
    for name in ["base", "a", "b", "c"]:  # the models that the golden recipes speak of
        (folder / name).symlink_to(folder / "odd" / name)
