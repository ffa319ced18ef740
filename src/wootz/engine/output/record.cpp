#include "wootz/engine/output/record.h"

#include "wootz/engine/output/json_values.h"

namespace wootz {
namespace {

using Json = nlohmann::ordered_json;

double read_number(const Json& json) { return json.is_null() ? std::nan("") : json.get<double>(); }

std::vector<double> read_numbers(const Json& json) {
  std::vector<double> values;
  for (const Json& value : json) values.push_back(read_number(value));
  return values;
}

Json encode_statistics(const TensorStatistics& statistics) {
  return {{"size", statistics.size},
          {"base_square", json_number(statistics.base_square)},
          {"output_square", json_number(statistics.output_square)},
          {"gram", json_numbers(statistics.gram)},
          {"sign_conflicts", statistics.sign_conflicts},
          {"nonfinite", {statistics.base_nonfinite, statistics.lane_nonfinite, statistics.output_nonfinite}}};
}

TensorStatistics decode_statistics(const Json& json) {
  TensorStatistics statistics;
  statistics.size = json.at("size").get<std::uint64_t>();
  statistics.base_square = read_number(json.at("base_square"));
  statistics.output_square = read_number(json.at("output_square"));
  statistics.gram = read_numbers(json.at("gram"));
  statistics.sign_conflicts = json.at("sign_conflicts").get<std::uint64_t>();
  const Json& nonfinite = json.at("nonfinite");
  statistics.base_nonfinite = nonfinite.at(0).get<std::uint64_t>();
  statistics.lane_nonfinite = nonfinite.at(1).get<std::uint64_t>();
  statistics.output_nonfinite = nonfinite.at(2).get<std::uint64_t>();
  return statistics;
}

}  // namespace

std::string encode_record(const TensorRecord& record) {
  Json facts = Json::array();
  for (const Fact& fact : record.facts) facts.push_back({fact.name, json_numbers(fact.values)});
  const Json json = {{"name", record.name},
                     {"digests", record.digests},
                     {"input_digests", record.input_digests},
                     {"merged", record.merged},
                     {"copies_differ", record.copies_differ},
                     {"lanes", record.lanes},
                     {"statistics", encode_statistics(record.statistics)},
                     {"facts", facts}};
  return json.dump();
}

Result<TensorRecord> decode_record(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    TensorRecord record;
    record.name = json.at("name").get<std::string>();
    record.digests = json.at("digests").get<std::vector<std::string>>();
    record.input_digests = json.at("input_digests").get<std::vector<std::string>>();
    record.merged = json.at("merged").get<bool>();
    record.copies_differ = json.at("copies_differ").get<bool>();
    record.lanes = json.at("lanes").get<std::size_t>();
    record.statistics = decode_statistics(json.at("statistics"));
    for (const Json& fact : json.at("facts"))
      record.facts.push_back({fact.at(0).get<std::string>(), read_numbers(fact.at(1))});
    return record;
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorKind::kInput, "unreadable journal line: {}", error.what());
  }
}

}  // namespace wootz
