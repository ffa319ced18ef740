// Labelled images or texts, whatever the format they are stored in.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/data/image.h"
#include "wootz/io/file.h"

namespace wootz {

enum class InputKind { kImage, kText };

/// One split of a data set. Immutable; thread-safe.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual InputKind kind() const = 0;
  virtual std::size_t size() const = 0;
  /// In label order; empty when the data do not name them.
  virtual const std::vector<std::string>& class_names() const = 0;
  /// From 0. Requires (here and below): index < size().
  virtual int label(std::size_t index) const = 0;
  /// Decodes. Fails (kInput) naming the item when it is damaged. Requires: kind() is kImage.
  virtual Result<Image> image(std::size_t index) const = 0;
  /// Requires: kind() is kText.
  virtual Result<std::string> text(std::size_t index) const = 0;
  /// Where an item lies, for messages: "photos/cat/7.png", "test-images-idx3-ubyte.gz, image 17", "test.tsv:18".
  virtual std::string place(std::size_t index) const = 0;
};

/// What a task catalogue says of a task's data.
struct DataSpec {
  std::string format;  ///< "idx", "imagefolder", "cifar", "parquet", "text"
  std::string path;    ///< of a directory or file, as the format has it; absolute, or from the working directory
  std::string split = "test";
  std::map<std::string, std::string> options;  ///< the format's own: "image_column", "label_column", "text_column", ...
  std::vector<std::string> class_names;        ///< of the catalogue; they win over the data's
};

/// A format's entry in the table.
struct DataFormat {
  std::string name;
  std::string summary;               ///< one sentence, for help and messages
  std::vector<std::string> options;  ///< the keys of DataSpec::options it takes
  /// Fails (kInput) when there is no such split, it is empty, a file is damaged, or a label has no class.
  std::function<Result<std::unique_ptr<Dataset>>(FileSystem&, const DataSpec&)> open;
};

/// All formats, by name. data/library has one file each.
const std::vector<DataFormat>& data_formats();

/// Opens a split; the format decides what is read now (labels, file names) and what with each item.
Result<std::unique_ptr<Dataset>> open_dataset(FileSystem& files, const DataSpec& spec);

/// Fails (kInput) when a label has no class name, given that there are some; the message names the item and its place.
Result<> check_labels(const Dataset& dataset);

}  // namespace wootz
