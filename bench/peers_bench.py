#!/usr/bin/env python3
"""Times wootz and mergekit on the same recipes and models, in one session with the inputs in the page cache.

wootz runs several times (median); mergekit, which takes minutes, once a method. Exits 1 if a target is missed.
"""

import argparse
import pathlib
import sys

import harness

TIMES_FASTER = {"linear": 4.0, "task_arithmetic": None, "ties": 30.0, "dare_ties": 30.0, "della": 60.0}  # at least


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build-bench"))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-data"))
    parser.add_argument("--mergekit", type=pathlib.Path, default=pathlib.Path(".venv-peers/bin/mergekit-yaml"))
    parser.add_argument("--only", help="methods, comma-separated")
    parser.add_argument("--repeat", type=int, default=3, help="of wootz")
    parser.add_argument("--limit", type=float, default=1500, help="seconds that mergekit gets for a method")
    parser.add_argument("--layers", type=int, default=harness.FULL_LAYERS, help="smaller models, for a quick look")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    wanted = arguments.only.split(",") if arguments.only else TIMES_FASTER
    cases = [case for case in harness.CASES if case.name in TIMES_FASTER and case.name in wanted]
    models = harness.make_models(arguments.build, arguments.data, arguments.layers)
    recipes = harness.write_recipes(cases, models, arguments.data / "recipes")
    files = harness.weight_files(models)
    out = arguments.data / "out"

    rows = []
    missed = False
    for case in cases:
        recipe = recipes[case.name]
        harness.warm_page_cache(files)
        ours = [
            harness.measure([arguments.build / "wootz", "merge", recipe, out, "--quiet"], out, arguments.data)
            for _ in range(arguments.repeat)
        ]
        peer_command = [arguments.mergekit, recipe, out, "--quiet", "--random-seed", "1"]
        peer = harness.measure(peer_command, out, arguments.data, arguments.limit)
        seconds = harness.median_seconds(ours)
        faster = peer.seconds / seconds
        target = TIMES_FASTER[case.name]
        expired = peer.status == 124
        good = target is None or faster >= target
        missed |= not good
        more = ">" if expired else ""
        rows.append(
            [
                case.name,
                f"{seconds:.2f}",
                f"{more}{peer.seconds:.1f}",
                f"{more}{faster:.1f}",
                "" if target is None else f"{target:.0f}",
                f"{harness.peak_mib(ours):.0f}",
                f"{peer.peak_mib:.0f}",
                "yes" if good else "NO",
            ]
        )
        print(f"{case.name}: wootz {seconds:.2f} s, mergekit {more}{peer.seconds:.1f} s", file=sys.stderr)

    print(f"\n{harness.machine()}")
    print(f"4 models of {arguments.layers} layers, BF16; mergekit once, cut off after {arguments.limit:.0f} s\n")
    head = ["", "wootz s", "mergekit s", "x faster", "target", "wootz MiB", "mergekit MiB", "met"]
    print(harness.table(head, rows))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
