"""What is compared: one recipe for both programs, and how far apart the results may be."""

import dataclasses
import pathlib
from typing import Callable

import boundaries
from checkpoints import EXPERTS


@dataclasses.dataclass(frozen=True)
class Case:
    """`models` maps a model's folder name to its parameters; `limit` is in units in the last place of the output."""

    name: str
    method: str
    models: dict[str, dict]
    base: str | None = "base"
    parameters: dict = dataclasses.field(default_factory=dict)
    limit: float = 1.0
    # Which elements a rounding or a tie may decide either way; they are left out of the comparison.
    undecided: Callable = boundaries.none
    largest_rank: int = 99  # tensors of more dimensions are not compared
    most_undecided: float | None = None  # share of the elements; by default as in compare.py
    peer_method: str | None = None  # where mergekit has the method under another name...
    peer_models: dict | None = None  # ...or needs other parameters

    def recipe(self, folder: pathlib.Path, dtype: str | None, for_peer: bool) -> dict:
        method, models = self.method, self.models
        if for_peer:
            method, models = self.peer_method or method, self.peer_models or models
        entries = []
        for model, parameters in models.items():
            entry: dict = {"model": str(folder / model)}
            if parameters:
                entry["parameters"] = parameters
            entries.append(entry)
        recipe: dict = {"merge_method": method, "models": entries}
        if self.base:
            recipe["base_model"] = str(folder / self.base)
        if self.parameters:
            recipe["parameters"] = self.parameters
        if dtype:
            recipe["dtype"] = dtype
        return recipe


def each(**parameters) -> dict[str, dict]:
    """The three experts with weights 0.5, 0.3, 0.4 and further parameters."""
    return {name: {"weight": weight, **parameters} for name, weight in zip(EXPERTS, (0.5, 0.3, 0.4))}


PLAIN: dict[str, dict] = {name: {} for name in EXPERTS}
EQUAL: dict[str, dict] = {name: {"weight": 1.0} for name in EXPERTS}

COMPARED = (
    Case("average", "average", PLAIN, base=None, peer_method="linear", peer_models=EQUAL),
    Case("linear", "linear", each(), base=None),
    Case("linear, not normalized", "linear", each(), base=None, parameters={"normalize": False}),
    Case(
        "linear, gradient",
        "linear",
        {"expert1": {"weight": [0.2, 1.0, 0.4]}, "expert2": {"weight": 0.5}},
        base=None,
    ),
    Case(
        "linear, filter",
        "linear",
        {"expert1": {"weight": [{"filter": "mlp", "value": [0.1, 0.9]}, {"value": 0.7}]}, "expert2": {"weight": 0.4}},
        base=None,
    ),
    Case("task_arithmetic", "task_arithmetic", each()),
    Case("task_arithmetic, negation", "task_arithmetic", {"expert1": {"weight": -0.6}}),
    Case("task_arithmetic, normalized", "task_arithmetic", each(), parameters={"normalize": True, "lambda": 0.7}),
    Case("ties", "ties", each(density=0.4), undecided=boundaries.ties),
    Case(
        "ties, not normalized",
        "ties",
        each(density=0.2),
        parameters={"normalize": False, "lambda": 0.6},
        undecided=boundaries.ties,
    ),
    Case(
        "ties, a negative weight",
        "ties",
        {"expert1": {"weight": 0.5, "density": 0.5}, "expert2": {"weight": -0.4, "density": 0.3}},
        undecided=boundaries.ties,
    ),
    Case("ties, density 1", "ties", each(density=1.0), undecided=boundaries.ties),
    Case("breadcrumbs", "breadcrumbs", each(density=0.7, gamma=0.05), undecided=boundaries.breadcrumbs),
    Case(
        "breadcrumbs_ties", "breadcrumbs_ties", each(density=0.6, gamma=0.02), undecided=boundaries.breadcrumbs
    ),
    Case("dare_linear, density 1", "dare_linear", each(density=1.0)),
    Case("dare_ties, density 1", "dare_ties", each(density=1.0), undecided=boundaries.ties),
    Case("della, density 1", "della", each(density=1.0), undecided=boundaries.ties),
    Case("della_linear, density 1", "della_linear", each(density=1.0)),
    Case("slerp", "slerp", {"expert1": {}, "expert2": {}}, base="expert1", parameters={"t": 0.3}, limit=2.0),
    Case(
        "slerp, gradient",
        "slerp",
        {"expert1": {}, "expert2": {}},
        base="expert1",
        parameters={"t": [{"filter": "mlp", "value": [0.0, 1.0]}, {"value": 0.5}]},
        limit=2.0,
    ),
    Case("model_stock", "model_stock", PLAIN, limit=2.0),
    Case("model_stock, by row", "model_stock", PLAIN, parameters={"filter_wise": True}, limit=2.0, largest_rank=2),
    Case("sce", "sce", PLAIN, undecided=boundaries.sce, limit=2.0),
    Case(
        "sce, 30 %",
        "sce",
        PLAIN,
        parameters={"select_topk": 0.3},
        undecided=boundaries.sce,
        limit=2.0,
        most_undecided=0.5,
    ),
    Case("passthrough", "passthrough", {"expert1": {}}, base=None),
    Case("passthrough, scaled", "passthrough", {"expert1": {"scale": 0.75}}, base=None),
)

# Where mergekit 0.1.5 is known to differ, and what is done about it here.
DIFFERENCES = (
    "Arithmetic: mergekit computes most methods in the stored dtype, wootz in double with one rounding at the end. So "
    "the figure of merit is mergekit's own code run on float64 copies of the inputs; its native error is shown beside.",
    "Equal magnitudes: mergekit keeps whichever its unstable sort puts first, wootz the lowest index. Elements whose "
    "magnitude equals a threshold are left out of the comparison, and counted.",
    "Random dropping: the streams differ (wootz's depend on seed, tensor and model alone). Statistics are compared.",
    "della in bfloat16: mergekit's ranks have 8 bits, so rows longer than 256 share ranks. Compared in float32.",
    "sce on small task vectors: mergekit weighs the models equally when the sum of mean squares is below 1e-6, which "
    "holds for ordinary fine-tunes; wootz never does. The checkpoints here have larger task vectors.",
    "model_stock by filter on convolutions: mergekit takes a filter to be one line of the last dimension, wootz, as the "
    "paper, all that makes one output channel. Tensors of more than two dimensions are not compared.",
    "Full CLIPModel checkpoints: mergekit cannot plan them (its architecture inference fails). The vision tower is "
    "compared instead; wootz needs no architecture.",
)
