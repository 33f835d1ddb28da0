#include "loaders/checkpoints/pth_writer.h"

#include "loaders/checkpoints/card_record.h"
#include "loaders/checkpoints/pickle_writer.h"
#include "loaders/files/file.h"
#include "loaders/files/zip_writer.h"

namespace octet::loaders {
namespace {

constexpr size_t kAlignment = 64;  // of tensor bytes in the file, as torch's writer has it

}  // namespace

void save_pth(const std::string& path, const StateDict& state, const std::optional<ModelCard>& card) {
  std::vector<Tensor> storages;
  const std::string pickle = pickled_state_dict(state, storages);
  write_atomically(path, [&](Output& out) {
    ZipWriter zip(out);
    zip.add("archive/data.pkl", pickle);
    zip.add("archive/byteorder", "little");
    for (size_t i = 0; i < storages.size(); ++i)
      zip.add("archive/data/" + std::to_string(i), Bytes(storages[i].bytes(), storages[i].nbytes()), kAlignment);
    if (card) zip.add(std::string("archive/") + kCardRecord, to_json(*card));
    zip.add("archive/version", "3\n");
    zip.finish();
  });
}

}  // namespace octet::loaders
