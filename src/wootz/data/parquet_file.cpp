#include "wootz/data/parquet_file.h"

#ifdef WOOTZ_HAS_PARQUET
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include <algorithm>
#include <array>
#include <span>

namespace wootz {
namespace {

// Our file as Arrow's.
class Source : public arrow::io::RandomAccessFile {
 public:
  explicit Source(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  arrow::Result<std::int64_t> GetSize() override { return static_cast<std::int64_t>(file_->size()); }

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t bytes, void* out) override {
    const auto size = static_cast<std::int64_t>(file_->size());
    if (position < 0 || bytes < 0 || position > size) return arrow::Status::IOError("a read outside the file");
    const std::int64_t count = std::min(bytes, size - position);
    const auto read = file_->read_at(static_cast<std::uint64_t>(position),
                                     {static_cast<std::byte*>(out), static_cast<std::size_t>(count)});
    if (!read) return arrow::Status::IOError(read.error().message);
    return count;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position, std::int64_t bytes) override {
    const std::int64_t left = std::max<std::int64_t>(static_cast<std::int64_t>(file_->size()) - position, 0);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::clamp<std::int64_t>(bytes, 0, left)));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t count, ReadAt(position, buffer->size(), buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(count));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

  arrow::Result<std::int64_t> Read(std::int64_t bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t count, ReadAt(position_, bytes, out));
    position_ += count;
    return count;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
    position_ += buffer->size();
    return buffer;
  }

  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::int64_t position_ = 0;
};

constexpr std::size_t kBatch = 256;  // rows read at once

// Calls `take(value)` for each row of a column, with nullptr for nulls. Fails when it has not `rows` rows.
template <typename Type, typename Take>
Result<> for_each_row(parquet::ColumnReader& column, std::size_t rows, Take take) {
  auto& reader = static_cast<parquet::TypedColumnReader<Type>&>(column);
  const std::int16_t defined = reader.descr()->max_definition_level();
  std::array<typename Type::c_type, kBatch> values;
  std::array<std::int16_t, kBatch> levels;
  std::size_t row = 0;
  while (reader.HasNext()) {
    std::int64_t count = 0;
    const std::int64_t level_count =
        reader.ReadBatch(static_cast<std::int64_t>(kBatch), levels.data(), nullptr, values.data(), &count);
    if (level_count == 0 && count == 0) break;
    const auto read = static_cast<std::size_t>(defined == 0 ? count : level_count);
    std::size_t value = 0;
    for (std::size_t i = 0; i < read; ++i, ++row)
      take(defined == 0 || levels[i] == defined ? &values[value++] : nullptr);
  }
  if (row != rows) return fail(ErrorKind::kInput, "damaged: a column has {} rows, where {} belong", row, rows);
  return {};
}

template <typename Type>
Result<std::vector<std::int64_t>> integers(parquet::ColumnReader& column, std::size_t rows) {
  std::vector<std::int64_t> values;
  bool has_null = false;
  WOOTZ_RETURN_IF_ERROR(for_each_row<Type>(column, rows, [&](const typename Type::c_type* value) {
    has_null = has_null || value == nullptr;
    values.push_back(value == nullptr ? 0 : static_cast<std::int64_t>(*value));
  }));
  if (has_null) return fail(ErrorKind::kInput, "a null, where every row needs a number");
  return values;
}

Result<ByteColumn> strings(parquet::ColumnReader& column, std::size_t rows) {
  ByteColumn out;
  WOOTZ_RETURN_IF_ERROR(for_each_row<parquet::ByteArrayType>(column, rows, [&out](const parquet::ByteArray* value) {
    if (value != nullptr) out.bytes.append(reinterpret_cast<const char*>(value->ptr), value->len);
    out.ends.push_back(out.bytes.size());
    out.present.push_back(value != nullptr);
  }));
  return out;
}

