// JSON of a .pt2 file, which is not trusted: limits on size and depth; a key that is missing or of a wrong type is an Error.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "loaders/files/zip.h"
#include "tensor/json_text.h"

namespace octet::networks {

using Json = nlohmann::json;

/// The record `name` of the archive. Throws Error, one line that begins with `file`.
Json read_json(const loaders::Zip& zip, const std::string& name, const std::string& file);

/// What `work` returns; what nlohmann throws on a missing key or a wrong type becomes an Error that begins with `where`.
template <class Work>
auto reading(const std::string& where, Work&& work) {
  try {
    return work();
  } catch (const Json::exception& error) {
    fail(where, ": not as PyTorch writes it: ", loaders::printable(error.what()));
  }
}

}  // namespace octet::networks
