#!/usr/bin/env python3
"""Times wootz merge on a base and three experts of 1.1 B parameters in BF16, against a plain copy of the same bytes.

The floor is a program that reads all inputs and writes one output, on as many threads. Every run of wootz is paired with
a run of the floor just before it, because the speed of a machine drifts; quoted are the median time and the median ratio
of the pairs. Inputs are in the page cache; neither waits for the device, except in the rows that say "synced", where both
end in fsync (wootz's default). Exits 1 if a target is missed.
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import sys

import harness

PEAK_TARGET_MIB = 1024
SYNCED = ("linear", "ties")  # also timed to the device


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


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    floor: list  # commands
    merge: list
    target: float | None  # times the floor, at most


def rows_of(arguments: argparse.Namespace, cases: list[harness.Case], out: pathlib.Path) -> list[Row]:
    models = harness.make_models(arguments.build, arguments.data, arguments.layers)
    recipes = harness.write_recipes(cases, models, arguments.data / "recipes")
    files = harness.weight_files(models)
    harness.warm_page_cache(files)
    threads = ["--threads", str(arguments.threads)] if arguments.threads else []
    copy = [arguments.build / "bench" / "plain_copy", *threads]
    rows = []
    for case in cases:
        merge = [arguments.build / "wootz", "merge", recipes[case.name], out, "--quiet", *threads]
        rows.append(Row(case.name, [*copy, out, *files], [*merge, "--no-sync"], case.times_the_floor))
        if case.name in SYNCED:
            rows.append(Row(f"{case.name}, synced", [*copy, "--fsync", out, *files], merge, None))
    return rows


def main() -> int:
    arguments = parse_arguments()
    wanted = arguments.only.split(",") if arguments.only else None
    cases = [case for case in harness.CASES if wanted is None or case.name in wanted]
    out = arguments.data / "out"
    rows = rows_of(arguments, cases, out)

    floors: dict[str, list[harness.Run]] = {row.name: [] for row in rows}
    merges: dict[str, list[harness.Run]] = {row.name: [] for row in rows}
    for repeat in range(arguments.repeat):
        for row in rows:
            floors[row.name].append(harness.measure(row.floor, out, arguments.data))
            merges[row.name].append(harness.measure(row.merge, out, arguments.data))
            print(f"{repeat + 1}/{arguments.repeat} {row.name}: {merges[row.name][-1].seconds:.2f} s after a floor of "
                  f"{floors[row.name][-1].seconds:.2f} s", file=sys.stderr)

    lines, missed = [], False
    for row in rows:
        ratios = [merge.seconds / floor.seconds for merge, floor in zip(merges[row.name], floors[row.name])]
        ratio, peak = statistics.median(ratios), harness.peak_mib(merges[row.name])
        good = (row.target is None or ratio <= row.target) and peak <= PEAK_TARGET_MIB
        missed |= not good
        lines.append([row.name, f"{harness.median_seconds(floors[row.name]):.2f}", f"{harness.median_seconds(merges[row.name]):.2f}",
                      f"{ratio:.2f}", f"{min(ratios):.2f}-{max(ratios):.2f}", f"{row.target:.1f}" if row.target else "",
                      f"{peak:.0f}", "yes" if good else "NO"])
    print(f"\n{harness.machine()}")
    print(f"4 models of {arguments.layers} layers, BF16; {arguments.repeat} pairs; peak memory at most {PEAK_TARGET_MIB} MiB\n")
    print(harness.table(["", "floor s", "wootz s", "ratio", "range", "target", "peak MiB", "met"], lines))
    if arguments.json:
        figures = {row.name: {"floor": [run.seconds for run in floors[row.name]],
                              "wootz": [run.seconds for run in merges[row.name]],
                              "peak_mib": harness.peak_mib(merges[row.name])} for row in rows}
        arguments.json.write_text(json.dumps({"machine": harness.machine(), "runs": figures}, indent=2) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
