#!/usr/bin/env python3
"""The FusionBench side of adapt_bench.py: its own AdaMerging or WEMoE, on random images. Prints one JSON line.

adapt_peer.py MODELS HEADS --method adamerging|wemoe [--steps N] [--batch N], run by .venv-peers/bin/python. MODELS
holds `base` and an expert a task, HEADS a head a task. The algorithms are FusionBench's classes with the settings of
its configuration files; ours here is only what would come from the Hub: models, heads and data. The images lie ready
in memory, so its steps need not decode any. `seconds` is the median of the steps after the first.

adamerging: steps of layer-wise adaptation. wemoe: a batch through the merged network with routing for each sample, and
through the dense base model; with --adapt also steps of adaptation. --batch-reduce routes a batch as a whole, as
FusionBench does by default.
"""

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import re
import resource
import statistics
import sys
import time

import lightning
import memory_watch
import torch
from fusion_bench.method.adamerging.clip_layer_wise_adamerging import CLIPLayerWiseAdaMergingAlgorithm
from fusion_bench.method.we_moe.clip_we_moe import CLIPWeightEnsemblingMoEAlgorithm
from fusion_bench.utils import state_dict_arithmetic
from omegaconf import OmegaConf
from safetensors import safe_open
from transformers import CLIPVisionModelWithProjection

REPEAT = 3  # of one batch's inference

# 0.2.33 rejects here what its own WEMoE hands over: parameters beside tensors.
state_dict_arithmetic._validate_state_dict_same_keys = lambda state_dicts: None


class Tower(torch.nn.Module):
    """A vision model as FusionBench knows it: transformers 5 has dropped the level `vision_model` inside of it."""

    def __init__(self, vision_model):
        super().__init__()
        self.vision_model = vision_model

    def forward(self, pixels):
        return self.vision_model(pixel_values=pixels)


class Pool:
    """The part of FusionBench's model pools that its algorithms use."""

    def __init__(self, models, tasks, attention, device):
        self.models, self.model_names, self.attention, self.device = models, tasks, attention, device

    def load(self, name):
        folder = self.models / ("base" if name == "_pretrained_" else name)
        model = CLIPVisionModelWithProjection.from_pretrained(folder, attn_implementation=self.attention)
        return model.to(self.device)

    def load_model(self, name):
        return Tower(self.load(name).vision_model)


class Local:
    """Replaces what the algorithms take from the Hub, and notes when each step begins."""

    def prepare(self, pool, heads, batch):
        self.modelpool = pool
        self.begun = []
        base = pool.load("_pretrained_")
        self.visual_projection = base.visual_projection.requires_grad_(False)
        self.logit_scale_exp = torch.tensor(1.0)  # it is in the heads
        self.zeroshot_weights = {}
        for task in pool.model_names:
            with safe_open(heads / f"{task}.safetensors", "pt") as file:
                weight = float(file.metadata()["logit_scale"]) * file.get_tensor("weight")
                self.zeroshot_weights[task] = weight.to(pool.device)
        size = base.config.image_size
        generator = torch.Generator().manual_seed(0)
        shape = (batch, 3, size, size)
        self.images = {task: torch.randn(shape, generator=generator).to(pool.device) for task in pool.model_names}

    def on_test_time_adaptation_start(self):
        pass

    def get_shuffled_test_loader_iter(self, task):
        if task == self.modelpool.model_names[0]:
            self.begun.append(time.perf_counter())
        return itertools.repeat((self.images[task], None))

    def timed_adaptation(self, module):
        """Figures of `test_time_adaptation`, which is FusionBench's own."""
        self.begun.clear()
        module = self.test_time_adaptation(module)
        ends = [*self.begun, time.perf_counter()]
        steps = [end - begin for begin, end in itertools.pairwise(ends)]
        return {"steps": steps, "seconds": statistics.median(steps[1:] or steps)}


class AdaMerging(Local, CLIPLayerWiseAdaMergingAlgorithm):
    pass


class WeMoe(Local, CLIPWeightEnsemblingMoEAlgorithm):
    pass


def adamerging(arguments, pool):
    config = {"weights": None, "optimizer": "adam", "lr": 1e-3, "init_values": 0.3, "clamp_weights": False,
              "tie_weights": True, "strict": False, "max_steps": arguments.steps}
    algorithm = AdaMerging(OmegaConf.create(config))
    algorithm.fabric = lightning.Fabric(accelerator=pool.device, devices=1)
    algorithm.prepare(pool, arguments.heads, arguments.batch)
    module = algorithm.construct_layer_wise_merged_model(pool)
    result = algorithm.timed_adaptation(module)
    moved = (module.merge_weight - 0.3).abs()
    return {**result, "coefficients": module.merge_weight.numel(), "largest_change": moved.max().item()}


@torch.inference_mode()
def inference_seconds(algorithm, module, task):
    """The median time of one batch, after one that warms up."""
    seconds = []
    for _ in range(1 + REPEAT):
        begin = time.perf_counter()
        algorithm.compute_logits(module, (algorithm.images[task], None), task).cpu()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


def wemoe(arguments, pool):
    config = {"router_hidden_layers": 2, "init_lambda": 0.3, "batch_reduce": arguments.batch_reduce, "lr": 1e-4,
              "optimizer": "adam", "use_grad_accumulate": True, "max_steps": arguments.steps}
    algorithm = WeMoe(OmegaConf.create(config))
    algorithm._fabric = lightning.Fabric(accelerator=pool.device, devices=1)  # else it only makes one for a GPU
    algorithm.prepare(pool, arguments.heads, arguments.batch)
    task = pool.model_names[0]
    result = {"dense_seconds": inference_seconds(algorithm, pool.load_model("_pretrained_").eval(), task)}
    module = algorithm.construct_moe_model().to(pool.device)
    result["inference_seconds"] = inference_seconds(algorithm, module.eval(), task)
    result["inference_peak_anonymous"] = arguments.peak.bytes
    if arguments.adapt:
        result |= guarded(lambda: algorithm.timed_adaptation(module))
    return result


def guarded(work):
    """What `work` returns, or that it was killed by the limit of memory."""
    try:
        return {**work(), "killed": False}
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not re.search("allocate memory|out of memory", str(error)):
            raise
        return {"killed": True}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("heads", type=pathlib.Path)
    parser.add_argument("--method", choices=["adamerging", "wemoe"], default="adamerging")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16, help="images of each task")
    parser.add_argument("--attention", default="sdpa", help="sdpa (default) or eager")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument("--threads", type=int, help="default: PyTorch's")
    parser.add_argument("--adapt", action="store_true", help="wemoe: adapt too")
    parser.add_argument("--batch-reduce", action="store_true", help="wemoe: one routing for a batch")
    parser.add_argument("--limit", type=float, default=22, help="GiB of address space; more counts as killed")
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        resource.setrlimit(resource.RLIMIT_AS, (int(arguments.limit * 2**30),) * 2)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    arguments.peak = memory_watch.AnonymousPeak("self")
    tasks = sorted(path.stem for path in arguments.heads.glob("*.safetensors"))
    pool = Pool(arguments.models, tasks, arguments.attention, arguments.device)
    with contextlib.redirect_stdout(sys.stderr):  # FusionBench prints there
        result = {"adamerging": adamerging, "wemoe": wemoe}[arguments.method](arguments, pool)
    print(json.dumps({**result, "peak_memory": memory_watch.status("self", "VmHWM"),
                      "peak_anonymous": arguments.peak.stop(), "threads": torch.get_num_threads()}), flush=True)
    os._exit(0)  # nothing is left to do, and taking the graph apart takes long


if __name__ == "__main__":
    main()
