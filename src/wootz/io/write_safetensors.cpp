#include "wootz/io/write_safetensors.h"

#include <array>
#include <tuple>
#include <utility>

#include "wootz/core/check.h"

namespace wootz {

SafetensorsWriter::SafetensorsWriter(FileSystem& files, const std::string& path, Metadata metadata)
    : files_(files), path_(path), temporary_(path + ".tmp"), metadata_(std::move(metadata)) {}

Result<std::unique_ptr<SafetensorsWriter>> SafetensorsWriter::create(FileSystem& files, const std::string& path,
                                                                     std::vector<TensorOutline> tensors,
                                                                     Metadata metadata) {
  std::unique_ptr<SafetensorsWriter> writer(new SafetensorsWriter(files, path, std::move(metadata)));
  std::uint64_t end = 0;
  for (TensorOutline& tensor : tensors) {
    std::uint64_t bytes = item_size(tensor.dtype);
    for (const std::uint64_t dimension : tensor.shape) bytes *= dimension;
    writer->entries_.push_back({std::move(tensor.name), tensor.dtype, std::move(tensor.shape), end, end + bytes});
    end += bytes;
  }
  writer->data_begin_ = writer->header().size();
  WOOTZ_TRY(writer->file_, files.open_for_write(writer->temporary_));
  WOOTZ_RETURN_IF_ERROR(writer->file_->allocate(writer->data_begin_ + end));
  // What an earlier run has left there must not look whole.
  constexpr std::array<std::byte, sizeof(std::uint64_t)> kNoHeader{};
  WOOTZ_RETURN_IF_ERROR(writer->file_->write_at(0, kNoHeader));
  return writer;
}

SafetensorsWriter::~SafetensorsWriter() {
  if (!is_finished_) std::ignore = files_.remove_all(temporary_);  // the error that ended it is the one to report
}

Result<> SafetensorsWriter::write(const StoredTensor& tensor) {
  WOOTZ_CHECK(written_ < entries_.size());
  const SafetensorsEntry& entry = entries_[written_++];
  WOOTZ_CHECK(tensor.name == entry.name && tensor.dtype == entry.dtype && tensor.shape == entry.shape);
  WOOTZ_CHECK(tensor.bytes.size() == entry.bytes());
  if (tensor.bytes.empty()) return {};
  const std::uint64_t offset = data_begin_ + entry.begin;
  WOOTZ_RETURN_IF_ERROR(file_->write_at(offset, tensor.bytes));
  file_->start_writeback(offset, tensor.bytes.size());
  return {};
}

Result<> SafetensorsWriter::finish() {
  WOOTZ_CHECK(written_ == entries_.size());
  const std::string text = header();
  WOOTZ_RETURN_IF_ERROR(file_->write_at(0, std::as_bytes(std::span(text))));
  WOOTZ_RETURN_IF_ERROR(file_->sync());
  file_.reset();
  WOOTZ_RETURN_IF_ERROR(files_.rename(temporary_, path_));
  is_finished_ = true;
  return files_.sync_directory(parent_path(path_));
}

Result<> SafetensorsWriter::finish(const std::string& key, const std::string& value) {
  const auto found = metadata_.find(key);
  WOOTZ_CHECK(found != metadata_.end());
  found->second = value;
  WOOTZ_CHECK(header().size() == data_begin_);
  return finish();
}

Result<> write_safetensors(FileSystem& files, const std::string& path, std::span<const StoredTensor> tensors,
                           const std::map<std::string, std::string>& metadata) {
  std::vector<TensorOutline> outlines;
  for (const StoredTensor& tensor : tensors) outlines.push_back({tensor.name, tensor.dtype, tensor.shape});
  WOOTZ_TRY(const auto writer, SafetensorsWriter::create(files, path, std::move(outlines), metadata));
  for (const StoredTensor& tensor : tensors) WOOTZ_RETURN_IF_ERROR(writer->write(tensor));
  return writer->finish();
}

}  // namespace wootz
