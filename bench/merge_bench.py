#!/usr/bin/env python3
"""Times wootz merge on a base and three experts of 1.1 B parameters in BF16, against a plain copy of the same bytes.

All runs are of one session, interleaved, with the inputs in the page cache; times are medians. "Floor" is a program
that reads all inputs and writes one output; "synced" is the same ending in fsync. Exits 1 if a target is missed.
"""

import argparse
import json
import pathlib
import sys

import harness

PEAK_TARGET_MIB = 1024


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build-bench"))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-data"))
    parser.add_argument("--only", help="cases, comma-separated")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of wootz and of the plain copy (default: all cores)")
    parser.add_argument("--layers", type=int, default=harness.FULL_LAYERS, help="smaller models, for a quick look")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    return parser.parse_args()


def commands(arguments: argparse.Namespace, cases: list[harness.Case], out: pathlib.Path) -> dict[str, list]:
    """Name -> command that writes `out`."""
    models = harness.make_models(arguments.build, arguments.data, arguments.layers)
    recipes = harness.write_recipes(cases, models, arguments.data / "recipes")
    files = harness.weight_files(models)
    harness.warm_page_cache(files)
    threads = ["--threads", str(arguments.threads)] if arguments.threads else []
    copy = [arguments.build / "bench" / "plain_copy", *threads]
    result = {"floor": [*copy, out, *files], "synced": [*copy, "--fsync", out, *files]}
    for case in cases:
        result[case.name] = [arguments.build / "wootz", "merge", recipes[case.name], out, "--quiet", *threads]
    return result


def main() -> int:
    arguments = parse_arguments()
    wanted = arguments.only.split(",") if arguments.only else None
    cases = [case for case in harness.CASES if wanted is None or case.name in wanted]
    out = arguments.data / "out"
    todo = commands(arguments, cases, out)

    runs: dict[str, list[harness.Run]] = {name: [] for name in todo}
    for repeat in range(arguments.repeat):
        for name, command in todo.items():
            runs[name].append(harness.measure(command, out, arguments.data))
            print(f"{repeat + 1}/{arguments.repeat} {name}: {runs[name][-1].seconds:.2f} s", file=sys.stderr)

    floor, synced = harness.median_seconds(runs["floor"]), harness.median_seconds(runs["synced"])
    rows = [["floor", f"{floor:.2f}", "1.00", f"{floor / synced:.2f}", "", "", ""]]
    rows.append(["floor, synced", f"{synced:.2f}", f"{synced / floor:.2f}", "1.00", "", "", ""])
    missed = False
    for case in cases:
        seconds, peak = harness.median_seconds(runs[case.name]), harness.peak_mib(runs[case.name])
        good = seconds <= case.times_the_floor * floor and peak <= PEAK_TARGET_MIB
        missed |= not good
        rows.append(
            [
                case.name,
                f"{seconds:.2f}",
                f"{seconds / floor:.2f}",
                f"{seconds / synced:.2f}",
                f"{case.times_the_floor:.1f}",
                f"{peak:.0f}",
                "yes" if good else "NO",
            ]
        )
    print(f"\n{harness.machine()}")
    print(f"4 models of {arguments.layers} layers, BF16; median of {arguments.repeat}; peak memory at most "
          f"{PEAK_TARGET_MIB} MiB\n")
    print(harness.table(["", "seconds", "x floor", "x synced", "target x floor", "peak MiB", "met"], rows))
    if arguments.json:
        figures = {name: [vars(run) | {"output": ""} for run in of] for name, of in runs.items()}
        arguments.json.write_text(json.dumps({"machine": harness.machine(), "runs": figures}, indent=2) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
