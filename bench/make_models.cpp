// make_models OUT [--experts N] [--layers N] [--shards N] [--threads N] [--hidden N --intermediate N --key-value N]:
// writes OUT/base and OUT/expert1..N, Hugging Face directories in BF16, of the shapes of TinyLlama 1.1B where nothing
// else is said. Those of Llama 2 7B are --hidden 4096 --intermediate 11008 --key-value 4096. Weights are random but the
// same on every machine and for any number of threads: the base is normal with deviation 0.02, an expert is the base
// plus normal changes of deviation 5e-4, rounded to BF16, which leaves the coarse, tie-rich task vectors that real
// fine-tuning leaves.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace {

constexpr unsigned kHeads = 32;
constexpr std::uint64_t kVocabulary = 32000;
constexpr float kBaseDeviation = 0.02F;
constexpr float kChangeDeviation = 5e-4F;
constexpr std::uint64_t kChunk = std::uint64_t{1} << 20;  // elements

struct Options {
  std::string out;
  unsigned experts = 3;
  unsigned layers = 22;
  unsigned shards = 1;
  unsigned hidden = 2048;
  unsigned intermediate = 5632;
  unsigned key_value = 256;  // 4 heads of 64
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

struct Tensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  float mean = 0.0F;
  std::uint64_t size = 0;  // elements
  unsigned shard = 0;
  std::uint64_t offset = 0;  // bytes from the start of the shard's data
};

