// Is this an intact JPEG of a kind that we read? Asked before the decoder sees a byte.
//
// SOI, segments inside the file, one baseline or progressive frame (SOF0, SOF1, SOF2) of 8 bits and 1, 3 or 4 components, tables
// before the scans that use them, every code of every scan (jpeg_scan.h), every component complete, EOI. That closes what is
// open in stb_image 2.27: CVE-2021-37789 and CVE-2022-28042 (tables absent or too long), CVE-2022-28041 and CVE-2022-28048
// (scans that overflow the DC predictor or run out of bits), and a missing DQT or scan, which it turns into a grey or an
// uninitialised picture. Bytes after EOI are allowed, as Pillow allows them.
// It reports and decodes no pixel. Counterpart: libjpeg's jdmarker.c, with its warnings made errors.
#pragma once

#include <span>
#include <string>

#include "loaders/images/jpeg_scan.h"

namespace octet::loaders {

/// Throws Error, one line that begins with `name`. Arithmetic-coded, lossless, hierarchical and 12-bit files are refused as such.
JpegFrame check_jpeg(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace octet::loaders
