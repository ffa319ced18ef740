#!/usr/bin/env python3
"""replay: proves that a change moved nothing. Runs a fixed list of cases with the programs of another commit and with
those of this working tree, and compares all that can be seen: plans and schedules, results, messages, exit codes,
manifests, and every tensor and file that is written.

Exit codes: 0 all equal, 1 something differs that allowed.toml does not allow, 2 it could not be run.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import merges
import networks
from capture import capture
from compare import judge, read_allowed
from inputs import write_inputs

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PROGRAMS = ("wootz", "wootz-nn")
SHOWN = 3  # differences of a case


def fail(message: str):
    sys.exit(f"replay: {message}")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", REPOSITORY, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def build_reference(ref: str, work: Path, build: Path, jobs: int) -> Path:
    """Builds the programs of a commit in a work tree of its own, and keeps them for the next time."""
    commit = git("rev-parse", "--verify", f"{ref}^{{commit}}")
    tree = work / f"replay-{commit[:12]}"
    done = tree / "replay-done"
    networks_too = (build / "wootz-nn").exists()
    if done.exists() and (not networks_too or (tree / "build" / "wootz-nn").exists()):
        return tree / "build"
    if not tree.exists():
        git("worktree", "prune")
        git("worktree", "add", "--detach", str(tree), commit)
    torch = REPOSITORY / ".venv-torch"
    if networks_too and torch.exists() and not (tree / ".venv-torch").exists():
        (tree / ".venv-torch").symlink_to(torch.resolve())
    print(f"building {commit[:12]} in {tree}, once", flush=True)
    targets = PROGRAMS if networks_too else PROGRAMS[:1]
    for command in (
        ["cmake", "--preset", "dev", f"-DWOOTZ_NN={'ON' if networks_too else 'OFF'}", "--log-level=WARNING"],
        ["cmake", "--build", "--preset", "dev", "-j", str(jobs), "--target", *targets],
    ):
        if subprocess.run(command, cwd=tree, stdout=sys.stderr, check=False).returncode:
            fail(f"{commit[:12]} does not build: {' '.join(command)} in {tree}")
    done.touch()
    return tree / "build"


def digest_of(*paths: Path) -> str:
    total = hashlib.blake2b(digest_size=16)
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix != ".pyc") if path.is_dir() else [path]
        for file in files if path.exists() else []:
            total.update(f"{file.relative_to(path)}\0".encode() + file.read_bytes())
    return total.hexdigest()


class Kept:
    """Records of the reference, which stay the same as long as its programs, the case and the inputs do. They save half
    of the time. The folders of the last few references are kept."""

    FOLDERS = 3

    def __init__(self, folder: Path, build: Path):
        given = [REPOSITORY / name for name in ("tests/cli", "tests/hostile/files", "examples")]
        key = digest_of(*(build / name for name in PROGRAMS), *given, *HERE.glob("*.py"))
        self.folder = folder / key
        self.folder.mkdir(parents=True, exist_ok=True)
        os.utime(self.folder)
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[: -self.FOLDERS]:
            shutil.rmtree(old)

    def path(self, case) -> Path:
        return self.folder / (hashlib.blake2b(repr(case).encode(), digest_size=16).hexdigest() + ".json")

    def get(self, case):
        path = self.path(case)
        return json.loads(path.read_text()) if path.exists() else None

    def put(self, case, record) -> None:
        part = self.path(case).with_suffix(f".{threading.get_ident()}")
        part.write_text(json.dumps(record))
        part.rename(self.path(case))


def prepare_inputs(folder: Path) -> Path:
    """Writes the inputs, unless they are there from an earlier run, unchanged."""
    seal = folder.with_suffix(".digest")
    if not seal.exists() or seal.read_text() != digest_of(HERE / "inputs.py", folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_inputs(folder, REPOSITORY)
        seal.write_text(digest_of(HERE / "inputs.py", folder))
    return folder


def play_both(case, old: Path, new: Path, inputs: Path, work: Path, kept: Kept):
    """Records of the case by both builds, as they read when they come from a file."""
    records = [kept.get(case)]
    folder = case.title.replace("/", ".").replace(" ", "_")
    if records[0] is None:
        records[0] = capture(case, old, inputs, work / f"{folder}.old")
        kept.put(case, records[0])
    records.append(capture(case, new, inputs, work / f"{folder}.new"))
    return [json.loads(json.dumps(record)) for record in records]


def registry(build: Path) -> list[dict]:
    return json.loads(subprocess.run([build / "wootz", "methods", "--json"], capture_output=True, check=True).stdout)


def list_cases(old: Path, new: Path) -> list:
    """The reference's methods, for it knows no others."""
    known = registry(old)
    fresh = {entry["name"] for entry in registry(new)} - {entry["name"] for entry in known}
    if fresh:
        print(f"not in the reference, so not compared: {', '.join(sorted(fresh))}")
    cases = merges.cases(REPOSITORY, known)
    if all((build / "wootz-nn").exists() for build in (old, new)):
        cases += networks.cases(REPOSITORY)
    else:
        print("one of the builds has no wootz-nn: cases that run networks are left out")
    return cases


