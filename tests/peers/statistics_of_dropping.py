"""Methods that drop at random: what wootz and mergekit keep must look alike."""

import pathlib

import numpy as np
import programs
from checkpoints import EXPERTS

SIGMAS = 5.0
DENSITY, EPSILON = 0.6, 0.2


def recipe_of(method: str, folder: pathlib.Path, models: tuple[str, ...], rescale: bool) -> dict:
    parameters = {"weight": 1.0, "density": DENSITY}
    if method.startswith("della"):
        parameters["epsilon"] = EPSILON
    return {
        "merge_method": method,
        "base_model": str(folder / "base"),
        "models": [{"model": str(folder / model), "parameters": dict(parameters)} for model in models],
        "parameters": {"rescale": rescale, "normalize": False},
        "dtype": "float32",
    }


def off_by(count: int, probability: np.ndarray | float, size: int) -> float:
    """How many standard deviations a count of independent events is from what is expected."""
    probability = np.broadcast_to(probability, size)
    return abs(count - probability.sum()) / np.sqrt((probability * (1 - probability)).sum())


def one_model(method: str, rescale: bool, base: dict, expert: dict, merged: dict) -> list[str]:
    """Complaints about the merge of one expert, whose kept entries can be told from the dropped ones."""
    complaints = []
    low, high, count_low, count_high = 0, 0, 0, 0
    for name in base:
        delta = expert[name] - base[name]
        after = merged[name] - base[name]
        if delta.size < 2000:
            continue
        clear = np.abs(delta) > 1e-3  # far above the rounding of float32
        kept = np.abs(after) > 0.5 * np.abs(delta)
        factor = np.abs(delta).sum() / np.abs(delta[kept]).sum() if rescale else 1.0
        worst = np.abs(after / np.where(clear, delta, 1.0) - factor)[clear & kept].max()
        if worst > 2e-3 * factor:
            complaints.append(f"{name}: kept entries are scaled by up to {worst:.1e} other than {factor:.4f}")
        rank = np.argsort(np.argsort(np.abs(delta), axis=-1), axis=-1)
        upper = rank >= delta.shape[-1] // 2
        low, count_low = low + np.count_nonzero(~upper), count_low + np.count_nonzero(kept & ~upper)
        high, count_high = high + np.count_nonzero(upper), count_high + np.count_nonzero(kept & upper)
    spread = EPSILON / 2 if method.startswith("della") else 0.0
    for half, size, count, share in (
        ("smaller", low, count_low, DENSITY - spread),
        ("larger", high, count_high, DENSITY + spread),
    ):
        # Ranks are spread over many rows, so the mean probability of a half is density -/+ epsilon / 2 (to 1/row).
        sigmas = off_by(count, share, size)
        if sigmas > SIGMAS + size / 64 * 0.01 / np.sqrt(size):
            complaints.append(f"of the {half} half {count / size:.4f} were kept, {share:.4f} expected")
    return complaints


def norms(base: dict, merged: dict) -> tuple[float, float]:
    """Length of the merged task vector, and the share of its entries that are not zero."""
    square = sum(((merged[name] - base[name]) ** 2).sum() for name in base)
    nonzero = sum(np.count_nonzero(np.abs(merged[name] - base[name]) > 1e-6) for name in base)
    return float(np.sqrt(square)), nonzero / sum(value.size for value in base.values())


def check(method: str, rescale: bool, folder: pathlib.Path, wootz: pathlib.Path, scratch: pathlib.Path) -> list[str]:
    """Complaints, each saying which program it is about."""
    folder = folder / "float32"
    base, _ = programs.read(folder / "base")
    expert, _ = programs.read(folder / EXPERTS[0])
    complaints = []
    lengths = {}
    for models in (EXPERTS[:1], EXPERTS):
        recipe = recipe_of(method, folder, models, rescale)
        programs.run_wootz(wootz, recipe, scratch / "ours")
        programs.run_mergekit(recipe, scratch / "theirs")
        for program in ("ours", "theirs"):
            merged, _ = programs.read(scratch / program)
            if len(models) == 1:
                complaints += [f"{program}: {text}" for text in one_model(method, rescale, base, expert, merged)]
            else:
                lengths[program] = norms(base, merged)
    (our_length, our_share), (their_length, their_share) = lengths["ours"], lengths["theirs"]
    if abs(our_length / their_length - 1) > 0.02:
        complaints.append(f"three models: length {our_length:.4f}, mergekit's {their_length:.4f}")
    if abs(our_share - their_share) > 0.01:
        complaints.append(f"three models: {our_share:.3f} changed, mergekit {their_share:.3f}")
    return complaints
