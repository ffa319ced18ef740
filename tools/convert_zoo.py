#!/usr/bin/env python3
"""Makes examples/zoo from a zoo of F32 models: the same tensors rounded to F16, and the heads as they are.

usage: tools/convert_zoo.py ZOO OUT [--tasks mnist,eurosat,gtsrb,fashion-mnist] [--check]
With --check nothing is written; exits 1 if OUT is not exactly what would be written.
"""

import argparse
import json
import pathlib
import struct
import sys

TASKS = "mnist,eurosat,gtsrb,fashion-mnist"


def read_safetensors(path: pathlib.Path) -> tuple[dict[str, str], dict[str, tuple[list[int], bytes]]]:
    """Metadata, and name -> (shape, F32 data). Raises ValueError on another dtype."""
    data = path.read_bytes()
    (header_size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + header_size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise ValueError(f"{path}: {name} is {entry['dtype']}, expected F32")
        begin, end = (8 + header_size + offset for offset in entry["data_offsets"])
        tensors[name] = (entry["shape"], data[begin:end])
    return metadata, tensors


def to_half(data: bytes) -> bytes:
    """F32 to F16, nearest-even. Raises OverflowError where F16 has no finite value."""
    count = len(data) // 4
    return struct.pack(f"<{count}e", *struct.unpack(f"<{count}f", data))


def half_safetensors(path: pathlib.Path) -> bytes:
    metadata, tensors = read_safetensors(path)
    header: dict[str, object] = {"__metadata__": metadata | {"format": "pt"}}
    body = []
    offset = 0
    for name in sorted(tensors):
        shape, data = tensors[name]
        half = to_half(data)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, offset + len(half)]}
        offset += len(half)
        body.append(half)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(body)


def half_config(path: pathlib.Path) -> bytes:
    config = json.loads(path.read_text())
    config["dtype"] = "float16"
    return (json.dumps(config, indent=2) + "\n").encode()


def zoo_files(zoo: pathlib.Path, tasks: list[str]) -> dict[str, bytes]:
    """Path within the small zoo -> content."""
    files = {}
    for name in ["base", *tasks]:
        source = zoo / "models" / name
        files[f"models/{name}/model.safetensors"] = half_safetensors(source / "model.safetensors")
        files[f"models/{name}/config.json"] = half_config(source / "config.json")
        files[f"models/{name}/preprocessor_config.json"] = (source / "preprocessor_config.json").read_bytes()
    for task in tasks:
        files[f"heads/{task}.safetensors"] = (zoo / "heads" / f"{task}.safetensors").read_bytes()
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zoo", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    wrong = []
    for name, content in zoo_files(arguments.zoo, arguments.tasks.split(",")).items():
        path = arguments.out / name
        if arguments.check:
            if not path.is_file() or path.read_bytes() != content:
                wrong.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for name in wrong:
        print(f"convert_zoo: {arguments.out / name} differs from what {arguments.zoo} gives")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
