#!/usr/bin/env python3
"""Holds every #include of src/ and apps/ against the layer law in tools/layers.txt.

Prints one line per offence (file:line: what and why) and exits 1 if there is any.
"""

import argparse
import dataclasses
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = {".h", ".hpp", ".cpp", ".cc", ".inc"}


@dataclasses.dataclass
class Law:
    layers: dict[str, set[str]]  # folder, or a folder in it as "engine/plan" -> folders it may include
    third_party: dict[str, set[str]]  # include prefix -> folders that may include it


def read_law(path: pathlib.Path) -> Law:
    """Raises ValueError on a line that is not `name : name...` within a known section."""
    sections: dict[str, dict[str, set[str]]] = {"layers": {}, "third-party": {}}
    section = None
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            section = sections.get(line[1:-1])
            if section is None:
                raise ValueError(f"{path}:{number}: unknown section {line}")
            continue
        name, colon, allowed = line.partition(":")
        name = name.strip()
        if section is None or not colon or name in section:
            raise ValueError(f"{path}:{number}: expected a new `name : name...` in a section, found {line!r}")
        section[name] = set(allowed.split())
    law = Law(sections["layers"], sections["third-party"])
    check_law(path, law)
    return law


def check_law(path: pathlib.Path, law: Law) -> None:
    """Raises ValueError if the law names an unknown folder or allows a cycle."""
    for name, allowed in (law.layers | law.third_party).items():
        for folder in sorted(allowed - law.layers.keys()):
            raise ValueError(f"{path}: {name} names the unknown folder {folder}")
    settled: set[str] = set()
    while len(settled) < len(law.layers):
        ready = {name for name, allowed in law.layers.items() if name not in settled and allowed <= settled}
        if not ready:
            cycle = ", ".join(sorted(law.layers.keys() - settled))
            raise ValueError(f"{path}: a cycle among {cycle}")
        settled |= ready


def folder_of(law: Law, relative: pathlib.PurePath) -> str | None:
    """The folder of the law a source belongs to: src/wootz/io/file.h -> io, apps/wootz/main.cpp -> apps."""
    if relative.parts[:2] != ("src", "wootz"):
        return relative.parts[0]
    if len(relative.parts) <= 3:
        return None
    inner = "/".join(relative.parts[2:4])
    return inner if inner in law.layers else relative.parts[2]


def may_include(law: Law, folder: str, target: str) -> bool:
    """Whoever may include a folder may include the folders in it; these may include what the outer one may."""
    outer, target_outer = folder.split("/")[0], target.split("/")[0]
    if outer == target_outer:
        return target == folder or folder == outer or target in law.layers[folder]
    return target_outer in law.layers[outer]


def offence(law: Law, folder: str, include: str, quoted: bool) -> str | None:
    if include.startswith("wootz/"):
        target = folder_of(law, pathlib.PurePath("src", include))
        if target not in law.layers:
            return f"{target} is not in the law"
        return None if may_include(law, folder, target) else f"{folder} may not use {target}"
    for prefix, owners in law.third_party.items():
        if include.startswith(prefix):
            return None if folder.split("/")[0] in owners else f"{prefix} belongs to {', '.join(sorted(owners))}"
    if quoted and folder != "apps":
        return "an include of ours is written from the root: wootz/..."
    return None


def check_file(law: Law, root: pathlib.Path, path: pathlib.Path) -> list[str]:
    relative = path.relative_to(root)
    folder = folder_of(law, relative)
    if folder not in law.layers:
        return [f"{relative}:1: its folder is not in the law"]
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            reason = offence(law, folder, match[2], match[1] == '"')
            if reason:
                found.append(f"{relative}:{number}: {match[2]}: {reason}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--law", type=pathlib.Path, help="default: ROOT/tools/layers.txt")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    try:
        law = read_law(arguments.law or root / "tools" / "layers.txt")
    except (OSError, ValueError) as error:
        print(f"check_layers: {error}", file=sys.stderr)
        return 2
    files = sorted(p for top in ("src", "apps") for p in (root / top).rglob("*") if p.suffix in SOURCES)
    found = [line for path in files for line in check_file(law, root, path)]
    for line in found:
        print(line)
    print(f"check_layers: {len(files)} files, {len(found)} offences")
    # No file at all means the check looks in the wrong place.
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
