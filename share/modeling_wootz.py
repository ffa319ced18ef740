"""Loads a model with routed modules that Wootz wrote: `AutoModel.from_pretrained(DIR, trust_remote_code=True)`.

A routed module has the base's weights W_0, K task vectors T_k and a router, and merges them anew for every sample
(WEMoE, arXiv 2402.00433): y = x (W_0 + sum_k c_k T_k)^T + b_0 + sum_k c_k t_k, where c is the mean of the router's
output over the tokens of the module's input. All other weights are merged once, and lie in model.safetensors.

`model(...)` takes and gives what the base's class does; that network itself is `model.base`. Float32, for inference.
"""

import inspect
import json

import torch
import transformers
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel
from transformers.utils import cached_file

VERSION = 1
STATIC_FILE, EXPERTS_FILE = "model.safetensors", "experts.safetensors"
# The maps that take their module's own input; the others take what comes of that.
INPUT_MAPS = ("fc1", "intermediate.dense", "q_proj", "k_proj", "v_proj", "query", "key", "value")
# What stands before a tower's names in some checkpoints and in some versions of transformers.
PREFIXES = {"clip_vision_model": "vision_model.", "clip_text_model": "text_model."}
# Networks whose routers see only the tokens that count by the attention mask.
MASKED_TYPES = ("bert", "roberta", "clip_text_model")
HUB_OPTIONS = ("cache_dir", "force_download", "local_files_only", "proxies", "revision", "subfolder", "token")


class WootzRoutedConfig(PretrainedConfig):
    """`base_config`: the base's config.json. `routing`: the experts, modules and kind of router."""

    model_type = "wootz_routed"

    def __init__(self, base_config=None, routing=None, **kwargs):
        super().__init__(**kwargs)
        self.base_config = base_config or {}
        self.routing = routing or {}


class StoredTensors:
    """The tensors of safetensors files, read when asked for."""

    def __init__(self, paths):
        self.path = paths[0]
        self.files, self.metadata = {}, {}
        for path in paths:
            opened = safe_open(path, "pt")
            self.metadata.update(opened.metadata() or {})
            self.files.update(dict.fromkeys(opened.keys(), opened))

    def read(self, name, shape):
        """The tensor, which must be of `shape`; None in it stands for any size."""
        if name not in self.files:
            raise ValueError(f"{self.path}: '{name}' is missing")
        tensor = self.files[name].get_tensor(name)
        if tensor.dim() != len(shape) or any(want not in (None, have) for want, have in zip(shape, tensor.shape)):
            raise ValueError(f"{self.path}: '{name}' is {list(tensor.shape)}, but config.json asks for {list(shape)} "
                             "(None: any): the files belong to different models")
        return tensor


class DenseExperts(nn.Module):
    """x [B, T, in], coefficients [B, K] -> sum_k c_k x T_k^T [B, T, out]. A weight per sample is never formed."""

    def __init__(self, stored, name, experts, out, width):
        super().__init__()
        self.register_buffer("weight", stored.read(f"{name}.weight", (experts, out, width)))

    def task_vector(self, k):
        return self.weight[k]

    def forward(self, x, coefficients):
        terms = (F.linear(x, self.task_vector(k).to(x.dtype)) * c[:, None, None]
                 for k, c in enumerate(coefficients.unbind(1)))
        return sum(terms)


