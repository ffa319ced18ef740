"""Deterministic methods: wootz against mergekit's own code without rounding."""

import dataclasses
import pathlib

import numpy as np
import programs
import torch
from cases import Case

SIGNIFICANT_BITS = {"float32": 24, "bfloat16": 8}
# Left out as undecided at most, as a share of all elements. The coarse values of bfloat16 tie often.
MOST_UNDECIDED = {"float32": 0.002, "bfloat16": 0.12}


@dataclasses.dataclass
class Outcome:
    worst: float = 0.0  # largest error of wootz, in units in the last place
    ours: float = 0.0  # the median over the elements of the error of wootz...
    theirs: float = 0.0  # ...and of mergekit in the stored dtype
    undecided: float = 0.0  # share of elements left out
    complaint: str = ""  # empty when good


def units_off(value: np.ndarray, truth: np.ndarray, size: np.ndarray, bits: int) -> np.ndarray:
    """Error in units in the last place of the truth; what double arithmetic on numbers of `size` may lose is free."""
    _, exponent = np.frexp(truth)
    unit = np.exp2(np.maximum(exponent, -125) - float(bits))
    return np.maximum(np.abs(value - truth) - size * 2.0**-46, 0.0) / unit


def compare(case: Case, folder: pathlib.Path, dtype: str, wootz: pathlib.Path, scratch: pathlib.Path) -> Outcome:
    """`folder` holds the checkpoints of one architecture (checkpoints.make)."""
    exact_folder = folder / ("float64" if dtype == "float32" else "bfloat16-exact")
    programs.run_wootz(wootz, case.recipe(folder / dtype, dtype, for_peer=False), scratch / "ours")
    programs.run_mergekit(case.recipe(folder / dtype, dtype, for_peer=True), scratch / "theirs")
    programs.run_mergekit(case.recipe(exact_folder, None, for_peer=True), scratch / "exact")
    ours, dtypes = programs.read(scratch / "ours")
    theirs, _ = programs.read(scratch / "theirs")
    exact, _ = programs.read(scratch / "exact")
    inputs = {name: programs.read(exact_folder / name)[0] for name in {*case.models, case.base} - {None}}

    outcome = Outcome()
    if dtypes != {getattr(torch, dtype)}:
        outcome.complaint = f"stored as {dtypes}"
    if ours.keys() != exact.keys():
        outcome.complaint = f"tensors differ: {sorted(ours.keys() ^ exact.keys())[:5]}"
        return outcome
    measure(case, inputs, dtype, (ours, theirs, exact), outcome)
    if outcome.worst > case.limit:
        outcome.complaint = f"{outcome.worst:.2f} units off, {case.limit} allowed"
    elif outcome.undecided > (case.most_undecided or MOST_UNDECIDED[dtype]):
        outcome.complaint = f"{outcome.undecided:.1%} of the elements undecided"
    return outcome


def measure(case: Case, inputs: dict, dtype: str, results: tuple, outcome: Outcome) -> None:
    ours, theirs, exact = results
    lanes = [name for name in case.models if name != case.base]
    parameters = [case.models[name] for name in lanes]
    total = left_out = 0
    errors: tuple[list, list] = ([], [])
    for name, truth in exact.items():
        if not np.isfinite(ours[name]).all():
            outcome.complaint = f"{name} is not finite"
        if truth.ndim > case.largest_rank:
            continue
        base = inputs[case.base][name] if case.base else None
        undecided = case.undecided(base, [inputs[lane][name] for lane in lanes], parameters, case.parameters)
        size = sum(np.abs(tensors[name]) for tensors in inputs.values())
        bits = SIGNIFICANT_BITS[dtype]
        total += truth.size
        left_out += np.count_nonzero(undecided)
        decided = ~undecided
        for result, found in zip((ours, theirs), errors):
            found.append(units_off(result[name], truth, size, bits)[decided].ravel())
    our_errors, their_errors = (np.concatenate(found) for found in errors)
    outcome.worst = our_errors.max(initial=0.0)
    outcome.ours, outcome.theirs = np.median(our_errors), np.median(their_errors)
    outcome.undecided = left_out / total
