"""The cases that run networks: adapting, searching, evaluating and fine-tuning on the small zoo. Each runs in one
thread, so that sums have one order."""

from pathlib import Path

from case import Case, Kill, Run
from merges import of_transcripts

SINCE_RESUMED = ("loss", "entropy", "spread", "collapsed")  # of the steps after a kill, wherever it fell
ONE_THREAD = ("--threads", "1")
ADAPT = """merge_method: {method}
base_model: zoo/models/base
{head}models:
  - {{model: zoo/models/mnist, task: mnist}}
  - {{model: zoo/models/eurosat, task: eurosat}}
parameters: {{init: 0.3{parameters}}}
adapt: {{tasks: tasks/tasks.yml, steps: {steps}, batch_size: 8, batches_per_step: 1, lr: 5.0e-3,
        checkpoint_steps: 2{adapt}}}
"""
STATIC = """merge_method: {method}
base_model: zoo/models/base
{head}models: [{{model: zoo/models/mnist}}, {{model: zoo/models/eurosat}}]
parameters: {parameters}
"""


def adapt(method, head="", parameters="", more="", steps=3):
    return ADAPT.format(
        method=method,
        head=head and head + "\n",
        parameters=parameters and ", " + parameters,
        adapt=more and ", " + more,
        steps=steps,
    )


def wootz(*argv, label=""):
    return Run(("wootz", *argv, *ONE_THREAD), label=label)


def of_adapt():
    recipes = {
        "adamerging": adapt("adamerging"),
        "adamerging.task": adapt("adamerging", parameters="granularity: task, clamp: false"),
        "adamerging.block": adapt("adamerging", parameters="granularity: block", more="groups: [mlp]"),
        "adamerging.behind_ties": adapt("adamerging", "task_vectors: [ties]"),
        "adamerging.behind_awd": adapt("adamerging", "task_vectors: [awd]"),
        "adamerging.behind_two": adapt("adamerging", "task_vectors: [{trim: {density: 0.5}}, dare]\nseed: 5"),
        "adamerging.to_bf16": adapt("adamerging", "out_dtype: bfloat16", more="schedule: cosine, weight_decay: 0.01"),
        "adamerging.guarded": adapt(
            "adamerging", more="guard: {every: 2, items: 16}, evaluate: {every: 2, split: test}"
        ),
        "adamerging.objective": adapt(
            "adamerging", more="objective: {entropy: 0.5, balance: 0.2, agreement: 1}, precision: bfloat16"
        ),
        "adamerging.supervised": adapt(
            "adamerging", more="objective: {labels: 1}, corruption: contrast, severity: 3, max_items: 20"
        ),
        "wemoe": adapt("wemoe"),
        "wemoe.attention": adapt("wemoe", parameters="modules: attention, router_layers: 1"),
        "wemoe.constants": adapt("wemoe", parameters="router_layers: 0"),
        "wemoe.shared": adapt("wemoe", parameters="modules: all, shared_router: true, layer_code: 4"),
        "wemoe.sparse": adapt("wemoe", parameters="storage: sparse, keep: 0.2"),
        "wemoe.low_rank": adapt("wemoe", parameters="storage: low_rank, rank: 3"),
        "wemoe.batch_average": adapt("wemoe", parameters="batch_average: true"),
        "wemoe.behind_ties": adapt("wemoe", "task_vectors: [ties]"),
        "wemoe.behind_awd": adapt("wemoe", "task_vectors: [awd]", "storage: sparse"),
        "wemoe.efficient": adapt("wemoe", "efficient: true"),
        "wemoe.guarded": adapt("wemoe", "efficient: {keep: 0.1, shared_router: true}", more="preset: guarded"),
    }
    for name, recipe in recipes.items():
        yield Case(
            "adapt",
            name,
            (wootz("adapt", "recipe.yml", "out", "--json"), wootz("verify", "out", "--json")),
            {"recipe.yml": recipe},
        )
    for name in ("adamerging", "adamerging.behind_ties", "wemoe.behind_awd"):
        yield Case(
            "adapt",
            f"{name}.no_steps",
            (wootz("adapt", "recipe.yml", "out", "--json", "--steps", "0"),),
            {"recipe.yml": recipes[name]},
        )
    little = ("--max-memory", "440MB", "--steps", "1", "--seed", "4")  # block by block
    yield Case(
        "adapt",
        "adamerging.little_memory",
        (wootz("adapt", "recipe.yml", "out", "--json", *little),),
        {"recipe.yml": recipes["adamerging"]},
    )
    learned = (
        wootz("adapt", "recipe.yml", "out", "--json"),
        wootz("merge", "out/mergekit_config.yml", "again", "--no-sync", "--json"),
    )
    yield Case("adapt", "adamerging.applied_again", learned, {"recipe.yml": recipes["adamerging.behind_ties"]})
    for method in ("adamerging", "wemoe"):
        command = ("wootz", "adapt", "recipe.yml", "out", "--json", *ONE_THREAD)
        yield Case(
            "adapt",
            f"{method}.killed",
            (Kill(command, "out.wootz-partial/wootz-adapt.jsonl", 4), Run(command)),
            {"recipe.yml": adapt(method, steps=7)},
            ("resumed_at", *SINCE_RESUMED),
        )
    bad = {
        "no_such_expert": recipes["adamerging"].replace("models/mnist", "models/minst"),
        "no_such_task": recipes["wemoe"].replace("task: mnist", "task: minst"),
        "no_tasks": recipes["adamerging"].replace("tasks/tasks.yml", "tasks/none.yml"),
        "wrong_values": adapt("wemoe", "efficient: {keep: 2}", "rank: 0", "guard: {evry: 2}"),
        "not_learned": recipes["adamerging"].replace("merge_method: adamerging", "merge_method: ties"),
    }
    for name, recipe in bad.items():
        yield Case("adapt", name, (wootz("adapt", "recipe.yml", "out"),), {"recipe.yml": recipe})


