// What a file is, from its first bytes; its name does not matter.
//
// Checkpoints arrive as web pages, Git-LFS pointers and archives of the wrong kind: the error says what the file looks like.
#pragma once

#include <string>
#include <string_view>

#include "loaders/files/bytes.h"
#include "loaders/files/zip.h"

namespace octet::loaders {

enum class Format { zip, legacy_pth, safetensors, other };

/// The first bytes of a file that torch.save wrote before version 1.6: the pickled number 0x1950A86A20F9469CFC6C.
inline constexpr std::string_view kLegacyMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

Format format_of(Bytes bytes);

/// Does it begin as a model of ONNX does: a protobuf with field 1, ir_version, and one of its next fields?
bool is_onnx(Bytes bytes);

/// Throws Error saying what a file of another format looks like, and what to do about it.
[[noreturn]] void refuse_format(Bytes bytes, std::string_view name);

/// Throws Error for a zip archive of another program: TorchScript, torch.export, NumPy, Keras.
void refuse_other_zip(const Zip& zip, const std::string& name);

/// Throws Error for the address of a file on the net.
void refuse_url(const std::string& path);

/// A command for a message: python3 -c "CODE".
std::string python(const std::string& code);

}  // namespace octet::loaders