[[noreturn]] void fail(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

// --- Random numbers ------------------------------------------------------------------------------------------------

std::uint64_t mix(std::uint64_t x) {  // the finalizer of SplitMix64
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// The 65536 quantiles of the standard normal distribution: 16 random bits pick one.
class NormalTable {
 public:
  NormalTable() : values_(65536) {
    double x = 0.0;
    for (std::size_t i = 32768; i < 65536; ++i) {
      const double wanted = (static_cast<double>(i) + 0.5) / 65536.0;
      for (int step = 0; step < 20; ++step) {  // Newton, from the neighbour's solution
        const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * 3.14159265358979323846);
        x += (wanted - 0.5 * std::erfc(-x / std::sqrt(2.0))) / density;
      }
      values_[i] = static_cast<float>(x);
      values_[65535 - i] = static_cast<float>(-x);
    }
  }
  /// Value number `index` of the stream `seed`.
  float at(std::uint64_t seed, std::uint64_t index) const {
    const std::uint64_t bits = mix(seed ^ (index / 4 * 0xd1342543de82ef95U));
    return values_[(bits >> (16 * (index % 4))) & 0xffffU];
  }

 private:
  std::vector<float> values_;
};

std::uint16_t to_bf16(float value) {  // nearest-even; all values here are finite
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

float from_bf16(std::uint16_t stored) { return std::bit_cast<float>(std::uint32_t{stored} << 16U); }

// --- Layout --------------------------------------------------------------------------------------------------------

std::vector<Tensor> make_tensors(const Options& options) {
  const std::uint64_t hidden = options.hidden, intermediate = options.intermediate, key_value = options.key_value;
  std::vector<Tensor> tensors;
  const auto add = [&](std::string name, std::vector<std::uint64_t> shape, float mean = 0.0F) {
    tensors.push_back({std::move(name), std::move(shape), mean});
  };
  add("lm_head.weight", {kVocabulary, hidden});
  add("model.embed_tokens.weight", {kVocabulary, hidden});
  for (unsigned layer = 0; layer < options.layers; ++layer) {
    const std::string prefix = fmt::format("model.layers.{}.", layer);
    add(prefix + "input_layernorm.weight", {hidden}, 1.0F);
    add(prefix + "mlp.down_proj.weight", {hidden, intermediate});
    add(prefix + "mlp.gate_proj.weight", {intermediate, hidden});
    add(prefix + "mlp.up_proj.weight", {intermediate, hidden});
    add(prefix + "post_attention_layernorm.weight", {hidden}, 1.0F);
    add(prefix + "self_attn.k_proj.weight", {key_value, hidden});
    add(prefix + "self_attn.o_proj.weight", {hidden, hidden});
    add(prefix + "self_attn.q_proj.weight", {hidden, hidden});
    add(prefix + "self_attn.v_proj.weight", {key_value, hidden});
  }
  add("model.norm.weight", {hidden}, 1.0F);
  for (Tensor& tensor : tensors) {
    tensor.size = 1;
    for (const std::uint64_t extent : tensor.shape) tensor.size *= extent;
  }
  return tensors;
}

std::uint64_t total_bytes(const std::vector<Tensor>& tensors) {
  std::uint64_t total = 0;
  for (const Tensor& tensor : tensors) total += 2 * tensor.size;
  return total;
}

/// Deals tensors to shards in order, about equal in bytes.
void assign_shards(std::vector<Tensor>& tensors, unsigned shards) {
  const std::uint64_t total = total_bytes(tensors);
  std::uint64_t before = 0;
  std::vector<std::uint64_t> used(shards, 0);
  for (Tensor& tensor : tensors) {
    tensor.shard = static_cast<unsigned>(std::min<std::uint64_t>(shards - 1, before * shards / total));
    tensor.offset = used[tensor.shard];
    used[tensor.shard] += 2 * tensor.size;
    before += 2 * tensor.size;
  }
}

std::string shard_name(unsigned shard, unsigned shards) {
  return shards == 1 ? "model.safetensors" : fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1, shards);
}

/// The size field and the JSON header of one shard.
std::string header_of(const std::vector<Tensor>& tensors, unsigned shard) {
  std::string text = R"({"__metadata__":{"format":"pt"})";
  for (const Tensor& tensor : tensors) {
    if (tensor.shard != shard) continue;
    const std::string shape = tensor.shape.size() == 1 ? fmt::format("[{}]", tensor.shape[0])
                                                       : fmt::format("[{},{}]", tensor.shape[0], tensor.shape[1]);
    text += fmt::format(R"(,"{}":{{"dtype":"BF16","shape":{},"data_offsets":[{},{}]}})", tensor.name, shape,
                        tensor.offset, tensor.offset + 2 * tensor.size);
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t size = text.size();
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>((size >> (8 * i)) & 0xffU);
  return bytes + text;
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) fail(path);
}

std::string config_of(const Options& options) {
  return fmt::format(R"({{
  "architectures": ["LlamaForCausalLM"],
  "model_type": "llama",
  "hidden_size": {},
  "intermediate_size": {},
  "num_hidden_layers": {},
  "num_attention_heads": {},
  "num_key_value_heads": {},
  "max_position_embeddings": 2048,
  "rms_norm_eps": 1e-05,
  "hidden_act": "silu",
  "tie_word_embeddings": false,
  "dtype": "bfloat16",
  "vocab_size": {}
}}
)",
                     options.hidden, options.intermediate, options.layers, kHeads,
                     options.key_value * kHeads / options.hidden, kVocabulary);
}

std::string index_of(const std::vector<Tensor>& tensors, unsigned shards) {
  std::string text =
      fmt::format("{{\n  \"metadata\": {{\n    \"total_size\": {}\n  }},\n  \"weight_map\": {{", total_bytes(tensors));
  const char* comma = "";
  for (const Tensor& tensor : tensors) {
    text += fmt::format("{}\n    \"{}\": \"{}\"", comma, tensor.name, shard_name(tensor.shard, shards));
    comma = ",";
  }
  return text + "\n  }\n}\n";
}

// --- Writing -------------------------------------------------------------------------------------------------------

struct Chunk {
  std::size_t tensor;
  std::uint64_t first;
  std::uint64_t size;
};

std::vector<Chunk> make_chunks(const std::vector<Tensor>& tensors) {
  std::vector<Chunk> chunks;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (std::uint64_t first = 0; first < tensors[i].size; first += kChunk) {
      chunks.push_back({i, first, std::min(kChunk, tensors[i].size - first)});
    }
  }
  return chunks;
}

