// Helpers over any file system, and path arithmetic.
#include "wootz/io/file.h"

#include <algorithm>

namespace wootz {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string_view without_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

Result<> write_new_content(FileSystem& files, const std::string& path, std::string_view text) {
  WOOTZ_TRY(const auto file, files.open_for_write(path));
  WOOTZ_RETURN_IF_ERROR(file->allocate(text.size()));
  WOOTZ_RETURN_IF_ERROR(file->write_at(0, bytes_of(text)));
  return file->sync();
}

}  // namespace

Result<std::string> read_text(FileSystem& files, const std::string& path, std::uint64_t limit) {
  WOOTZ_TRY(const auto file, files.open(path));
  if (file->size() > limit)
    return fail(ErrorKind::kInput, "'{}' is too large: {} bytes, at most {} are accepted", path, file->size(), limit);
  std::string text(file->size(), '\0');
  WOOTZ_RETURN_IF_ERROR(file->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

Result<> write_text_atomically(FileSystem& files, const std::string& path, std::string_view text) {
  // One fixed name, so that a run after a crash replaces what the crash left behind.
  const std::string temporary = path + ".tmp";
  WOOTZ_RETURN_IF_ERROR(write_new_content(files, temporary, text));
  if (auto renamed = files.rename(temporary, path); !renamed) {
    // Another process that writes the same text (parts of one merge that start together) may have been first.
    const auto present = read_text(files, path, text.size());
    if (!present || *present != text) return renamed;
  }
  return files.sync_directory(parent_path(path));
}

Result<> copy_file(FileSystem& files, const std::string& from, const std::string& to) {
  constexpr std::uint64_t kChunk = 1 << 20;
  WOOTZ_TRY(const auto source, files.open(from));
  WOOTZ_TRY(const auto target, files.open_for_write(to));
  WOOTZ_RETURN_IF_ERROR(target->allocate(source->size()));
  std::vector<std::byte> buffer(std::min(kChunk, source->size()));
  for (std::uint64_t offset = 0; offset < source->size(); offset += kChunk) {
    const auto chunk = std::span(buffer).first(std::min(kChunk, source->size() - offset));
    WOOTZ_RETURN_IF_ERROR(source->read_at(offset, chunk));
    WOOTZ_RETURN_IF_ERROR(target->write_at(offset, chunk));
  }
  return target->sync();
}

std::string join_path(std::string_view directory, std::string_view name) {
  if (directory.empty() || name.starts_with('/')) return std::string(name);
  return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
}

std::string file_name(std::string_view path) {
  path = without_trailing_slashes(path);
  const std::size_t slash = path.rfind('/');
  return std::string(path.size() == 1 || slash == path.npos ? path : path.substr(slash + 1));
}

std::string parent_path(std::string_view path) {
  path = without_trailing_slashes(path);
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return std::string(slash == 0 ? "/" : without_trailing_slashes(path.substr(0, slash)));
}

}  // namespace wootz
