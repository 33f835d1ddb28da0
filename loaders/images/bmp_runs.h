// The pixels of run-length encoded BMP files (BI_RLE8, BI_RLE4), as Pillow reads them.
//
// pairs of bytes -> a code per pixel, row after row. (n, code) is a run of n pixels; with four bits a code is two that take turns.
// (0, 0) ends a row and (0, 1) the image. (0, 2) and two bytes, right and up, pass over pixels. (0, n) is n codes one by one, padded
// to an even byte of the file. Where the format leaves it open, Pillow decides: pixels passed over have code 0, a run stops at the end
// of its row, codes one by one go on in the next row, and the end of a row before its first pixel does nothing.
// Counterpart: BmpRleDecoder in Pillow's BmpImagePlugin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace octet::loaders {

/// The codes of `height` rows of `width`, at most 64 Mpx, which begin at byte `at`. They are fewer when the file ends early.
std::vector<uint8_t> read_bmp_runs(std::span<const uint8_t> bytes, size_t at, size_t width, size_t height, bool four_bits);

}  // namespace octet::loaders
