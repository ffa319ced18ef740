// Files in memory for fuzz targets: one directory "data" that is only read.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wootz/io/file.h"

namespace wootz {

class MemoryFiles : public FileSystem {
 public:
  explicit MemoryFiles(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return fail(ErrorKind::kInput, "{}: no such file", path);
    return std::make_unique<File>(path, found->second);
  }
  bool exists(const std::string& path) override { return files_.contains(path) || is_directory(path); }
  bool is_directory(const std::string& path) override { return path == "data"; }
  Result<std::vector<std::string>> list(const std::string&) override {
    std::vector<std::string> names;
    for (const auto& [path, bytes] : files_) names.push_back(file_name(path));
    return names;
  }

  Result<std::unique_ptr<WritableFile>> open_for_write(const std::string&) override { return read_only(); }
  Result<> append(const std::string&, std::string_view) override { return read_only(); }
  Result<> create_directories(const std::string&) override { return read_only(); }
  Result<> rename(const std::string&, const std::string&) override { return read_only(); }
  Result<> remove_all(const std::string&) override { return read_only(); }
  Result<> sync_directory(const std::string&) override { return read_only(); }
  Result<std::uint64_t> free_space(const std::string&) override { return read_only(); }
  Result<std::unique_ptr<FileLock>> lock(const std::string&) override { return read_only(); }

 private:
  class File : public ReadableFile {
   public:
    File(std::string path, const std::string& bytes) : path_(std::move(path)), bytes_(bytes) {}
    const std::string& path() const override { return path_; }
    std::uint64_t size() const override { return bytes_.size(); }
    std::int64_t modified() const override { return 0; }
    Result<> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
      if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
        return fail(ErrorKind::kInput, "{}: a read beyond its end", path_);
      std::transform(bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
                     bytes_.begin() + static_cast<std::ptrdiff_t>(offset + out.size()), out.begin(),
                     [](char c) { return static_cast<std::byte>(c); });
      return {};
    }
    void prefetch(std::uint64_t, std::uint64_t) const override {}

   private:
    std::string path_;
    const std::string& bytes_;
  };

  static tl::unexpected<Error> read_only() { return fail(ErrorKind::kIo, "read only"); }

  std::map<std::string, std::string> files_;
};

}  // namespace wootz
