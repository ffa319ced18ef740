#include "wootz/io/safetensors_file.h"

#include "wootz/io/digest.h"

namespace wootz {
namespace {

constexpr std::uint64_t kLengthBytes = 8;

std::uint64_t decode_length(std::string_view bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

// What a file that is no safetensors file might be instead, from its first bytes.
std::string_view likely_format(std::string_view start) {
  if (start.starts_with("version "))
    return ": it looks like a Git LFS pointer; fetch the file itself with 'git lfs pull'";
  if (start.starts_with("GGUF")) return ": it looks like a GGUF file; Wootz reads safetensors";
  if (start.starts_with("PK\x03\x04")) return ": it looks like a PyTorch file (pickle); Wootz reads safetensors";
  if (start.starts_with("<")) return ": it looks like a web page; was the download refused?";
  return "";
}

Result<> read_bytes(const ReadableFile& file, std::uint64_t offset, std::span<char> out) {
  return file.read_at(offset, std::as_writable_bytes(out));
}

// Why a header of this length cannot be in the file, if it cannot.
Result<> check_length(std::string_view start, std::uint64_t length, std::uint64_t available) {
  if (length > kMaxSafetensorsHeader)
    return fail(ErrorKind::kInput, "not a safetensors file, or damaged: its header would take {} bytes, more than {}{}",
                length, kMaxSafetensorsHeader, likely_format(start));
  if (length > available)
    return fail(ErrorKind::kInput, "truncated: {} bytes missing from its header of {}", length - available, length);
  return {};
}

Error named(const ReadableFile& file, Error error) { return std::move(error).within(fmt::format("'{}'", file.path())); }

}  // namespace

Result<SafetensorsFile> read_safetensors_file(const ReadableFile& file) {
  if (file.size() < kLengthBytes)
    return fail(ErrorKind::kInput, "'{}': not a safetensors file, or truncated: it holds only {} bytes", file.path(),
                file.size());
  std::string start(kLengthBytes, '\0');
  WOOTZ_RETURN_IF_ERROR(read_bytes(file, 0, start));
  const std::uint64_t length = decode_length(start);
  const std::uint64_t available = file.size() - kLengthBytes;
  if (auto checked = check_length(start, length, available); !checked)
    return tl::unexpected(named(file, std::move(checked).error()));

  start.resize(kLengthBytes + length);
  WOOTZ_RETURN_IF_ERROR(read_bytes(file, kLengthBytes, std::span(start).subspan(kLengthBytes)));
  auto header = parse_safetensors_header(std::string_view(start).substr(kLengthBytes), available - length);
  if (!header) return tl::unexpected(named(file, std::move(header).error()));
  return SafetensorsFile{*std::move(header), kLengthBytes + length, bytes_digest(std::as_bytes(std::span(start)))};
}

}  // namespace wootz
