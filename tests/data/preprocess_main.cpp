// Prints what the library makes of images, for comparison with its peers. Paths come on the standard input, one a line:
//   preprocess_image decode                       -> width, height, then RGB bytes
//   preprocess_image resize WIDTH HEIGHT FILTER   -> the same, resized by Pillow's filter of that number
//   preprocess_image jpeg QUALITY                 -> the same, after coding as JPEG
//   preprocess_image pixels DIRECTORY SIZE        -> width, height, then [3, height, width] floats
// Sizes are 32-bit; an image that cannot be read is 0 x 0, with the error on the standard error.
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "wootz/data/preprocess.h"

namespace {

using wootz::Image;

void print(std::int32_t width, std::int32_t height, const void* data, std::size_t bytes) {
  std::fwrite(&width, sizeof width, 1, stdout);
  std::fwrite(&height, sizeof height, 1, stdout);
  std::fwrite(data, 1, bytes, stdout);
}

wootz::Result<Image> read_image(const std::string& path) {
  WOOTZ_TRY(const std::string encoded, wootz::read_text(wootz::posix_file_system(), path, 1 << 30));
  return wootz::decode_image(std::as_bytes(std::span(encoded)), path);
}

void print_pixels(const wootz::Preprocessing& steps, const Image& image) {
  const Image ready = steps.geometry(image);
  std::vector<float> pixels(ready.pixels.size());
  steps.normalize(ready, pixels.data());
  print(ready.width, ready.height, pixels.data(), pixels.size() * sizeof(float));
}

wootz::Result<> run(const std::vector<std::string>& arguments) {
  const std::string& command = arguments.at(0);
  wootz::Preprocessing steps;
  if (command == "pixels") {
    WOOTZ_TRY(steps,
              wootz::load_preprocessing(wootz::posix_file_system(), arguments.at(1), std::stoi(arguments.at(2))));
  }
  for (std::string path; std::getline(std::cin, path);) {
    wootz::Result<Image> image = read_image(path);
    if (image && command == "resize")
      image = wootz::resize(*image, std::stoi(arguments.at(1)), std::stoi(arguments.at(2)),
                            static_cast<wootz::Resampling>(std::stoi(arguments.at(3))));
    if (image && command == "jpeg")
      image = wootz::decode_image(wootz::encode_jpeg(*image, std::stoi(arguments.at(1))), path);
    if (!image) {
      std::cerr << image.error().message << '\n';
      print(0, 0, "", 0);
    } else if (command == "pixels") {
      print_pixels(steps, *image);
    } else {
      print(image->width, image->height, image->pixels.data(), image->pixels.size());
    }
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const wootz::Result<> done = run({argv + 1, argv + argc});
  if (done) return 0;
  std::cerr << done.error().message << '\n';
  return wootz::exit_code(done.error().kind);
}