class ArrowParquetFile : public ParquetFile {
 public:
  // Throws what Arrow throws.
  ArrowParquetFile(std::string path, std::unique_ptr<ReadableFile> file)
      : path_(std::move(path)), source_(std::make_shared<Source>(std::move(file))) {
    metadata_ = parquet::ParquetFileReader::Open(source_)->metadata();
    const parquet::SchemaDescriptor& schema = *metadata_->schema();
    for (int i = 0; i < schema.num_columns(); ++i) columns_.push_back(schema.Column(i)->path()->ToDotString());
    for (int i = 0; i < metadata_->num_row_groups(); ++i)
      group_rows_.push_back(static_cast<std::size_t>(std::max<std::int64_t>(metadata_->RowGroup(i)->num_rows(), 0)));
  }

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& columns() const override { return columns_; }
  const std::vector<std::size_t>& group_rows() const override { return group_rows_; }

  std::string metadata(const std::string& key) const override {
    const auto& pairs = metadata_->key_value_metadata();
    return pairs == nullptr ? "" : pairs->Get(key).ValueOr("");
  }

  Result<ByteColumn> read_bytes(std::size_t group, std::size_t column) const override {
    return read<ByteColumn>(group, column, [this, group](parquet::ColumnReader& reader) -> Result<ByteColumn> {
      if (reader.type() != parquet::Type::BYTE_ARRAY) return fail(ErrorKind::kInput, "not of bytes");
      return strings(reader, group_rows_[group]);
    });
  }

  Result<std::vector<std::int64_t>> read_integers(std::size_t group, std::size_t column) const override {
    using Integers = std::vector<std::int64_t>;
    return read<Integers>(group, column, [this, group](parquet::ColumnReader& reader) -> Result<Integers> {
      if (reader.type() == parquet::Type::INT64) return integers<parquet::Int64Type>(reader, group_rows_[group]);
      if (reader.type() == parquet::Type::INT32) return integers<parquet::Int32Type>(reader, group_rows_[group]);
      return fail(ErrorKind::kInput, "not of integers");
    });
  }

 private:
  template <typename Out, typename Read>
  Result<Out> read(std::size_t group, std::size_t column, Read read) const {
    const auto place = [&] { return fmt::format("{}: column '{}', row group {}", path_, columns_[column], group); };
    try {
      // A reader of its own, for they are not made for several threads; all they need to share is known already.
      const auto file = parquet::ParquetFileReader::Open(source_, parquet::default_reader_properties(), metadata_);
      const auto reader = file->RowGroup(static_cast<int>(group))->Column(static_cast<int>(column));
      if (reader->descr()->max_repetition_level() > 0)
        return fail(ErrorKind::kInput, "{}: a list in each row, where one value belongs", place());
      Result<Out> values = read(*reader);
      if (!values) return tl::unexpected(std::move(values).error().within(place()));
      return values;
    } catch (const std::exception& error) {
      return fail(ErrorKind::kInput, "{}: {}", place(), error.what());
    }
  }

  std::string path_;
  std::shared_ptr<Source> source_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> group_rows_;
};

}  // namespace

Result<std::unique_ptr<ParquetFile>> open_parquet(FileSystem& files, const std::string& path) {
  WOOTZ_TRY(std::unique_ptr<ReadableFile> file, files.open(path));
  try {
    return std::make_unique<ArrowParquetFile>(path, std::move(file));
  } catch (const std::exception& error) {
    return fail(ErrorKind::kInput, "{}: not a parquet file, or a damaged one: {}", path, error.what());
  }
}

}  // namespace wootz

#else

namespace wootz {

Result<std::unique_ptr<ParquetFile>> open_parquet(FileSystem&, const std::string& path) {
  return fail(ErrorKind::kFailed,
              "{}: this build cannot read parquet, for there was no Arrow C++ when it was made; run "
              "'make .venv-torch/done', which fetches one, and build again (or export the images to an imagefolder)",
              path);
}

}  // namespace wootz

#endif
