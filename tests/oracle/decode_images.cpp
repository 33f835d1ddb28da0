// decode_images: what octet makes of image files, for tests/oracle/images.py.
//
// Reads a file name per line from standard input. Answers with a line: "ok WIDTH HEIGHT CRC" of the RGB pixels [height, width, 3],
// with --resize N also " CRC" of what enters a network at N px; or "refused REASON".
#include <zlib.h>

#include <iostream>
#include <string>

#include "loaders/files/file.h"
#include "loaders/images/resize.h"
#include "tensor/error.h"

using namespace octet;

namespace {

uLong crc_of(const loaders::Image& image) { return crc32(0, image.rgb.data(), static_cast<uInt>(image.rgb.size())); }

void answer(const std::string& path, int size) {
  try {
    const loaders::File file(path);
    const loaders::Image image =
        loaders::decode_image({reinterpret_cast<const uint8_t*>(file.bytes().data()), file.bytes().size()}, path);
    std::cout << "ok " << image.width << " " << image.height << " " << crc_of(image);
    if (size > 0) std::cout << " " << crc_of(loaders::crop_and_resize(image, size));
  } catch (const Error& error) {
    std::cout << "refused " << error.what();
  }
  std::cout << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const int size = argc == 3 && std::string(argv[1]) == "--resize" ? std::stoi(argv[2]) : 0;
  for (std::string path; std::getline(std::cin, path);) answer(path, size);
}