class SparseExperts(DenseExperts):
    """The same for task vectors of which a bit mask [K, out, ceil(in / 8)] tells what is kept, the lowest bit first.

    One at a time is unpacked.
    """

    def __init__(self, stored, name, experts, out, width):
        nn.Module.__init__(self)
        self.width = width
        self.register_buffer("mask", stored.read(f"{name}.weight.mask", (experts, out, (width + 7) // 8)))
        self.register_buffer("values", stored.read(f"{name}.weight.values", (None,)))
        counts = [int(self.kept(k).sum()) for k in range(experts)]
        if sum(counts) != len(self.values):
            raise ValueError(f"{stored.path}: '{name}.weight.mask' keeps {sum(counts)} values, but "
                             f"'{name}.weight.values' has {len(self.values)}: damaged")
        self.counts = counts

    def kept(self, k):
        """[out, in] bool."""
        bits = torch.arange(8, dtype=torch.uint8, device=self.mask.device)
        return (self.mask[k, :, :, None] >> bits & 1).flatten(1)[:, :self.width].bool()

    def task_vector(self, k):
        kept = self.kept(k)
        weight = self.values.new_zeros(kept.shape)
        weight[kept] = self.values.split(self.counts)[k]
        return weight


class LowRankExperts(nn.Module):
    """The same for T_k = up_k down_k, up [K, out, r], down [K, r, in]."""

    def __init__(self, stored, name, experts, out, width):
        super().__init__()
        up = stored.read(f"{name}.weight.up", (experts, out, None))
        self.rank = up.shape[2]
        down = stored.read(f"{name}.weight.down", (experts, self.rank, width))
        self.register_buffer("up", up.transpose(0, 1).flatten(1).float())  # [out, K r]
        self.register_buffer("down", down.flatten(0, 1).float())  # [K r, in]

    def forward(self, x, coefficients):
        inner = F.linear(x, self.down) * coefficients.repeat_interleave(self.rank, 1)[:, None]
        return F.linear(inner, self.up)


EXPERTS = {"dense": DenseExperts, "sparse": SparseExperts, "low_rank": LowRankExperts}


class Router(nn.Module):
    """A map of 0, 1 or 2 layers from tokens to coefficients, averaged over the tokens: no softmax, any sign."""

    def __init__(self, stored, prefix, layers, experts, width, code_size):
        super().__init__()
        shapes = {"output_bias": (experts,)}
        if layers > 0:
            shapes["output_weight"] = (experts, width)
        if layers > 1:
            shapes |= {"hidden_weight": (width, width + code_size), "hidden_bias": (width,)}
        for name, shape in shapes.items():
            self.register_buffer(name, stored.read(prefix + name.replace("_", "."), shape).float())
        self.layers = layers

    def forward(self, x, mask, code):
        """x [B, T, D]; mask [B, T], or None where all tokens count; code [C] is put behind every token. -> [B, K]."""
        if self.layers == 0:
            return self.output_bias.expand(len(x), -1)
        if self.layers == 2:
            weight, of_code = self.hidden_weight.split([x.shape[-1], len(code)], dim=1)
            x = F.linear(x, weight, self.hidden_bias + of_code @ code).relu()
        if mask is None:
            x = x.mean(1)
        else:
            counted = mask.to(x.dtype)[..., None]
            x = (x * counted).sum(1) / counted.sum(1)
        return F.linear(x, self.output_weight, self.output_bias)  # linear, so that the mean may come first


class Coefficients(nn.Module):
    """The coefficients that the maps of one module share while it runs."""

    def __init__(self, router, code, batch_average):
        super().__init__()
        self.router = router
        self.register_buffer("code", code)
        self.batch_average = batch_average
        self.mask = self.input = self.current = None

    def forward(self, x, from_input):
        """x [B, T, in] of a map -> [B, K]. `from_input`: x is the module's input; else the module ends with this."""
        if not from_input:
            current, self.input, self.current = self.current, None, None
            return current
        if self.input is not x:
            self.input, self.current = x, self.router(x, self.mask, self.code)
            if self.batch_average:
                self.current = self.current.mean(0, keepdim=True).expand_as(self.current)
        return self.current


class RoutedLinear(nn.Module):
    """Takes the place of a linear map. x [B, T, in] -> [B, T, out]."""

    def __init__(self, linear, experts, biases, coefficients, from_input):
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.experts, self.coefficients, self.from_input = experts, coefficients, from_input
        self.register_buffer("biases", biases)  # [K, out]

    def forward(self, x):
        c = self.coefficients(x, self.from_input)
        return F.linear(x, self.weight, self.bias) + self.experts(x, c) + (c @ self.biases)[:, None]


def layer_code(position, size):
    """What tells a shared router which module it serves: [size], sines, then cosines."""
    half = size // 2
    angles = position * 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    return torch.cat([angles.sin(), angles.cos()]).float()


def make_base(fields, names, attention):
    """The base's network, not yet loaded. `fields`: its config.json; `names`: the tensors there are."""
    config = AutoConfig.for_model(**fields)
    if attention is not None:
        config._attn_implementation = attention
    if getattr(config, "chunk_size_feed_forward", 0):
        config.chunk_size_feed_forward = 0  # routers must see all tokens at once
    architecture = (fields.get("architectures") or [""])[0]
    kind = getattr(transformers, architecture, None) or transformers.MODEL_MAPPING[type(config)]
    options = {}
    poolable = "add_pooling_layer" in inspect.signature(kind.__init__).parameters
    if poolable and not any(name.endswith("pooler.dense.weight") for name in names):
        options["add_pooling_layer"] = False
    base = kind(config, **options).float()
    base.tie_weights()
    return base


@torch.no_grad()
def load_base(base, stored):
    """Fills all parameters. Returns which module has the weight of each map, by the map's name in the checkpoint."""
    kind = base.config.model_type
    prefix = PREFIXES.get(kind, f"{kind}.")
    modules = {}
    for name, parameter in base.named_parameters():
        spellings = (name, prefix + name, name.removeprefix(prefix))
        found = next((spelling for spelling in spellings if spelling in stored.files), None)
        if found is None:
            raise ValueError(f"{stored.path}: '{name}' is missing, which {type(base).__name__} has")
        parameter.copy_(stored.read(found, tuple(parameter.shape)))
        modules[found.rpartition(".")[0]] = name.rpartition(".")[0]
    return modules


def keep_mask(network, args, kwargs):
    """Before the network runs: tells its routers which tokens count."""
    mask = inspect.signature(network.forward).bind_partial(*args, **kwargs).arguments.get("attention_mask")
    if mask is not None and mask.dim() != 2:
        raise ValueError(f"a routed model takes an attention_mask [B, T], not {list(mask.shape)}")
    for module in network.modules():
        if isinstance(module, Coefficients):
            module.mask = mask


class WootzRoutedModel(PreTrainedModel):
    """The base's network with routed modules."""

    config_class = WootzRoutedConfig
    base_model_prefix = "base"
    _supports_sdpa = True  # as far as the base does

    def __init__(self, config, static=None, experts=None):
        attention = getattr(config, "_attn_implementation_internal", None)  # None: the caller leaves it to the base
        super().__init__(config)
        if static is None or experts is None:
            raise ValueError("a routed model needs its stored experts: use from_pretrained")
        version = config.routing.get("version")
        if version != VERSION:
            raise ValueError(f"config.json: 'routing.version' is {version}; this file reads {VERSION}")
        if config.routing["storage"] not in EXPERTS:
            raise ValueError(f"config.json: 'routing.storage' is '{config.routing['storage']}'; this file reads "
                             f"{', '.join(EXPERTS)}")
        if experts.metadata.get("routing_id") != config.routing.get("id"):
            raise ValueError(f"{experts.path}: holds other experts than config.json was written for")
        self.base = make_base(config.base_config, static.files, attention)
        self._route(config.routing, load_base(self.base, static), experts)
        if self.base.config.model_type in MASKED_TYPES:
            self.base.base_model.register_forward_pre_hook(keep_mask, with_kwargs=True)

    def _route(self, routing, modules, stored):
        """Replaces the routed maps. `modules`: what load_base gives; `stored`: the experts' tensors."""
        count, layers, shared = len(routing["experts"]), routing["router_layers"], routing["shared_router"]
        code_size = routing["layer_code"] if layers == 2 else 0
        router = None
        for position, module in enumerate(routing["modules"]):
            maps = routing["maps"][module]
            unknown = [name for name in maps if name not in modules]
            if unknown:
                raise ValueError(f"config.json: 'routing.maps' has '{unknown[0]}', which the base's network has not")
            linears = {name: self.base.get_submodule(modules[name]) for name in maps}
            entries = [name for name in maps if name.endswith(INPUT_MAPS)]
            if router is None or not shared:
                prefix = "router." if shared else f"routers.{module}."
                router = Router(stored, prefix, layers, count, linears[entries[0]].in_features, code_size)
            code = layer_code(position, code_size) if code_size else torch.zeros(0)
            coefficients = Coefficients(router, code, routing["batch_average"])
            for name, linear in linears.items():
                out, width = linear.weight.shape
                experts = EXPERTS[routing["storage"]](stored, name, count, out, width)
                biases = stored.read(f"{name}.bias", (count, out)).float()
                parent, _, last = modules[name].rpartition(".")
                routed = RoutedLinear(linear, experts, biases, coefficients, name in entries)
                setattr(self.base.get_submodule(parent), last, routed)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, *args, config=None, **kwargs):
        """A directory, or a repository's name on the Hub. On the CPU, in eval mode; `dtype` as elsewhere."""
        for option in ("device_map", "quantization_config"):
            if kwargs.get(option) is not None:
                raise ValueError(f"a routed model takes no {option}: load it, then move it with .to(...)")
        path, options = pretrained_model_name_or_path, {key: kwargs[key] for key in HUB_OPTIONS if key in kwargs}
        if config is None:
            config = cls.config_class.from_pretrained(path, **options)
        index = cached_file(path, f"{STATIC_FILE}.index.json", _raise_exceptions_for_missing_entries=False, **options)
        names = [STATIC_FILE]
        if index is not None:
            with open(index, encoding="utf-8") as file:
                names = sorted(set(json.load(file)["weight_map"].values()))
        static = StoredTensors([cached_file(path, name, **options) for name in names])
        model = cls(config, static, StoredTensors([cached_file(path, EXPERTS_FILE, **options)])).eval()
        dtype = kwargs.get("dtype", kwargs.get("torch_dtype"))
        dtype = getattr(torch, dtype) if isinstance(dtype, str) and dtype != "auto" else dtype
        return model if dtype in (None, "auto") else model.to(dtype)

    def forward(self, *args, **kwargs):
        """What the base's class takes and gives."""
        return self.base(*args, **kwargs)

    def save_pretrained(self, *args, **kwargs):
        raise NotImplementedError("a routed model is written by Wootz only: copy its directory")
