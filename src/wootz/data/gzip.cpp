#include "wootz/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace wootz {
namespace {

struct Inflater {
  z_stream stream{};
  bool ready = false;

  Inflater() { ready = inflateInit2(&stream, MAX_WBITS + 16) == Z_OK; }  // 16: gzip, not zlib
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
};

// zlib counts in unsigned int.
uInt step(std::size_t bytes) {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}

}  // namespace

Result<std::string> gunzip(std::string_view compressed, std::size_t limit) {
  Inflater inflater;
  if (!inflater.ready) return fail(ErrorKind::kFailed, "not enough memory to decompress");
  std::string out(std::min<std::uint64_t>(limit, gunzip_bound(compressed.size())), '\0');
  std::size_t read = 0;
  std::size_t written = 0;
  while (written < out.size()) {
    z_stream& stream = inflater.stream;
    // zlib's interface predates const.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(compressed.data() + read));
    stream.avail_in = step(compressed.size() - read);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = step(out.size() - written);
    const uInt offered_in = stream.avail_in;
    const uInt offered_out = stream.avail_out;
    const int status = inflate(&stream, Z_NO_FLUSH);
    read += offered_in - stream.avail_in;
    written += offered_out - stream.avail_out;
    if (status == Z_STREAM_END) {
      if (read == compressed.size()) break;
      inflateReset(&stream);  // a gzip file may be several, one after the other
    } else if (status == Z_BUF_ERROR || (status == Z_OK && read == compressed.size() && written < out.size())) {
      return fail(ErrorKind::kInput, "truncated: the compressed data end too early");
    } else if (status != Z_OK) {
      return fail(ErrorKind::kInput, "damaged: {}", stream.msg == nullptr ? "not gzip" : stream.msg);
    }
  }
  out.resize(written);
  return out;
}

}  // namespace wootz
