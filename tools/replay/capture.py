"""Plays a case with one build, and writes down all that can be seen of it as plain data.

A record is a dictionary that compare.py can hold against another: for every step its exit code and what it printed,
then every file that was left. JSON is kept as the values it holds, a safetensors file as a list of tensors with their
digests, text as lines, and anything else as a digest. What differs between two runs of one program (times, free space,
peaks of memory) is left out, and the folder's own path is replaced.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

from case import Case, CutJournal, Kill, Run, Transcript

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "cli"))
import run_case  # noqa: E402  (the transcripts' own reader)

TIMEOUT = 300  # seconds for a command
CHANCE = {"seconds", "seconds_per_step", "waited_for_data", "peak_memory", "peak_anonymous", "free_space"}
VERSION = {"wootz"}  # in manifests
STATE = re.compile(r"(^|/)[^/]*\.wootz-[a-z]+/(?!output/)")  # work directories; their insides are nobody's contract
LARGEST_TEXT = 1 << 20


def digest(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def without(value, keys):
    if isinstance(value, dict):
        return {key: without(item, keys) for key, item in value.items() if key not in keys}
    if isinstance(value, list):
        return [without(item, keys) for item in value]
    return value


def safetensors(data):
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    body, tensors = data[8 + size :], {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = {**entry, "digest": digest(body[begin:end])}
    return {
        "metadata": header.get("__metadata__"),
        "tensors": tensors,
        "header": digest(data[: 8 + size]),
        "size": len(data),
    }


def content(path):
    """A file as data that differences can be named in."""
    data = path.read_bytes()
    try:
        if path.suffix == ".safetensors":
            return safetensors(data)
        if len(data) <= LARGEST_TEXT:
            text = data.decode()
            if path.suffix == ".json":
                return without(json.loads(text), VERSION)
            if path.suffix == ".jsonl":
                return [without(json.loads(line), CHANCE) for line in text.splitlines()]
            return text.splitlines()
    except (ValueError, KeyError, struct.error):
        pass  # not what its name says: its bytes are compared
    return {"size": len(data), "digest": digest(data)}


def files_left(folder, given):
    found = {}
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            relative = str(path.relative_to(folder))
            if relative not in given and not path.is_symlink() and not STATE.search(relative):
                found[relative] = content(path)
    return found


def printed(data, folder, drop):
    text = run_case.normalized(data.decode(errors="replace"), str(folder))
    try:
        return without(json.loads(text), CHANCE | set(drop))
    except ValueError:
        return [line for line in text.splitlines() if not run_case.PROGRESS.fullmatch(line)]


def command(argv, build):
    return [str(build / argv[0]), *argv[1:]]


def run(step, build, folder, drop):
    environment = {**run_case.environment(build / "wootz", str(folder)), **dict(step.environment)}
    done = subprocess.run(
        command(step.argv, build),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    return {
        "exit": done.returncode,
        "stdout": printed(done.stdout, folder, drop),
        "stderr": printed(done.stderr, folder, drop),
    }


def lines_in(folder, pattern):
    return max((path.read_bytes().count(b"\n") for path in folder.glob(pattern)), default=0)


def kill(step, build, folder):
    environment = run_case.environment(build / "wootz", str(folder))
    process = subprocess.Popen(
        command(step.argv, build),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + TIMEOUT
    while process.poll() is None and lines_in(folder, step.watched) < step.lines and time.monotonic() < end:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()


def cut_journal(step, folder):
    for path in folder.glob(step.pattern):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = len(lines) // 2
        path.write_bytes(b"".join(lines[:kept]) + b"".join(lines[kept : kept + 1])[:20])


def take(step, build, folder, drop):
    if isinstance(step, Run):
        return run(step, build, folder, drop)
    if isinstance(step, Kill):
        return kill(step, build, folder)
    if isinstance(step, CutJournal):
        return cut_journal(step, folder)
    case = (REPOSITORY / step.path).read_text()
    return run_case.transcript(case, run_case.environment(build / "wootz", str(folder)), str(folder)).splitlines()


def label(step):
    if isinstance(step, Run):
        return step.label or " ".join(step.argv[:1] if step.argv[1].startswith("-") else step.argv[1:2])
    return "transcript" if isinstance(step, Transcript) else ""


def capture(case: Case, build: Path, inputs: Path, folder: Path) -> dict:
    """Plays the case with the programs of `build` in `folder`, which is made for it and removed again."""
    folder.mkdir(parents=True)
    try:
        for entry in inputs.iterdir() if not isinstance(case.steps[0], Transcript) else []:
            (folder / entry.name).symlink_to(entry.resolve())
        for name, text in case.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode(errors="surrogateescape"))
        record = {}
        for number, step in enumerate(case.steps, 1):
            seen = take(step, build, folder, case.drop)
            if seen is not None:
                name = label(step)
                record[name if name not in record else f"{name} {number}"] = seen
        if not isinstance(case.steps[0], Transcript):
            record["files"] = files_left(folder, case.files)
        return record
    finally:
        shutil.rmtree(folder)
