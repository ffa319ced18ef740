#!/usr/bin/env python3
"""share/modeling_wootz.py must give what a routed model's definition says: weights merged anew for every sample.

Makes tiny random networks and routed directories of them, loads these as a user does, and compares with the base's own
network whose weights are set sample by sample. Needs the environment of requirements-peers.txt.
"""

import copy
import itertools
import json
import math
import os
import pathlib
import shutil
import tempfile
import unittest

ROOT = pathlib.Path(tempfile.mkdtemp(prefix="wootz-modeling-"))
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(ROOT / "modules"), "TRANSFORMERS_VERBOSITY": "error"}

import torch  # noqa: E402  (after its environment)
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from torch.nn import functional as F  # noqa: E402

MODELING_FILE = pathlib.Path(__file__).resolve().parents[2] / "share" / "modeling_wootz.py"
EXPERTS, WIDTH, INNER, BLOCKS, CODE, RANK = 3, 20, 36, 2, 8, 4  # widths that leave a byte of a mask unfilled
LENGTHS = [9, 4, 6]
FLOAT32, FLOAT64 = 1e-5, 1e-12
CLIP_MAPS = {"mlp": ["mlp.fc1", "mlp.fc2"],
             "self_attn": [f"self_attn.{name}_proj" for name in ("k", "v", "q", "out")]}
BERT_MAPS = {"mlp": ["intermediate.dense", "output.dense"],
             "attention": [f"attention.{name}" for name in ("self.query", "self.key", "self.value", "output.dense")]}


def tearDownModule():
    shutil.rmtree(ROOT)


def common(**more):
    return dict(hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=BLOCKS, num_attention_heads=2) | more


def vision_config():
    return transformers.CLIPVisionConfig(**common(patch_size=8, image_size=16, projection_dim=12))


def clip_text_config():
    return transformers.CLIPTextConfig(**common(vocab_size=50, max_position_embeddings=12, projection_dim=12,
                                                eos_token_id=49, bos_token_id=48, pad_token_id=0))


def bert_config(kind="Bert"):
    config = getattr(transformers, f"{kind}Config")
    return config(**common(vocab_size=50, max_position_embeddings=12, num_labels=5, pad_token_id=0))


def randomize(model):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
            if "norm" in name.lower() and name.endswith("weight"):
                parameter.add_(1)
    return model.eval()


def images():
    return {"pixel_values": torch.randn(len(LENGTHS), 3, 16, 16, generator=torch.Generator().manual_seed(2)).double()}


def texts():
    tokens = torch.randint(1, 48, (len(LENGTHS), max(LENGTHS)), generator=torch.Generator().manual_seed(2))
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return {"input_ids": tokens * mask, "attention_mask": mask.long()}


class Network:
    """A network to route, and how its modules and maps are called in a checkpoint."""

    def __init__(self, model, inputs, prefix, layer, outputs):
        self.model, self.inputs, self.outputs = randomize(model), inputs(), outputs
        self.layer, self.kinds = layer, BERT_MAPS if "bert" in model.config.model_type else CLIP_MAPS
        self.prefix = prefix  # put before the names of transformers

    def modules(self, kinds):
        """{name in the checkpoint: ([names of maps], name of what takes the module's input in the network)}"""
        found = {}
        for block, kind in itertools.product(range(BLOCKS), kinds):
            at = self.layer.format(block)
            maps = [f"{self.prefix}{at}.{name}" for name in self.kinds[kind]]
            found[f"{self.prefix}{at}.{kind}"] = maps, f"{at}.{kind}"
        return found

    def taker(self, taker):
        return taker.replace(".mlp", ".intermediate") if self.kinds is BERT_MAPS else taker

    def linear(self, model, name):
        return model.get_submodule(name[len(self.prefix):])


def clip_layer(model):
    names = [name for name, _ in model.named_parameters() if name.endswith("layers.0.mlp.fc1.weight")]
    return names[0].replace(".0.mlp.fc1.weight", ".{}")


