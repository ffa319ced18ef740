#include "wootz/engine/output/add_side_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wootz/engine/output/manifest.h"
#include "wootz/io/digest.h"

namespace wootz {

Result<> add_side_files(FileSystem& files, const std::string& directory, const std::vector<std::string>& names) {
  constexpr std::uint64_t kMaxManifest = std::uint64_t{1} << 31;
  const std::string path = join_path(directory, kManifestName);
  WOOTZ_TRY(const std::string text, read_text(files, path, kMaxManifest));
  WOOTZ_RETURN_IF_ERROR(parse_manifest(text));
  nlohmann::ordered_json manifest = nlohmann::ordered_json::parse(text);
  nlohmann::ordered_json& recorded = manifest["output"]["side_files"];
  for (const std::string& name : names) {
    WOOTZ_TRY(const std::string digest, file_digest(files, join_path(directory, name)));
    const auto found =
        std::find_if(recorded.begin(), recorded.end(), [&](const auto& file) { return file["name"] == name; });
    if (found != recorded.end())
      (*found)["digest"] = digest;
    else
      recorded.push_back({{"name", name}, {"digest", digest}});
  }
  return write_text_atomically(files, path,
                               manifest.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace wootz
