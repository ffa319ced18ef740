// The format of MNIST: images and labels as arrays of bytes behind a header, gzipped or not.
#include <fmt/ranges.h>

#include "wootz/data/class_names.h"
#include "wootz/data/format_table.h"
#include "wootz/data/gzip.h"
#include "wootz/data/pixel_dataset.h"

namespace wootz {
namespace {

constexpr std::uint64_t kMaxFile = std::uint64_t{64} << 30;  // bytes

struct Array {
  std::string path;
  std::vector<std::uint32_t> sizes;
  std::string bytes;      ///< with the header
  std::size_t begin = 0;  ///< of the elements
};

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(at, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// Fills in sizes and begin from the first bytes.
Result<> read_header(std::string_view bytes, std::size_t dimensions, Array& array) {
  array.begin = 4 + 4 * dimensions;
  if (bytes.size() < 4) return fail(ErrorKind::kInput, "truncated: {} bytes", bytes.size());
  const std::uint32_t magic = big_endian(bytes, 0);
  const auto expected = static_cast<std::uint32_t>(0x800 + dimensions);
  if (magic != expected)
    return fail(ErrorKind::kInput, "not an IDX file of bytes with {} dimensions: it begins with {:#010x}, not {:#010x}",
                dimensions, magic, expected);
  if (bytes.size() < array.begin) return fail(ErrorKind::kInput, "truncated: {} bytes", bytes.size());
  for (std::size_t i = 0; i < dimensions; ++i) array.sizes.push_back(big_endian(bytes, 4 + 4 * i));
  return {};
}

// The size that the header promises, checked against the most that can be there before memory is taken for it.
Result<std::size_t> whole_size(const Array& array, std::uint64_t most) {
  std::uint64_t elements = 1;
  for (const std::uint32_t size : array.sizes) {
    if (size != 0 && elements > most / size)
      return fail(ErrorKind::kInput, "truncated: an array of {} bytes is announced", fmt::join(array.sizes, " x "));
    elements *= size;
  }
  return static_cast<std::size_t>(array.begin + elements);
}

Result<> read_elements(std::string file, std::size_t dimensions, Array& array) {
  const bool compressed = array.path.ends_with(".gz");
  if (compressed) {
    WOOTZ_TRY(const std::string start, gunzip(file, 4 + 4 * dimensions));
    WOOTZ_RETURN_IF_ERROR(read_header(start, dimensions, array));
  } else {
    WOOTZ_RETURN_IF_ERROR(read_header(file, dimensions, array));
  }
  WOOTZ_TRY(const std::size_t size, whole_size(array, compressed ? gunzip_bound(file.size()) : file.size()));
  if (compressed) {
    WOOTZ_TRY(array.bytes, gunzip(file, size + 1));  // one more, so that too many are noticed
  } else {
    array.bytes = std::move(file);
  }
  if (array.bytes.size() < size)
    return fail(ErrorKind::kInput, "truncated: {} bytes, where {} are announced ({})", array.bytes.size(), size,
                fmt::join(array.sizes, " x "));
  if (array.bytes.size() > size)
    return fail(ErrorKind::kInput, "damaged: more than the {} bytes that are announced ({})", size,
                fmt::join(array.sizes, " x "));
  return {};
}

Result<Array> read_array(FileSystem& files, const std::string& path, std::size_t dimensions) {
  WOOTZ_TRY(std::string file, read_text(files, path, kMaxFile));
  Array array;
  array.path = path;
  if (auto read = read_elements(std::move(file), dimensions, array); !read)
    return tl::unexpected(std::move(read).error().within(path));
  return array;
}

struct FoundFile {
  std::string path;
  std::size_t dimensions = 0;
};

// "<split>-<what>-idx<dimensions>-ubyte", with or without ".gz".
Result<FoundFile> find_file(FileSystem& files, const DataSpec& spec, std::string_view what,
                            const std::vector<std::size_t>& dimensions) {
  std::vector<std::string> splits = {spec.split};
  if (spec.split == "test") splits.emplace_back("t10k");  // MNIST's own name for it
  for (const std::string& split : splits)
    for (const std::size_t count : dimensions)
      for (const std::string_view ending : {"", ".gz"}) {
        const std::string path = join_path(spec.path, fmt::format("{}-{}-idx{}-ubyte{}", split, what, count, ending));
        if (files.exists(path)) return FoundFile{path, count};
      }
  return fail(ErrorKind::kInput, "{}: no {} of the split '{}': looked for {}-{}-idx{}-ubyte, with and without .gz",
              spec.path, what, spec.split, fmt::join(splits, " or "), what, fmt::join(dimensions, " or "));
}

Result<PixelLayout> layout_of(const Array& images) {
  if (images.sizes[1] == 0 || images.sizes[2] == 0 || images.sizes[1] > 65535 || images.sizes[2] > 65535)
    return fail(ErrorKind::kInput, "{}: images of {} x {} pixels", images.path, images.sizes[2], images.sizes[1]);
  if (images.sizes.size() == 3 || images.sizes[3] == 1) return PixelLayout::kGrey;
  if (images.sizes[3] == 3) return PixelLayout::kInterleaved;
  return fail(ErrorKind::kInput, "{}: images of {} channels; 1 (grey) and 3 (RGB) are read", images.path,
              images.sizes[3]);
}

Result<std::unique_ptr<Dataset>> open_idx(FileSystem& files, const DataSpec& spec) {
  if (!files.is_directory(spec.path)) return fail(ErrorKind::kInput, "{}: no such directory", spec.path);
  WOOTZ_TRY(const FoundFile image_file, find_file(files, spec, "images", {3, 4}));
  WOOTZ_TRY(const FoundFile label_file, find_file(files, spec, "labels", {1}));
  WOOTZ_TRY(Array images, read_array(files, image_file.path, image_file.dimensions));
  WOOTZ_TRY(const Array labels, read_array(files, label_file.path, 1));
  WOOTZ_TRY(const PixelLayout layout, layout_of(images));
  if (images.sizes[0] != labels.sizes[0])
    return fail(ErrorKind::kInput, "{} has {} images, but {} has {} labels", images.path, images.sizes[0], labels.path,
                labels.sizes[0]);
  if (images.sizes[0] == 0) return fail(ErrorKind::kInput, "{}: holds no images", images.path);

  std::vector<std::string> class_names = spec.class_names;
  if (class_names.empty()) {
    WOOTZ_TRY(class_names, read_class_names(files, spec.path));
  }
  std::vector<int> numbers;
  for (const char label : std::string_view(labels.bytes).substr(labels.begin))
    numbers.push_back(static_cast<unsigned char>(label));
  PixelFile file;
  file.path = images.path;
  file.begin = images.begin;
  file.count = images.sizes[0];
  file.stride = (images.bytes.size() - images.begin) / file.count;
  file.bytes = std::move(images.bytes);
  std::vector<PixelFile> parts;
  parts.push_back(std::move(file));
  return PixelDataset::make(std::move(parts), static_cast<int>(images.sizes[2]), static_cast<int>(images.sizes[1]),
                            layout, std::move(numbers), std::move(class_names));
}

}  // namespace

void register_idx(FormatTable& table) {
  table.push_back({"idx",
                   "MNIST's format: <split>-images-idx3-ubyte (grey) or -idx4- (RGB) and <split>-labels-idx1-ubyte, "
                   "with or without .gz",
                   {},
                   open_idx});
}

}  // namespace wootz