def print_table(cases, verdicts) -> None:
    counts = {group: Counter() for group in dict.fromkeys(case.group for case in cases)}
    for case in cases:
        moved, intended = verdicts[case.title]
        counts[case.group]["different" if moved else "allowed" if intended else "equal"] += 1
    total = sum(counts.values(), Counter())
    print(f"\n{'group':<16} {'cases':>6} {'equal':>6} {'allowed':>8} {'different':>10}")
    for group, count in [*counts.items(), ("all", total)]:
        print(
            f"{group:<16} {sum(count.values()):>6} {count['equal']:>6} {count['allowed']:>8} {count['different']:>10}"
        )


def print_moved(cases, verdicts, shown: int) -> bool:
    different = [case for case in cases if verdicts[case.title][0]]
    if different:
        print()
    for case in different:
        moved = verdicts[case.title][0]
        for difference in moved[:shown]:
            print(f"{case.title}: {difference}")
        if len(moved) > shown:
            print(f"{case.title}: and {len(moved) - shown} more")
    return bool(different)


def options():
    parser = argparse.ArgumentParser(
        prog="replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ref", nargs="?", help="the commit to compare with; it is built once, in build/replay-COMMIT")
    parser.add_argument("--ref-build", type=Path, help="a folder with its wootz and wootz-nn, in place of building it")
    parser.add_argument("--build", type=Path, default=REPOSITORY / "build", help="the programs of the working tree")
    parser.add_argument(
        "--work", type=Path, default=REPOSITORY / "build", help="where builds, inputs and records are kept"
    )
    parser.add_argument(
        "--only", action="append", default=[], help="cases whose group/name contains this; may be given again"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="cases at once")
    parser.add_argument("--all", action="store_true", help=f"print all differences, not {SHOWN} of a case")
    parser.add_argument("--list", action="store_true", help="print the names of the cases, and run none")
    return parser.parse_args()


def main() -> int:
    args = options()
    if not args.ref and not args.ref_build:
        fail("say what to compare with: a commit, or --ref-build FOLDER")
    new, work = args.build.resolve(), args.work.resolve() / "replay"
    if not (new / "wootz").exists():
        fail(f"{new} holds no wootz: build it first")
    old = args.ref_build.resolve() if args.ref_build else build_reference(args.ref, work.parent, new, args.jobs)
    try:
        allowed = read_allowed(HERE / "allowed.toml")
    except ValueError as error:
        fail(str(error))
    cases = [case for case in list_cases(old, new) if not args.only or any(part in case.title for part in args.only)]
    if args.list:
        print("\n".join(case.title for case in cases))
        return 0
    began = time.monotonic()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    inputs = prepare_inputs(work.parent / "replay-inputs")
    kept = Kept(work.parent / "replay-kept", old)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        records = pool.map(lambda case: play_both(case, old, new, inputs, work, kept), cases)
        verdicts = {case.title: judge(case.title, *record, allowed) for case, record in zip(cases, records)}
    shutil.rmtree(work)
    print_table(cases, verdicts)
    different = print_moved(cases, verdicts, 10**9 if args.all else SHOWN)
    for entry in allowed if not args.only else []:
        if not entry.used:
            print(f"allowed.toml: {entry.case} {entry.path} covered nothing: remove it")
    print(f"\n{'something moved' if different else 'nothing moved'}; {time.monotonic() - began:.0f} s")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
