"""Writes random checkpoints with the standard library alone."""

import json
import os
import random
import struct

ITEM = {"F32": 4, "BF16": 2}


CHUNK = 1 << 23  # larger data repeat themselves


def write_checkpoint(folder, tensors, seed, dtype="F32"):
    """tensors: {name: shape}; values are random, finite and of moderate size."""
    os.makedirs(folder)
    header, offset = {}, 0
    for name, shape in tensors.items():
        size = ITEM[dtype]
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        chunk = random_values(min(offset, CHUNK), dtype, seed)
        for begin in range(0, offset, CHUNK):
            file.write(chunk[: offset - begin])
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump({"model_type": "toy"}, file)


def random_values(size, dtype, seed):
    data = bytearray(random.Random(seed).randbytes(size))
    # An exponent byte near that of 1.0 keeps every value finite and of moderate size.
    step = ITEM[dtype]
    signs = data[step - 1 :: step]
    data[step - 1 :: step] = bytes(0x3C | (sign & 0x83) for sign in signs)
    return bytes(data)