def network(name):
    bert, t = "encoder.layer.{}", transformers
    if name in ("CLIPVisionModelWithProjection", "CLIPVisionModel"):
        model = getattr(t, name)(vision_config())
        bare = not next(iter(model.state_dict())).startswith("vision_model.")
        output = "image_embeds" if "Projection" in name else "pooler_output"
        return Network(model, images, "vision_model." if bare else "", clip_layer(model), [output])
    if name == "CLIPTextModelWithProjection":
        model = t.CLIPTextModelWithProjection(clip_text_config())
        return Network(model, lambda: {"input_ids": F.pad(texts()["input_ids"], (0, 1), value=49)}, "",
                       clip_layer(model), ["text_embeds"])
    if name == "BertModel":
        return Network(t.BertModel(bert_config()), texts, "", bert, ["last_hidden_state", "pooler_output"])
    if name == "BertModel without pooler":
        return Network(t.BertModel(bert_config(), add_pooling_layer=False), texts, "bert.", bert, ["last_hidden_state"])
    if name == "BertForMaskedLM":
        return Network(t.BertForMaskedLM(bert_config()), texts, "", f"bert.{bert}", ["logits"])
    kind = name.removesuffix("ForSequenceClassification")
    return Network(getattr(t, name)(bert_config(kind)), texts, "", f"{kind.lower()}.{bert}", ["logits"])


