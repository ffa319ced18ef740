// Internal to data: columns of a parquet file, a row group at a time. The only way to Arrow, which may be missing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/io/file.h"

namespace wootz {

/// Strings of bytes, one a row.
struct ByteColumn {
  std::string bytes;              ///< one after the other
  std::vector<std::size_t> ends;  ///< [rows] where each ends
  std::vector<bool> present;      ///< [rows] not null

  std::string_view item(std::size_t row) const {
    const std::size_t begin = row == 0 ? 0 : ends[row - 1];
    return std::string_view(bytes).substr(begin, ends[row] - begin);
  }
};

/// A file opened for reading. Thread-safe. Errors name the file.
class ParquetFile {
 public:
  virtual ~ParquetFile() = default;
  virtual const std::string& path() const = 0;
  /// The columns that hold values, nested ones with dots: "image.bytes", "label".
  virtual const std::vector<std::string>& columns() const = 0;
  /// [row groups] rows of each.
  virtual const std::vector<std::size_t>& group_rows() const = 0;
  /// A value of the file's metadata, or "".
  virtual std::string metadata(const std::string& key) const = 0;
  /// One column of a row group. Fails (kInput) when it is not of bytes or is damaged.
  virtual Result<ByteColumn> read_bytes(std::size_t group, std::size_t column) const = 0;
  /// Fails (kInput) when the column is not of integers, has a null, or is damaged.
  virtual Result<std::vector<std::int64_t>> read_integers(std::size_t group, std::size_t column) const = 0;
};

/// Fails (kFailed) in a build without Arrow, saying how to get one.
Result<std::unique_ptr<ParquetFile>> open_parquet(FileSystem& files, const std::string& path);

}  // namespace wootz
