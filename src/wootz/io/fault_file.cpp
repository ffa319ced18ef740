#include "wootz/io/fault_file.h"

#include <algorithm>
#include <cerrno>

#include "wootz/io/io_error.h"

namespace wootz {
namespace {

using Decide = std::function<std::optional<Fault>(const Operation&)>;
using Kind = Operation::Kind;

Error error_of(Fault fault, const Operation& operation) {
  const bool reads = operation.kind == Kind::kRead;
  switch (fault) {
    case Fault::kReadError:
    case Fault::kWriteError:
      break;
    case Fault::kShortRead:
      return shrunk_error(operation.path, operation.offset, operation.length, operation.offset + operation.length / 2);
    case Fault::kNoSpace:
      return no_space_error(operation.path, std::max<std::uint64_t>(operation.length, 1), ENOSPC);
  }
  return system_error(reads ? "read" : "write", operation.path, EIO);
}

// The error that the operation should end with, if any.
Result<> attempt(const Decide& decide, const Operation& operation) {
  if (const std::optional<Fault> fault = decide(operation)) return tl::unexpected(error_of(*fault, operation));
  return {};
}

class FaultyReadableFile final : public ReadableFile {
 public:
  FaultyReadableFile(std::unique_ptr<ReadableFile> inner, const Decide& decide)
      : inner_(std::move(inner)), decide_(decide) {}

  const std::string& path() const override { return inner_->path(); }
  std::uint64_t size() const override { return inner_->size(); }
  std::int64_t modified() const override { return inner_->modified(); }

  Result<> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    WOOTZ_RETURN_IF_ERROR(attempt(decide_, {Kind::kRead, path(), offset, out.size()}));
    return inner_->read_at(offset, out);
  }

  void prefetch(std::uint64_t offset, std::uint64_t length) const override { inner_->prefetch(offset, length); }

 private:
  std::unique_ptr<ReadableFile> inner_;
  Decide decide_;
};

class FaultyWritableFile final : public WritableFile {
 public:
  FaultyWritableFile(std::unique_ptr<WritableFile> inner, const Decide& decide)
      : inner_(std::move(inner)), decide_(decide) {}

  const std::string& path() const override { return inner_->path(); }

  Result<> allocate(std::uint64_t size) override {
    WOOTZ_RETURN_IF_ERROR(attempt(decide_, {Kind::kAllocate, path(), 0, size}));
    return inner_->allocate(size);
  }

  Result<> write_at(std::uint64_t offset, std::span<const std::byte> data) override {
    if (auto status = attempt(decide_, {Kind::kWrite, path(), offset, data.size()}); !status) {
      // A failing disk takes part of the data first; whoever goes on from here must cope with that.
      static_cast<void>(inner_->write_at(offset, data.first(data.size() / 2)));
      return status;
    }
    return inner_->write_at(offset, data);
  }

  void start_writeback(std::uint64_t offset, std::uint64_t length) override { inner_->start_writeback(offset, length); }

  Result<> sync() override {
    WOOTZ_RETURN_IF_ERROR(attempt(decide_, {Kind::kSync, path()}));
    return inner_->sync();
  }

 private:
  std::unique_ptr<WritableFile> inner_;
  Decide decide_;
};

class FaultyFileSystem final : public FileSystem {
 public:
  FaultyFileSystem(FileSystem& inner, Decide decide) : inner_(inner), decide_(std::move(decide)) {}

  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    WOOTZ_TRY(auto file, inner_.open(path));
    return std::make_unique<FaultyReadableFile>(std::move(file), decide_);
  }

  Result<std::unique_ptr<WritableFile>> open_for_write(const std::string& path) override {
    WOOTZ_TRY(auto file, inner_.open_for_write(path));
    return std::make_unique<FaultyWritableFile>(std::move(file), decide_);
  }

  Result<> append(const std::string& path, std::string_view data) override {
    if (auto status = attempt(decide_, {Kind::kAppend, path, 0, data.size()}); !status) {
      static_cast<void>(inner_.append(path, data.substr(0, data.size() / 2)));
      return status;
    }
    return inner_.append(path, data);
  }

  Result<> rename(const std::string& from, const std::string& to) override {
    WOOTZ_RETURN_IF_ERROR(attempt(decide_, {Kind::kRename, from}));
    return inner_.rename(from, to);
  }

  Result<> sync_directory(const std::string& directory) override {
    WOOTZ_RETURN_IF_ERROR(attempt(decide_, {Kind::kSync, directory}));
    return inner_.sync_directory(directory);
  }

  bool exists(const std::string& path) override { return inner_.exists(path); }
  bool is_directory(const std::string& path) override { return inner_.is_directory(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return inner_.list(directory); }
  Result<> create_directories(const std::string& directory) override { return inner_.create_directories(directory); }
  Result<> remove_all(const std::string& path) override { return inner_.remove_all(path); }
  Result<std::uint64_t> free_space(const std::string& path) override { return inner_.free_space(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override { return inner_.lock(path); }

 private:
  FileSystem& inner_;
  Decide decide_;
};

}  // namespace

std::unique_ptr<FileSystem> faulty_file_system(FileSystem& inner,
                                               std::function<std::optional<Fault>(const Operation&)> decide) {
  return std::make_unique<FaultyFileSystem>(inner, std::move(decide));
}

}  // namespace wootz
