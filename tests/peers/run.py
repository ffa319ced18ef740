#!/usr/bin/env python3
"""Compares wootz with mergekit on tiny checkpoints, and lets transformers load what wootz writes.

Needs the environment of requirements-peers.txt (`make test-peers`). Exits 1 if anything is further off than stated.
"""

import argparse
import logging
import os
import pathlib
import shutil
import sys
import tempfile
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")
logging.disable(logging.ERROR)  # mergekit reports at length what it does not know about an architecture

import transformers  # noqa: E402  (after its environment)

transformers.utils.logging.disable_progress_bar()

import cases  # noqa: E402
import checkpoints  # noqa: E402
import compare  # noqa: E402
import loading  # noqa: E402
import statistics_of_dropping  # noqa: E402

DROPPING = [
    (method, rescale)
    for method in ("dare_linear", "dare_ties", "della_linear", "della")
    for rescale in (True, False)
]


class Report:
    def __init__(self) -> None:
        self.good = 0
        self.bad: list[str] = []

    def add(self, what: str, figures: str, complaint: str) -> None:
        print(f"{what:<46} {figures:<44} {complaint or 'ok'}", flush=True)
        if complaint:
            self.bad.append(f"{what}: {complaint}")
        else:
            self.good += 1


def compare_all(arguments, root: pathlib.Path, report: Report) -> None:
    print("Errors are in units in the last place of the output; the truth is mergekit's code on float64 inputs.")
    print(f"{'':<46} {'largest      median    mergekit':<44}")
    for architecture in arguments.architectures:
        for dtype in ("float32", "bfloat16"):
            for case in cases.COMPARED:
                if arguments.only and arguments.only not in case.name:
                    continue
                what = f"{architecture} {dtype} {case.name}"
                try:
                    outcome = compare.compare(case, root / architecture, dtype, arguments.wootz, root / "scratch")
                except RuntimeError as error:
                    report.add(what, "", str(error))
                    continue
                figures = f"{outcome.worst:5.2f} {outcome.ours:11.3f} {outcome.theirs:11.3f}"
                if outcome.undecided:
                    figures += f"  ({outcome.undecided:.2%} tied)"
                report.add(what, figures, outcome.complaint)


def check_dropping(arguments, root: pathlib.Path, report: Report) -> None:
    for method, rescale in DROPPING:
        if arguments.only and arguments.only not in method:
            continue
        what = f"llama float32 {method}, density 0.6{'' if rescale else ', no rescale'}"
        try:
            complaints = statistics_of_dropping.check(
                method, rescale, root / "llama", arguments.wootz, root / "scratch"
            )
        except RuntimeError as error:
            complaints = [str(error)]
        report.add(what, "statistics", "; ".join(complaints))


def check_loading(arguments, root: pathlib.Path, report: Report) -> None:
    for architecture in arguments.architectures:
        try:
            complaints = loading.check(architecture, root / architecture, arguments.wootz, root / "scratch")
        except (RuntimeError, OSError) as error:
            complaints = [str(error)]
        report.add(f"{architecture} loaded by transformers", "whole and in shards", "; ".join(complaints))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wootz", type=pathlib.Path, default=pathlib.Path("build/wootz"))
    parser.add_argument("--architectures", type=lambda text: text.split(","), default=list(checkpoints.ARCHITECTURES))
    parser.add_argument("--only", help="only methods whose name contains this")
    arguments = parser.parse_args()
    arguments.wootz = arguments.wootz.resolve()

    root = pathlib.Path(tempfile.mkdtemp(prefix="wootz-peers-"))
    report = Report()
    try:
        for architecture in {*arguments.architectures, "llama"}:
            checkpoints.make(root / architecture, architecture)
        compare_all(arguments, root, report)
        check_dropping(arguments, root, report)
        if not arguments.only:
            check_loading(arguments, root, report)
    finally:
        shutil.rmtree(root)

    print("\nKnown differences, and how they are treated here:")
    for text in cases.DIFFERENCES:
        print(f"  - {text}")
    for text in report.bad:
        print(f"FAILED {text}")
    print(f"\n{report.good} passed, {len(report.bad)} failed")
    return 1 if report.bad or not report.good else 0


if __name__ == "__main__":
    sys.exit(main())
