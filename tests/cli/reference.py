#!/usr/bin/env python3
"""reference.py WOOTZ [--write]: docs/reference is what the program says of itself. --write makes it so.

Commands that run networks are in wootz-nn. Where there is none beside wootz, their part of the page is left as it is.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
COMMANDS = ["merge", "plan", "inspect", "verify", "methods", "mergekit-yaml"]
NETWORK_MARK = "\nThe commands below run networks: they are in a second program, wootz-nn, which wootz calls.\n"


def help_of(wootz, *command):
    done = subprocess.run([wootz, *command, "--help"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def network_commands(wootz, *command):
    """All commands of wootz-nn, and theirs in turn: ["eval"], ["heads"], ["heads", "zero-shot"], ..."""
    text = help_of(Path(wootz).resolve().parent / "wootz-nn" if not command else wootz, *command)
    block = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.MULTILINE)
    for line in block.group(1).splitlines() if block else []:
        if name := re.match(r"  (\S+)", line):
            yield [*command, name.group(1)]
            yield from network_commands(wootz, *command, name.group(1))


def network_part(wootz):
    if not (Path(wootz).resolve().parent / "wootz-nn").exists():
        _, mark, rest = (REFERENCE / "commands.md").read_text().partition(NETWORK_MARK)
        return mark + rest
    part = NETWORK_MARK
    for command in network_commands(wootz):
        part += f"\n## {' '.join(command)}\n\n```text\n{help_of(wootz, *command)}\n```\n"
    return part


def commands_page(wootz):
    overview = help_of(wootz).split("\n", 2)[2].strip()  # without the line that has the version
    page = "<!-- Generated from the program's help; do not edit. -->\n# Commands\n\n"
    page += f"```text\n{overview}\n```\n"
    for command in COMMANDS:
        page += f"\n## {command}\n\n```text\n{help_of(wootz, command)}\n```\n"
    return page + network_part(wootz)


def pages_of(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.md"))}


def generate(wootz, folder):
    subprocess.run([wootz, "methods", "--markdown", str(folder)], check=True)
    (folder / "commands.md").write_text(commands_page(wootz))


def main():
    wootz = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        generate(wootz, Path(folder))
        wanted = pages_of(Path(folder))
    if "--write" in sys.argv[2:]:
        for name in set(pages_of(REFERENCE)) - set(wanted):
            (REFERENCE / name).unlink()
        for name, text in wanted.items():
            (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
            (REFERENCE / name).write_text(text)
        return 0
    found = pages_of(REFERENCE)
    stale = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    for name in stale:
        print(f"docs/reference/{name} is out of date")
    if stale:
        print("run: python3 tests/cli/reference.py build/wootz --write")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
