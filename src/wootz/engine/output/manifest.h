// wootz-manifest.json: what was merged from what, and how to check it. The same merge gives the same bytes: no times,
// no machine, no paths but those the recipe writes. docs/formats/manifest.md describes the fields.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "wootz/engine/output/record.h"
#include "wootz/engine/plan/plan.h"

namespace wootz {

inline constexpr const char* kManifestName = "wootz-manifest.json";

/// The manifest's text. `records` are those of plan.tensors, in order; a tensor that is not made has none. `side_files`
/// maps names of other output files to digests.
std::string encode_manifest(const MergePlan& plan, const std::vector<std::optional<TensorRecord>>& records,
                            const std::map<std::string, std::string>& side_files);

/// The part of a manifest that verification needs.
struct ManifestTensor {
  std::string name;
  std::string file;
  std::string digest;
};
struct ManifestFile {
  std::string name;
  std::uint64_t size = 0;     ///< 0 when only the digest is recorded
  std::string header_digest;  ///< of weight files
  std::string digest;         ///< of other files
};
struct Manifest {
  std::vector<ManifestFile> weight_files;
  std::vector<ManifestFile> side_files;
  std::vector<ManifestTensor> tensors;
};
Result<Manifest> parse_manifest(std::string_view text);

}  // namespace wootz
