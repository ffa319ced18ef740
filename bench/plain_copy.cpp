// plain_copy [--fsync] [--threads N] OUT IN...: reads every input once and writes the first one's bytes to OUT, in
// pieces of 1 MiB on N threads. It is the least that any merge of these files must do: the floor of the benchmarks.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

[[noreturn]] void fail(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

struct Input {
  int descriptor = -1;
  std::uint64_t size = 0;
};

Input open_input(const char* path) {
  Input input{open(path, O_RDONLY | O_CLOEXEC), 0};
  struct stat status {};
  if (input.descriptor < 0 || fstat(input.descriptor, &status) != 0) fail(path);
  input.size = static_cast<std::uint64_t>(status.st_size);
  return input;
}

void read_all(int descriptor, std::byte* data, std::size_t size, std::uint64_t offset) {
  while (size > 0) {
    const ssize_t got = pread(descriptor, data, size, static_cast<off_t>(offset));
    if (got <= 0) fail("read");
    data += got;
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
  }
}

void write_all(int descriptor, const std::byte* data, std::size_t size, std::uint64_t offset) {
  while (size > 0) {
    const ssize_t put = pwrite(descriptor, data, size, static_cast<off_t>(offset));
    if (put <= 0) fail("write");
    data += put;
    offset += static_cast<std::uint64_t>(put);
    size -= static_cast<std::size_t>(put);
  }
}

std::size_t piece_size(const Input& input, std::uint64_t offset) {
  if (offset >= input.size) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, input.size - offset));
}

void copy_pieces(const std::vector<Input>& inputs, int out, std::atomic<std::uint64_t>& next) {
  std::uint64_t end = 0;
  for (const Input& input : inputs) end = std::max(end, input.size);
  std::vector<std::byte> buffer(kPiece);
  for (std::uint64_t offset = next.fetch_add(kPiece); offset < end; offset = next.fetch_add(kPiece)) {
    // Backwards, so that the first input's piece is what the buffer holds at the end.
    for (std::size_t i = inputs.size(); i-- > 0;) {
      read_all(inputs[i].descriptor, buffer.data(), piece_size(inputs[i], offset), offset);
    }
    write_all(out, buffer.data(), piece_size(inputs[0], offset), offset);
  }
}

}  // namespace

int main(int argc, char** argv) {
  bool sync = false;
  unsigned threads = std::thread::hardware_concurrency();
  int first = 1;
  for (; first < argc && std::string_view(argv[first]).starts_with("--"); ++first) {
    const std::string_view option = argv[first];
    if (option == "--fsync") {
      sync = true;
    } else if (option == "--threads" && first + 1 < argc) {
      threads = static_cast<unsigned>(std::atoi(argv[++first]));
    } else {
      std::fprintf(stderr, "plain_copy: unknown option %s\n", argv[first]);
      return 2;
    }
  }
  if (argc - first < 2 || threads == 0) {
    std::fputs("usage: plain_copy [--fsync] [--threads N] OUT IN...\n", stderr);
    return 2;
  }
  const int out = open(argv[first], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (out < 0) fail(argv[first]);
  std::vector<Input> inputs;
  for (int i = first + 1; i < argc; ++i) inputs.push_back(open_input(argv[i]));

  std::atomic<std::uint64_t> next = 0;
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back([&] { copy_pieces(inputs, out, next); });
  workers.clear();

  if (sync && fsync(out) != 0) fail("fsync");
  if (close(out) != 0) fail("close");
  return 0;
}
