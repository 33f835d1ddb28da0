#include "loaders/checkpoints/card_record.h"

#include "loaders/files/limits.h"
#include "loaders/files/zip.h"

namespace octet::loaders {

std::string read_card_record(const File& file) {
  const Zip zip(file.bytes(), file.name());
  if (zip.entries().empty()) return "";
  const std::string& first = zip.entries()[0].name;
  const ZipEntry* entry = zip.find(first.substr(0, first.find('/') + 1) + kCardRecord);
  if (entry == nullptr) return "";
  OCTET_CHECK(entry->size <= kMaxCardBytes, file.name(), ": ", kCardRecord, " of ", entry->size, " bytes, at most ",
              kMaxCardBytes);
  const Record record = zip.read(*entry);
  return std::string(as_text(record.bytes));
}

}  // namespace octet::loaders
