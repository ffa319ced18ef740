#include "wootz/engine/run/digest_job.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "wootz/io/digest.h"

namespace wootz {
namespace {

class DigestJob : public Job {
 public:
  DigestJob(ReadableTensor tensor, std::function<void(Result<std::string>)> done)
      : tensor_(std::move(tensor)), done_(std::move(done)) {}

  Result<std::optional<std::size_t>> next_phase() override {
    if (!std::exchange(begun_, true)) {
      pieces_.resize(piece_count(tensor_.size));
      return pieces_.size();
    }
    if (error_)
      done_(tl::unexpected(*error_));
    else
      done_(tensor_digest(pieces_));
    return std::optional<std::size_t>();
  }

  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState&) override {
    const std::uint64_t item = item_size(tensor_.dtype);
    const std::uint64_t first = unit * kPieceSize;
    std::vector<std::byte> stored((std::min(tensor_.size, first + kPieceSize) - first) * item);
    if (auto read = tensor_.read(first * item, stored); !read) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::move(read).error();
    }
    pieces_[unit] = piece_digest(stored);
    return std::make_unique<UnitResult>();
  }

  Result<> merge(std::size_t, std::unique_ptr<UnitResult>) override { return {}; }

 private:
  ReadableTensor tensor_;
  std::function<void(Result<std::string>)> done_;
  std::vector<std::uint64_t> pieces_;
  std::mutex mutex_;
  std::optional<Error> error_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Job> make_digest_job(ReadableTensor tensor, std::function<void(Result<std::string>)> done) {
  return std::make_unique<DigestJob>(std::move(tensor), std::move(done));
}

}  // namespace wootz