class Routed:
    """A definition of random routed modules, and what Wootz would write of it."""

    def __init__(self, net, kinds, storage, layers, shared, batch_average=False):
        self.net, self.modules, self.layers, self.shared = net, net.modules(kinds), layers, shared
        self.batch_average, self.storage = batch_average, storage
        self.code_size = CODE if shared else 0
        self.generator = torch.Generator().manual_seed(3)
        self.task_vectors, self.biases, self.stored = {}, {}, {}
        for name in itertools.chain(*(maps for maps, _ in self.modules.values())):
            self._add_map(name, self.net.linear(self.net.model, name).weight.shape)
        self.routers = {}
        for module in self.modules:
            self.routers[module] = self.routers.get(next(iter(self.routers), None)) if shared else None
            self.routers[module] = self.routers[module] or self._add_router("" if shared else module)

    def _random(self, *shape, scale=0.3):
        return torch.randn(*shape, generator=self.generator) * scale

    def _add_map(self, name, shape):
        out, width = shape
        self.biases[name] = self.stored[f"{name}.bias"] = self._random(EXPERTS, out)
        if self.storage == "low_rank":
            up, down = self._random(EXPERTS, out, RANK).half(), self._random(EXPERTS, RANK, width).half()
            self.task_vectors[name] = up.double() @ down.double()
            self.stored |= {f"{name}.weight.up": up, f"{name}.weight.down": down}
            return
        dense = self._random(EXPERTS, out, width)
        if self.storage == "dense":
            dense = dense.bfloat16()
            self.stored[f"{name}.weight"] = dense
        else:
            dense = (dense * (dense.abs() > dense.abs().median())).half()
            mask = torch.zeros(EXPERTS, out, (width + 7) // 8, dtype=torch.uint8)
            values = []
            for k, i, j in dense.nonzero().tolist():
                mask[k, i, j // 8] += 1 << j % 8
                values.append(dense[k, i, j])
            self.stored |= {f"{name}.weight.mask": mask, f"{name}.weight.values": torch.stack(values)}
        self.task_vectors[name] = dense.double()

    def _add_router(self, module):
        shapes = {"output.bias": (EXPERTS,)}
        if self.layers > 0:
            shapes["output.weight"] = (EXPERTS, WIDTH)
        if self.layers > 1:
            shapes |= {"hidden.weight": (WIDTH, WIDTH + self.code_size), "hidden.bias": (WIDTH,)}
        router = {name: self._random(*shape) for name, shape in shapes.items()}
        prefix = f"routers.{module}." if module else "router."
        self.stored |= {prefix + name: value for name, value in router.items()}
        return {name: value.double() for name, value in router.items()}

    def config(self):
        return {
            "model_type": "wootz_routed",
            "architectures": ["WootzRoutedModel"],
            "auto_map": {"AutoConfig": "modeling_wootz.WootzRoutedConfig",
                         "AutoModel": "modeling_wootz.WootzRoutedModel"},
            "routing": {"version": 1, "id": "0f", "experts": [f"task{k}" for k in range(EXPERTS)],
                        "modules": list(self.modules), "maps": {name: maps for name, (maps, _) in self.modules.items()},
                        "router_layers": self.layers, "shared_router": self.shared, "layer_code": self.code_size,
                        "storage": self.storage, "batch_average": self.batch_average},
        }

    def write(self, folder, shard_size="1GB"):
        shutil.rmtree(folder, ignore_errors=True)
        self.net.model.save_pretrained(folder, max_shard_size=shard_size)
        config = self.config() | {"base_config": json.loads((folder / "config.json").read_text())}
        (folder / "config.json").write_text(json.dumps(config))
        for file in folder.glob("*.safetensors"):
            tensors = {self.net.prefix + name: value for name, value in load_file(file).items()}
            save_file(tensors, file, metadata={"format": "pt"})
        save_file(self.stored, folder / "experts.safetensors", metadata={"format": "pt", "routing_id": "0f"})
        shutil.copy(MODELING_FILE, folder)
        return folder

    def coefficients(self, module, x, mask):
        """x [B, T, D] -> [B, K], in the words of the definition."""
        router, position = self.routers[module], list(self.modules).index(module)
        if self.layers == 2:
            if self.code_size:
                angles = [position * 10000.0 ** (-i / (CODE / 2)) for i in range(CODE // 2)]
                code = torch.tensor([f(angle) for f in (math.sin, math.cos) for angle in angles], dtype=torch.float32)
                x = torch.cat([x, code.double().expand(*x.shape[:2], CODE)], dim=-1)
            x = F.relu(x @ router["hidden.weight"].T + router["hidden.bias"])
        tokens = torch.zeros(*x.shape[:2], EXPERTS).double() + router["output.bias"]
        if self.layers > 0:
            tokens = tokens + x @ router["output.weight"].T
        rows = [row if mask is None else row[mask[i].bool()] for i, row in enumerate(tokens)]
        return torch.stack([row.mean(0) for row in rows])

    def truth(self):
        """The outputs, sample by sample (all at once with batch_average), from weights set before a module runs."""
        model = copy.deepcopy(self.net.model).double()
        mask = self.net.inputs.get("attention_mask") if self.batch_average else None
        for module, (maps, taker) in self.modules.items():
            originals = {name: copy.deepcopy(self.net.linear(model, name)) for name in maps}

            def merge(_, args, kwargs, module=module, originals=originals):
                x = args[0] if args else kwargs["hidden_states"]
                weights = self.coefficients(module, x, mask).mean(0)
                for name, original in originals.items():
                    linear = self.net.linear(model, name)
                    linear.weight.data = original.weight + torch.tensordot(weights, self.task_vectors[name], 1)
                    linear.bias.data = original.bias + weights @ self.biases[name].double()

            model.get_submodule(self.net.taker(taker)).register_forward_pre_hook(merge, with_kwargs=True)
        with torch.no_grad():
            if self.batch_average:
                return self.outputs(model(**self.net.inputs))
            parts = [self.outputs(model(**inputs)) for inputs in self.samples()]
        return [part for sample in zip(*parts, strict=True) for part in sample]

    def samples(self):
        """The inputs one by one, without padding."""
        for i, length in enumerate(LENGTHS):
            one = {name: value[i : i + 1] for name, value in self.net.inputs.items()}
            mask = one.pop("attention_mask", None)
            yield one if mask is None else {name: value[:, :length] for name, value in one.items()}

    def outputs(self, output):
        """The parts that count, one by one."""
        parts = []
        for name in self.net.outputs:
            value = output[name]
            masked = "attention_mask" in self.net.inputs and value.dim() == 3 and len(value) > 1
            parts += [row[: LENGTHS[i]] if masked else row for i, row in enumerate(value)]
        return parts


def interrupt(*_):
    raise InterruptedError


def load(folder, **options):
    return transformers.AutoModel.from_pretrained(folder, trust_remote_code=True, **options)


class ModelingWootz(unittest.TestCase):
    def compare(self, routed, folder):
        model, truth = load(folder), routed.truth()
        self.assertFalse(model.training)
        self.assertEqual({parameter.dtype for parameter in model.parameters()}, {torch.float32})
        inputs = {name: value.float() if value.is_floating_point() else value
                  for name, value in routed.net.inputs.items()}
        with torch.no_grad():
            found = routed.outputs(model(**inputs))
            exact = routed.outputs(model.double()(**routed.net.inputs))
            static = routed.outputs(copy.deepcopy(routed.net.model)(**inputs))
        self.assertEqual(len(found), len(truth))
        scale = max(want.abs().max() for want in truth)
        self.assertGreater(max((want - plain).abs().max() for want, plain in zip(truth, static, strict=True)), 0.01)
        for have, precise, want in zip(found, exact, truth, strict=True):
            self.assertEqual(have.shape, want.shape)
            self.assertLess((have - want).abs().max() / scale, FLOAT32)
            self.assertLess((precise - want).abs().max() / scale, FLOAT64)

    def compare_all(self, name, kinds, storages=("dense", "sparse", "low_rank"), layers=(0, 1, 2), shared=(False, True),
                    **options):
        net = network(name)
        for case in itertools.product(kinds, storages, layers, shared):
            with self.subTest(name=name, case=case):
                routed = Routed(net, *case, **options)
                self.compare(routed, routed.write(ROOT / "model"))

    def test_clip_vision_with_projection(self):
        self.compare_all("CLIPVisionModelWithProjection", [["mlp"], ["self_attn"]])

    def test_clip_vision(self):
        self.compare_all("CLIPVisionModel", [["mlp"], ["self_attn"]])

    def test_bert(self):
        self.compare_all("BertModel", [["mlp"], ["attention"]])

    def test_bert_classifier(self):
        self.compare_all("BertForSequenceClassification", [["mlp"], ["attention"]])

    def test_other_networks(self):
        for name in ("CLIPTextModelWithProjection", "BertModel without pooler", "BertForMaskedLM",
                     "RobertaForSequenceClassification"):
            kinds = list(network(name).kinds)
            self.compare_all(name, [kinds], ["dense"], [2])

    def test_all_modules_at_once(self):
        for name in ("CLIPVisionModel", "BertModel"):
            self.compare_all(name, [list(network(name).kinds)], layers=[2])

    def test_batch_average(self):
        for name in ("CLIPVisionModel", "BertModel"):
            self.compare_all(name, [list(network(name).kinds)], ["dense"], [1, 2], batch_average=True)

    def test_shards(self):
        routed = Routed(network("CLIPVisionModelWithProjection"), ["mlp"], "sparse", 2, True)
        folder = routed.write(ROOT / "model", shard_size=10_000)
        self.assertFalse((folder / "model.safetensors").exists())
        self.compare(routed, folder)

    def test_whole_clip(self):
        config = transformers.CLIPConfig(text_config=clip_text_config().to_dict(), projection_dim=12,
                                         vision_config=vision_config().to_dict())
        model = transformers.CLIPModel(config)
        vision = network("CLIPVisionModelWithProjection")
        model.load_state_dict(vision.model.state_dict(), strict=False)
        net = Network(model, images, "", "vision_model.encoder.layers.{}", ["image_embeds"])
        routed = Routed(net, ["mlp"], "dense", 2, False)
        loaded = load(routed.write(ROOT / "model"))
        net.model = randomize(transformers.CLIPVisionModelWithProjection(vision.model.config))
        net.model.load_state_dict({name: model.state_dict()[name] for name in net.model.state_dict()})
        with torch.no_grad():
            found = loaded.base.double().get_image_features(**net.inputs)
        found = found if isinstance(found, torch.Tensor) else found.pooler_output
        for have, want in zip(found, routed.truth(), strict=True):
            self.assertLess((have - want).abs().max(), 1e-10)

    def test_use(self):
        """What users do beside loading: positional inputs, options, a batch after one that failed, chunks."""
        net = network("BertForSequenceClassification")
        net.model.config.chunk_size_feed_forward = 2
        routed = Routed(net, ["mlp", "attention"], "low_rank", 2, True)
        folder = routed.write(ROOT / "model")
        model, truth = load(folder, dtype="float64", attn_implementation="eager"), routed.truth()
        tokens, mask = net.inputs["input_ids"], net.inputs["attention_mask"]
        with torch.no_grad():
            hook = model.base.bert.encoder.layer[1].output.register_forward_pre_hook(interrupt)
            self.assertRaises(InterruptedError, model, tokens.flip(1), mask)
            hook.remove()
            attended = model(tokens, mask, output_attentions=True)
            states = model.base.bert(tokens, attention_mask=mask).pooler_output
        self.assertEqual(len(attended.attentions), BLOCKS)
        self.assertLess((attended.logits - torch.stack(truth)).abs().max(), 1e-10)
        self.assertLess((model.base.classifier(states) - attended.logits).abs().max(), 1e-10)
        with self.assertRaisesRegex(NotImplementedError, "copy its directory"):
            model.save_pretrained(ROOT / "saved")
        with self.assertRaisesRegex(ValueError, "device_map"):
            load(folder, device_map="cpu")
        with self.assertRaisesRegex(ValueError, "use from_pretrained"):
            transformers.AutoModel.from_config(model.config, trust_remote_code=True)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.routed = Routed(network("CLIPVisionModel"), ["mlp"], "sparse", 2, False)
        self.folder = self.routed.write(ROOT / "model")

    def refuses(self, message):
        with self.assertRaisesRegex((ValueError, OSError), message):
            load(self.folder)

    def change_routing(self, **changes):
        path = self.folder / "config.json"
        config = json.loads(path.read_text())
        path.write_text(json.dumps(config | {"routing": config["routing"] | changes}))

    def change_tensors(self, file, change):
        tensors = load_file(self.folder / file)
        change(tensors)
        save_file(tensors, self.folder / file, metadata={"format": "pt", "routing_id": "0f"})

    def test_experts_of_another_model(self):
        self.change_routing(id="1a")
        self.refuses("holds other experts than config.json was written for")

    def test_versions(self):
        self.change_routing(version=2)
        self.refuses("'routing.version' is 2; this file reads 1")

    def test_unknown_storage(self):
        self.change_routing(storage="ternary")
        self.refuses("'routing.storage' is 'ternary'")

    def test_other_number_of_experts(self):
        self.change_routing(experts=["one"])
        self.refuses(r"experts.safetensors: '.*' is \[3\], but config.json asks for \[1\]")

    def test_unknown_map(self):
        maps = self.routed.config()["routing"]["maps"]
        self.change_routing(maps=maps | {next(iter(maps)): ["nowhere.fc1", "nowhere.fc2"]})
        self.refuses("'routing.maps' has 'nowhere.fc1'")

    def test_missing_static_tensor(self):
        self.change_tensors("model.safetensors", lambda all_of: all_of.pop("vision_model.pre_layrnorm.weight"))
        self.refuses("model.safetensors: '.*pre_layrnorm.weight' is missing")

    def test_missing_router(self):
        name = next(name for name in self.routed.stored if name.startswith("routers."))
        self.change_tensors("experts.safetensors", lambda all_of: all_of.pop(name))
        self.refuses(f"experts.safetensors: '{name}' is missing")

    def test_missing_file(self):
        (self.folder / "experts.safetensors").unlink()
        self.refuses("experts.safetensors")

    def test_damaged_mask(self):
        name = next(name for name in self.routed.stored if name.endswith("mask"))
        self.change_tensors("experts.safetensors", lambda all_of: all_of[name].zero_())
        self.refuses(f"'{name}' keeps")


if __name__ == "__main__":
    torch.set_num_threads(1)
    unittest.main()
