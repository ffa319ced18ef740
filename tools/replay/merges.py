"""The cases that run the core alone: plans, merges and errors."""

from pathlib import Path

from case import Case, CutJournal, Kill, Run, Transcript

LANES = ("a", "b", "c")
LEARNED = ("adamerging", "wemoe")  # cannot be merged by `wootz merge`: one refusal of each set of parameters will do


def yaml_of(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {yaml_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(yaml_of, value)) + "]"
    return str(value)


def merging(group, name, recipe, options=(), files=None, threads=2, environment=(), plan=True):
    """Plans and merges one recipe."""
    options = ("--threads", str(threads), *options)
    plans = (Run(("wootz", "plan", "recipe.yml", "--json", *options)),) if plan else ()
    merge = Run(("wootz", "merge", "recipe.yml", "out", "--no-sync", "--json", *options), environment)
    return Case(group, name, (*plans, merge), {"recipe.yml": recipe, **(files or {})})


class Method:
    """A method or transform as `wootz methods --json` describes it, with parameters chosen by their types alone."""

    def __init__(self, entry: dict):
        self.name, self.kind, self.needs_base = entry["name"], entry["kind"], entry["needs_base"]
        self.parameters = entry["parameters"]
        self.lanes = min(max(len(LANES), entry["min_models"]), entry["max_models"] or len(LANES))

    def other(self, parameter: dict):
        """A value that is not the default."""
        default = parameter["default"]
        if parameter["type"] == "true or false":
            return not default
        if parameter["type"] == "choice":
            return next(choice for choice in parameter["choices"] if choice != default)
        low, high = parameter.get("minimum"), parameter.get("maximum")
        if parameter["type"] == "integer":
            wanted = [int(default or 0) // 2 + 1, int(default or 0) - 1]
        else:  # a small default stays small, as an epsilon beside a density must
            wanted = [0.1, 0.2] if default is not None and default < 0.3 else [0.4, 0.7]
        fitting = (v for v in wanted if v != default and (low is None or v >= low) and (high is None or v <= high))
        return next(fitting, default)

    def required(self) -> dict:
        return {p["name"]: self.other(p) for p in self.parameters if p["required"]}

    def telling(self) -> dict:
        """Every parameter at another value than its default."""
        return {p["name"]: self.other(p) for p in self.parameters}

    def sets(self):
        """Named sets of parameters: the defaults, all others, and all others but one, so that each shows its effect."""
        telling, required = self.telling(), self.required()
        yield "defaults", required
        yield "others", telling
        for name in telling:
            if name not in required:
                yield f"others_but_{name}", {key: value for key, value in telling.items() if key != name}

    def recipe(self, parameters: dict, folder="odd", lanes=None, head="", base=None) -> str:
        """A recipe for models of `folder`; numbers that each model may have of its own differ from model to model."""
        names = lanes or LANES[: self.lanes]
        own = {p["name"] for p in self.parameters if p["per_model"] and p["type"] == "number"}
        lines = [f"merge_method: {self.name}"]
        if self.needs_base:
            lines.append(f"base_model: {base or folder + '/base'}")
        lines.append("models:")
        for place, name in enumerate(names):
            values = {key: round(value * (1 - 0.125 * place), 6) for key, value in parameters.items() if key in own}
            lines.append(f"  - {{model: {folder}/{name}" + (f", parameters: {yaml_of(values)}" if values else "") + "}")
        common = {key: value for key, value in parameters.items() if key not in own}
        if common:
            lines.append(f"parameters: {yaml_of(common)}")
        return head + "\n".join(lines) + "\n"


def of_methods(methods):
    for method in methods:
        for name, parameters in method.sets():
            yield merging(
                "methods",
                f"{method.name}.{name}",
                method.recipe(parameters, head="seed: 3\n" if name == "others" else ""),
            )
        if method.lanes == len(LANES):
            yield merging("methods", f"{method.name}.one_model", method.recipe(method.telling(), lanes=["a"]))
            yield merging("methods", f"{method.name}.eight_models", method.recipe(method.telling(), lanes="abcdefgh"))
            yield merging(
                "methods", f"{method.name}.base_listed", method.recipe(method.telling(), lanes=["base", "a", "b"])
            )


def of_transforms(transforms, methods):
    by_name = {method.name: method for method in methods}
    ends = [by_name[name] for name in ("task_arithmetic", "ties", "della", "model_stock") if name in by_name]

    def case(name, listed, method, folder="odd", options=()):
        head = f"task_vectors: {yaml_of(listed)}\n"
        return merging("transforms", name, method.recipe(method.telling(), folder, head=head), options)

    for transform in transforms:
        for name, parameters in transform.sets():
            yield case(f"{transform.name}.{name}", [{transform.name: parameters}], ends[0])
        for end in ends[1:]:
            yield case(f"{transform.name}.before_{end.name}", [transform.name], end)
        for second in transforms:
            yield case(
                f"{transform.name}.then_{second.name}", [transform.name, {second.name: second.telling()}], ends[0]
            )
        wide = [transform.name, {transform.name: transform.telling()}]
        yield case(f"{transform.name}.wide", wide, ends[0], "wide", ("--max-memory", "64MiB"))


def of_dtypes(methods):
    for method in methods:
        for folder in ("F16", "BF16", "F64", "mixed"):
            yield merging("dtypes", f"{method.name}.of_{folder}", method.recipe(method.telling(), f"odd/{folder}"))
        for dtype in ("float16", "bfloat16", "float64", "float32"):
            head, folder = (
                (f"dtype: {dtype}\n", "odd/mixed") if dtype == "float32" else (f"out_dtype: {dtype}\n", "odd")
            )
            yield merging("dtypes", f"{method.name}.to_{dtype}", method.recipe(method.telling(), folder, head=head))


def of_cuts(methods):
    """Tensors larger than a piece, and how the work is cut: by threads, memory, files and instruction sets."""
    for method in methods:
        recipe = method.recipe(method.telling(), "wide")
        yield merging("cuts", f"{method.name}.one_thread", recipe, threads=1, plan=False)
        yield merging("cuts", f"{method.name}.little_memory", recipe, ("--max-memory", "64MiB"), threads=3)
        yield merging("cuts", f"{method.name}.files", recipe, ("--out-shard-size", "300000", "--max-memory", "4GiB"))
        for isa in ("scalar", "avx2"):
            yield merging("cuts", f"{method.name}.{isa}", recipe, environment=(("WOOTZ_FORCE_ISA", isa),), plan=False)
        yield merging("cuts", f"{method.name}.too_little_memory", recipe, ("--max-memory", "1MiB"))


def of_values(methods):
    """Values that are no numbers, too large for the output, equal, or not changed at all."""
    for method in methods:
        others = LANES[1 : method.lanes]

        def case(name, first, head="", **options):
            recipe = method.recipe(method.telling(), lanes=(first, *others), head=head, **options)
            return merging("values", f"{method.name}.{name}", recipe)

        for first in ("nan", "huge", "same"):
            yield case(first, first)
        yield case("huge_to_float16", "huge", "out_dtype: float16\n")
        yield case("equal_magnitudes", "a", folder="odd/coarse")
        if method.needs_base:
            yield case("nan_in_base", "a", base="odd/nan_base")


def of_inputs(methods):
    for method in methods:
        for name in ("sharded", "lacking", "reshaped", "more"):
            lanes = (name,) if method.lanes == 1 else ("a", name)
            recipe = method.recipe(method.telling(), lanes=lanes)
            yield merging("inputs", f"{method.name}.{name}", recipe)
            if name == "lacking":
                yield merging("inputs", f"{method.name}.{name}_allowed", recipe, ("--allow-missing",))


TABLE = """models: [b, a, c]
default: [0.3, 0.5, 0.1]
tensors:
  model.embed_tokens.weight: [0, 0.25, 1]
  model.layers.1.mlp.down_proj.weight: [-0.1, 1.5, 0.2]
"""
BY_TENSOR = """merge_method: {method}
base_model: odd/base
models:
  - {{model: odd/a, parameters: {{weight: [0, 0.3, 1]}}}}
  - model: odd/b
    parameters:
      weight:
        - {{filter: layers.1., value: 0.9}}
        - {{filter: mlp, value: [0.1, 0.2]}}
        - {{value: 0.5}}
  - {{model: odd/c, parameters: {{weight: 0.25{density}}}}}
parameters: {parameters}
"""


def of_parameters(methods):
    names = [
        m.name for m in methods if any(p["name"] == "weight" and p["per_model"] for p in m.parameters) and m.needs_base
    ]
    for name in names:
        method = next(m for m in methods if m.name == name)
        common = {key: value for key, value in method.telling().items() if key not in ("weight", "scope")}
        density = ", density: [0.2, 0.8]" if "density" in common else ""
        yield merging(
            "parameters",
            f"{name}.by_tensor",
            BY_TENSOR.format(method=name, density=density, parameters=yaml_of(common)),
        )
        yield merging(
            "parameters",
            f"{name}.table",
            f"merge_method: {name}\nbase_model: odd/base\ncoefficients: tables/table.yml\n"
            f"models: [{{model: odd/a}}, {{model: odd/b}}, {{model: odd/c}}]\nparameters: {yaml_of(common)}\n",
            files={"tables/table.yml": TABLE},
        )
    slerp = (
        "merge_method: slerp\nbase_model: odd/base\nmodels: [{model: odd/a}]\nparameters:\n  t:\n"
        "    - {filter: self_attn, value: [0, 0.5, 1]}\n    - {value: 0.5}\n"
    )
    yield merging("parameters", "slerp.by_tensor", slerp)


TIES = """merge_method: ties
base_model: odd/base
models: [{model: odd/a}, {model: odd/b}, {model: odd/c}]
task_vectors: [awd]
parameters: {weight: 0.5, density: 0.4, scope: model}
"""
WIDE = TIES.replace("odd/", "wide/").replace("scope: model", "scope: tensor")


def of_stops():
    """Parts, kills, and what goes on after them."""

    def merge(*options, label=""):
        return Run(
            (
                "wootz",
                "merge",
                "recipe.yml",
                "out",
                "--no-sync",
                "--json",
                "--threads",
                "1",
                "--out-shard-size",
                "9000",
                *options,
            ),
            label=label,
        )

    journal = "out.wootz-partial/journal-*"
    files = {"recipe.yml": TIES}
    yield Case("stops", "part_1_of_2", (merge("--part", "1/2"),), files)
    yield Case("stops", "part_2_of_2", (merge("--part", "2/2"),), files)
    yield Case(
        "stops",
        "parts_then_whole",
        (
            merge("--part", "1/2", label="part 1"),
            merge("--part", "2/2", label="part 2"),
            merge(),
            Run(("wootz", "verify", "out", "--json")),
        ),
        files,
    )
    yield Case("stops", "one_part_then_whole", (merge("--part", "2/2", label="part"), merge()), files)
    yield Case("stops", "interrupted_part", (merge("--part", "1/2", label="part"), CutJournal(journal), merge()), files)
    yield Case(
        "stops",
        "part_of_another",
        (
            merge("--part", "1/2", label="part"),
            Run(("wootz", "merge", "recipe.yml", "out", "--no-sync", "--part", "2/2", "--out-shard-size", "5000")),
        ),
        files,
    )
    yield Case("stops", "overwrite", (merge(label="first"), merge(), merge("--overwrite", label="again")), files)
    wide = ("wootz", "merge", "recipe.yml", "out", "--no-sync", "--threads", "1", "--json")
    for lines in (1, 2):
        yield Case(
            "stops",
            f"killed_after_{lines}",
            (Kill(wide, journal, lines), Run(wide)),
            {"recipe.yml": WIDE},
            ("resumed", "merged", "copied", "bytes_read", "bytes_written"),
        )


def of_examples(repository: Path):
    """Every recipe of examples/, on the small zoo."""
    folder = repository / "examples" / "recipes"
    files = {f"recipes/{path.relative_to(folder)}": path.read_text() for path in sorted(folder.rglob("*.yml"))}
    for path in sorted(folder.glob("*.yml")):
        recipe = f"recipes/{path.name}"
        steps = (
            Run(("wootz", "plan", recipe, "--threads", "2", "--json")),
            Run(("wootz", "merge", recipe, "out", "--no-sync", "--json", "--threads", "2")),
            Run(("wootz", "verify", "out", "--json")),
        )
        yield Case(
            "examples",
            path.stem,
            steps,
            {name: text for name, text in files.items() if name == recipe or "tables/" in name},
        )


def of_golden_recipes(repository: Path):
    """Recipes with everything that is to be said of them."""
    for path in sorted((repository / "tests" / "recipe" / "cases").glob("*.yml")):
        lines = path.read_bytes().decode(errors="surrogateescape").split("\n")
        text = "\n".join(line for line in lines if not line.startswith("#! "))
        yield Case(
            "golden recipes",
            path.stem,
            (
                Run(("wootz", "plan", "recipe.yml", "--threads", "2", "--json")),
                Run(("wootz", "merge", "recipe.yml", "out", "--no-sync", "--threads", "2", "--quiet")),
            ),
            {"recipe.yml": text},
        )


def of_files(repository: Path):
    """Looks at models, sound ones and those that lie."""
    for path in sorted((repository / "tests" / "hostile" / "files").iterdir()):
        yield Case("files", f"hostile.{path.name}", (Run(("wootz", "inspect", f"hostile/{path.name}", "--json")),))
    yield Case(
        "files", "layers", (Run(("wootz", "inspect", "--base", "odd/base", "odd/a", "odd/b", "--layers", "--json")),)
    )
    yield Case(
        "files",
        "tensors",
        (Run(("wootz", "inspect", "--base", "wide/base", "wide/a", "wide/b", "--tensors", "--json")),),
    )
    yield Case(
        "files",
        "strange",
        (Run(("wootz", "inspect", "--base", "odd/nan_base", "odd/nan", "odd/huge", "odd/lacking", "--tensors")),),
    )


def of_transcripts(repository: Path, folder: str):
    for path in sorted((repository / "tests" / "cli" / folder).glob("*.txt")):
        yield Case("transcripts", f"{folder}.{path.stem}", (Transcript(str(path.relative_to(repository))),))


def cases(repository: Path, registry: list[dict]) -> list[Case]:
    """All of them, for the methods and transforms of `registry`, what `wootz methods --json` says."""
    methods = [Method(entry) for entry in registry if entry["kind"] == "merge_method"]
    transforms = [Method(entry) for entry in registry if entry["kind"] == "transform"]
    still = [method for method in methods if method.name not in LEARNED]
    return [
        *of_examples(repository),
        *of_golden_recipes(repository),
        *of_transcripts(repository, "cases"),
        *of_files(repository),
        *of_methods(methods),
        *of_transforms(transforms, still),
        *of_dtypes(still),
        *of_cuts(still),
        *of_values(still),
        *of_inputs(still),
        *of_parameters(still),
        *of_stops(),
    ]