def of_routed():
    """What is done with a routed model."""
    tasks = ("--tasks", "tasks/tasks.yml")
    for name, parameters in {
        "dense": "",
        "sparse": "storage: sparse",
        "low_rank": "storage: low_rank, modules: all",
    }.items():
        steps = (
            wootz("adapt", "recipe.yml", "routed", "--steps", "1", "--json"),
            wootz("eval", "routed", "zoo/models/base", *tasks, "--json"),
            wootz("routing", "routed", *tasks, "--json"),
            wootz("fold", "routed", "folded", *tasks, "--task", "mnist", "--max-items", "20"),
            wootz("inspect", "folded", "--json"),
        )
        yield Case("routed", name, steps, {"recipe.yml": adapt("wemoe", parameters=parameters)})


def of_search():
    def case(name, method, parameters, *options, head=""):
        recipe = STATIC.format(method=method, head=head and head + "\n", parameters=parameters)
        search = wootz("search", "recipe.yml", "found.yml", "--tasks", "tasks/tasks.yml", "--json", *options)
        return Case(
            "search", name, (search, wootz("merge", "found.yml", "out", "--no-sync", "--json")), {"recipe.yml": recipe}
        )

    few = ("--evaluations", "9")
    yield case("scaled", "task_arithmetic", "{weight: 0.3}", "--grid", "0.2,0.4,0.6")
    yield case(
        "scaled_ties", "ties", "{weight: 1, density: 0.2, scope: model}", "--method", "golden", "--evaluations", "4"
    )
    yield case("added", "task_arithmetic", "{weight: 0.3}", "--method", "cmaes", *few, "--seed", "2")
    yield case(
        "added_behind_awd", "task_arithmetic", "{weight: 0.3}", "--method", "cmaes", *few, head="task_vectors: [awd]"
    )
    yield case(
        "added_in_little_memory", "task_arithmetic", "{weight: 0.3}", "--method", "cmaes", *few, "--max-memory", "1MB"
    )
    yield case("merged", "ties", "{weight: 1, density: 0.2}", "--parameter", "density", "--grid", "0.1,0.3")
    yield case(
        "merged_transform",
        "task_arithmetic",
        "{weight: 0.3}",
        "--parameter",
        "trim.density",
        "--grid",
        "0.1,0.3",
        head="task_vectors: [trim]",
    )
    yield case(
        "linear_bf16",
        "dare_linear",
        "{weight: 0.3, density: 0.5}",
        "--grid",
        "0.3,0.5",
        "--split",
        "test",
        head="out_dtype: bfloat16",
    )
    yield case("no_such_parameter", "ties", "{weight: 1}", "--parameter", "dnsity")


def of_finetune():
    recipe = (
        "base_model: zoo/models/base\ntasks: tasks/tasks.yml\ntask: mnist\nmethod: {method}\n"
        "train: {{steps: 3, batch_size: 8, learning_rate: 1.0e-3, warmup_steps: 1{train}}}\n"
    )
    variants = {
        "full": ("full", ", augment: {{shift: 2}}, label_smoothing: 0.05"),
        "lora": ("lora", ", max_gradient_norm: 1.0"),
    }
    for name, (method, train) in variants.items():
        text = recipe.format(method=method, train=train.replace("{{", "{").replace("}}", "}"))
        yield Case("finetune", name, (wootz("finetune", "recipe.yml", "out", "--json"),), {"recipe.yml": text})


def cases(repository: Path) -> list[Case]:
    return [*of_transcripts(repository, "nn_cases"), *of_adapt(), *of_routed(), *of_search(), *of_finetune()]