/// Values first .. first+size-1 of a tensor of model 0 (the base) or of an expert.
void fill(const NormalTable& normal, const Tensor& tensor, std::size_t number, unsigned model, const Chunk& chunk,
          std::vector<std::uint16_t>& out) {
  const std::uint64_t base_seed = mix(number);
  const std::uint64_t expert_seed = mix(base_seed + model);
  for (std::uint64_t i = 0; i < chunk.size; ++i) {
    const std::uint64_t index = chunk.first + i;
    std::uint16_t value = to_bf16(tensor.mean + kBaseDeviation * normal.at(base_seed, index));
    if (model > 0) value = to_bf16(from_bf16(value) + kChangeDeviation * normal.at(expert_seed, index));
    out[i] = value;
  }
}

void write_at(int descriptor, const void* data, std::size_t size, std::uint64_t offset) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t put = pwrite(descriptor, bytes, size, static_cast<off_t>(offset));
    if (put <= 0) fail("write");
    bytes += put;
    offset += static_cast<std::uint64_t>(put);
    size -= static_cast<std::size_t>(put);
  }
}

void write_model(const Options& options, const std::vector<Tensor>& tensors, const NormalTable& normal,
                 unsigned model) {
  const std::string folder = options.out + (model == 0 ? "/base" : fmt::format("/expert{}", model));
  if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) fail(folder);
  write_text(folder + "/config.json", config_of(options));
  if (options.shards > 1) write_text(folder + "/model.safetensors.index.json", index_of(tensors, options.shards));

  std::vector<int> files;
  std::vector<std::uint64_t> starts;
  for (unsigned shard = 0; shard < options.shards; ++shard) {
    const std::string path = folder + "/" + shard_name(shard, options.shards);
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) fail(path);
    const std::string header = header_of(tensors, shard);
    write_at(file, header.data(), header.size(), 0);
    files.push_back(file);
    starts.push_back(header.size());
  }

  const std::vector<Chunk> chunks = make_chunks(tensors);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    std::vector<std::uint16_t> values(kChunk);
    for (std::size_t i = next++; i < chunks.size(); i = next++) {
      const Chunk& chunk = chunks[i];
      const Tensor& tensor = tensors[chunk.tensor];
      fill(normal, tensor, chunk.tensor, model, chunk, values);
      write_at(files[tensor.shard], values.data(), 2 * chunk.size,
               starts[tensor.shard] + tensor.offset + 2 * chunk.first);
    }
  };
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < options.threads; ++i) workers.emplace_back(work);
  workers.clear();
  for (const int file : files) {
    if (close(file) != 0) fail("close");
  }
}

bool parse(int argc, char** argv, Options& options) {
  const std::map<std::string_view, unsigned*> numbers = {{"--experts", &options.experts},
                                                         {"--layers", &options.layers},
                                                         {"--shards", &options.shards},
                                                         {"--hidden", &options.hidden},
                                                         {"--intermediate", &options.intermediate},
                                                         {"--key-value", &options.key_value},
                                                         {"--threads", &options.threads}};
  for (int i = 1; i < argc; ++i) {
    const auto found = numbers.find(argv[i]);
    if (found != numbers.end() && i + 1 < argc) {
      *found->second = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
    } else if (options.out.empty() && argv[i][0] != '-') {
      options.out = argv[i];
    } else {
      return false;
    }
  }
  return !options.out.empty() && options.layers > 0 && options.shards > 0 && options.threads > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(
        "usage: make_models OUT [--experts N] [--layers N] [--shards N] [--threads N]\n"
        "                       [--hidden N --intermediate N --key-value N]\n",
        stderr);
    return 2;
  }
  if (mkdir(options.out.c_str(), 0755) != 0 && errno != EEXIST) fail(options.out);
  std::vector<Tensor> tensors = make_tensors(options);
  assign_shards(tensors, options.shards);
  const NormalTable normal;
  for (unsigned model = 0; model <= options.experts; ++model) write_model(options, tensors, normal, model);
  return 0;
}
