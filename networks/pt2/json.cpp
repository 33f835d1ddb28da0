#include "networks/pt2/json.h"

namespace octet::networks {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{32} << 20;  // a network of 300 calls has 1 MB
constexpr int kMaxNesting = 32;                     // a program has 12

}  // namespace

Json read_json(const loaders::Zip& zip, const std::string& name, const std::string& file) {
  const std::string where = file + ": " + loaders::printable(name);
  const loaders::ZipEntry* entry = zip.find(name);
  OCTET_CHECK(entry != nullptr, where, ": missing; the file is no program of torch.export, or it is damaged");
  OCTET_CHECK(entry->size <= kMaxBytes, where, ": ", entry->size, " bytes, at most ", kMaxBytes);
  const loaders::Record record = zip.read(*entry);
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    OCTET_CHECK(depth <= kMaxNesting, where, ": nested more than ", kMaxNesting, " deep");
    return true;
  };
  return reading(where, [&] { return Json::parse(loaders::as_text(record.bytes), watch); });
}

}  // namespace octet::networks
