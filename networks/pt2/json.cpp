#include "networks/pt2/json.h"

namespace octet::networks {
namespace {

constexpr JsonLimits kLimits{.bytes = uint64_t{32} << 20};  // a network of 300 calls has 1 MB; a program is nested 12 deep

}  // namespace

Json read_json(const loaders::Zip& zip, const std::string& name, const std::string& file) {
  const std::string where = file + ": " + loaders::printable(name);
  const loaders::ZipEntry* entry = zip.find(name);
  OCTET_CHECK(entry != nullptr, where, ": missing; the file is no program of torch.export, or it is damaged");
  OCTET_CHECK(entry->size <= kLimits.bytes, where, ": ", entry->size, " bytes, at most ", kLimits.bytes);
  const loaders::Record record = zip.read(*entry);
  return parse_json<Json>(loaders::as_text(record.bytes), kLimits, where);
}

}  // namespace octet::networks
