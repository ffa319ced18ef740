"""Which elements a tie or a rounding may decide either way.

Each function takes the base and the models as float64 arrays of one shape, the models' parameters and the method's, and
returns a boolean array. Sorting happens on float32 magnitudes, as both programs do.
"""

import numpy as np

# Magnitudes this close (relatively) to a threshold may fall on either side of it.
SLACK = 2.0**-22


def none(base, models, parameters, shared):
    return np.zeros(models[0].shape, bool)


def _near(values, threshold):
    return np.abs(values - threshold) <= SLACK * np.abs(threshold)


def _descending(values):
    return np.sort(values.astype(np.float32).astype(np.float64).ravel())[::-1]


def _opposed(kept, weights):
    """Where the weighted votes cancel to within their rounding."""
    votes = [weight * delta for weight, delta in zip(weights, kept)]
    all_votes = sum(np.abs(vote) for vote in votes)
    return (all_votes > 0) & (np.abs(sum(votes)) <= 2.0**-40 * all_votes)


def _window(delta, drop, keep):
    """Elements at the ends of the window of the `keep` largest after the `drop` largest; and what it keeps."""
    magnitude = np.abs(delta)
    if keep >= delta.size:
        return np.zeros(delta.shape, bool), delta
    order = _descending(magnitude)
    undecided = np.zeros(delta.shape, bool)
    inside = np.ones(delta.shape, bool)
    if keep == 0:
        return undecided, np.zeros_like(delta)
    lowest = order[drop + keep - 1]
    if drop + keep < delta.size and order[drop + keep] >= lowest * (1 - SLACK):
        undecided |= _near(magnitude, lowest)
    inside &= magnitude >= lowest * (1 - SLACK)
    if drop > 0:
        highest = order[drop - 1]
        if order[drop] >= highest * (1 - SLACK):
            undecided |= _near(magnitude, highest)
        inside &= magnitude < highest * (1 - SLACK)
    return undecided, np.where(inside, delta, 0.0)


def _consensus(base, models, parameters, window_of):
    undecided = np.zeros(base.shape, bool)
    kept = []
    for model, own in zip(models, parameters):
        edge, inside = _window(model - base, *window_of(own, base.size))
        undecided |= edge
        kept.append(inside)
    return undecided | _opposed(kept, [own["weight"] for own in parameters])


def ties(base, models, parameters, shared):
    return _consensus(base, models, parameters, lambda own, size: (0, max(1, int(own["density"] * size))))


def breadcrumbs(base, models, parameters, shared):
    def window(own, size):
        keep = int(own["density"] * size)
        return min(int(own["gamma"] * size), size - keep), keep

    return _consensus(base, models, parameters, window)


def sce(base, models, parameters, shared):
    deltas = np.stack([model - base for model in models])
    variance = deltas.var(axis=0)
    top = shared.get("select_topk", 1.0)
    undecided = np.zeros(base.shape, bool)
    inside = np.ones(base.shape, bool)
    if top < 1.0:
        keep = int(top * np.count_nonzero(variance))
        undecided, selected = _window(variance, 0, keep)
        inside = selected > 0
        if undecided.any():  # what is selected decides the weights of the whole tensor
            return np.ones(base.shape, bool)
    return undecided | _opposed(list(deltas * inside), [1.0] * len(models))
