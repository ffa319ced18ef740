#!/usr/bin/env python3
"""run_case.py WOOTZ CASE [--accept]: runs the commands of a case and compares what they print.

A case is a transcript. Lines that begin with "$ " are commands, continued by lines that begin with "> " and run by bash
in an empty directory; what follows is what they print: standard output as it is, then standard error with "! " before
each line, then "exit: N" unless N is 0. Lines before the first command, and those that begin with "## ", are comments.
What differs from run to run (times, rates, free space) is replaced by a word in capitals, and lines of progress are
left out. $ZOO is the small zoo of examples/. --accept rewrites the case with what was printed: review the diff.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VARIABLE = [
    (r"\bin (less than )?[\d.]+ s(:|$)", r"in TIME\2"),
    (r", [\d.]+ ([KMGT]i)?B/s$", ", RATE"),
    (r"[\d.]+ ([KMGT]i)?B free", "SIZE free"),
    (r"only [\d.]+ ([KMGT]i)?B free", "only SIZE free"),
    (r"about [\d.]+ ([KMGT]i)?B( of memory| with)", r"about SIZE\2"),
    (r"\bwootz \d+\.\d+\.\d+", "wootz VERSION"),
]
# A slow machine shows progress where a fast one has nothing to show.
PROGRESS = re.compile(r"wootz: [\w (.)-]+: \d+ % \(.*")


def environment(wootz, folder):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "XDG_", "WOOTZ_"))}
    path = os.pathsep.join([str(Path(wootz).resolve().parent), str(HERE / "bin"), os.environ["PATH"]])
    return {**kept, "PATH": path, "HOME": folder, "LC_ALL": "C", "ZOO": str(HERE.parents[1] / "examples" / "zoo")}


def normalized(text, folder):
    text = text.replace(folder, "$TMP")
    for pattern, word in VARIABLE:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text


def run(command, env, folder):
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=120)
    out = normalized(done.stdout.decode(errors="replace"), folder).splitlines()
    err = normalized(done.stderr.decode(errors="replace"), folder).splitlines()
    err = [line for line in err if not PROGRESS.fullmatch(line)]
    lines = out + ["! " + line if line else "!" for line in err]
    while lines and not lines[-1]:
        lines.pop()
    return lines + ([f"exit: {done.returncode}"] if done.returncode else [])


def blocks_of(case):
    """Comments and commands, each a list of lines, without what the commands printed."""
    blocks = [[]]
    for line in case.splitlines():
        if line.startswith(("$ ", "## ")):
            blocks.append([line])
        elif len(blocks) == 1 or (line.startswith("> ") and blocks[-1][-1].startswith(("$ ", "> "))):
            blocks[-1].append(line)
        else:
            blocks[-1].append("")
    return [[line for line in block if line] for block in blocks]


def transcript(case, env, folder):
    """The case with the actual output in place of the expected."""
    done = []
    for block in blocks_of(case):
        if block and block[0].startswith("$ "):
            block = block + run("\n".join(line[2:] for line in block), env, folder)
        if block:
            done.append("\n".join(block) + "\n")
    return "\n".join(done)


def main():
    wootz, path = sys.argv[1], Path(sys.argv[2])
    expected = path.read_text()
    with tempfile.TemporaryDirectory() as folder:
        actual = transcript(expected, environment(wootz, folder), folder)
    if actual == expected:
        return 0
    if "--accept" in sys.argv[3:]:
        path.write_text(actual)
        return 0
    sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), actual.splitlines(True), str(path), "actual"))
    return 1


if __name__ == "__main__":
    sys.exit(main())
