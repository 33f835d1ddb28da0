#include "loaders/checkpoints/pth.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "loaders/checkpoints/find_weights.h"
#include "loaders/checkpoints/format.h"
#include "loaders/checkpoints/torch_tensor.h"
#include "loaders/checkpoints/weight_keys.h"
#include "loaders/checkpoints/whole_model.h"
#include "loaders/files/file.h"
#include "loaders/files/limits.h"

namespace octet::loaders {
namespace {

using pickle::Pickle;
using pickle::Ref;

using Notes = std::vector<std::string>;

/// One entry of the state_dict: a tensor, a tuple of tensors, or a dtype.
void add_value(const Pickle& pickle, TensorReader& reader, const std::string& key, Ref value, const std::string& where,
               StateDict& out) {
  const auto add = [&](Ref ref, const std::string& name) {
    OCTET_CHECK(out.find(name) == nullptr, where, ": duplicate key ", quoted(name));
    OCTET_CHECK(out.entries().size() < kMaxTensors, where, ": more than ", kMaxTensors, " tensors");
    out.add(reader.read(ref, name));
  };
  if (const auto* tuple = pickle.get<pickle::Tuple>(value)) {
    for (size_t i = 0; i < tuple->items.size(); ++i)
      if (!pickle.get<pickle::None>(tuple->items[i])) add(tuple->items[i], key + "." + std::to_string(i));
    return;
  }
  if (key.ends_with(".num_batches_tracked"))  // a number in files that no PyTorch wrote
    if (const auto* count = pickle.get<int64_t>(value))
      return out.add({key, Tensor::from<int64_t>({*count}, {}, DType::i64), {}});
  const bool is_dtype = pickle.get<pickle::Global>(value) && key.ends_with(".dtype");
  if (is_dtype) return;                                                   // a packed linear layer's; its tensors say it too
  if (key.ends_with(".bias") && pickle.get<pickle::None>(value)) return;  // a quantized convolution's that has none
  OCTET_CHECK(reader.is_tensor(value), where, ": ", quoted(key), " is ", pickle.describe(value), ", expected a tensor");
  add(value, key);
}

/// What the pickle would have called and this reader does not know.
void note_unknown_objects(const Pickle& pickle, const std::string& where, Notes* notes) {
  std::set<std::string> names;
  for (const pickle::Value& value : pickle.values())
    if (const auto* object = std::get_if<pickle::Opaque>(&value)) names.insert(printable(pickle.global_name(object->global)));
  std::erase_if(names, [](const std::string& name) { return name.starts_with("torch._utils._rebuild_"); });
  if (names.empty() || notes == nullptr) return;
  constexpr size_t kListed = 8;
  std::string list;
  size_t listed = 0;
  for (const std::string& name : names)
    if (++listed <= kListed) list += (listed > 1 ? ", " : "") + name;
  notes->push_back(str(where, ": ignored objects outside the weights, never run: ", list, names.size() > kListed ? ", ..." : ""));
}

StateDict read_state(const Pickle& pickle, TensorReader& reader, const std::string& where, Notes* notes) {
  const Weights found = find_weights(pickle, reader, where);
  std::vector<std::string> names;
  for (const auto& [name, value] : found.entries) names.push_back(name);
  const WeightKeys keys = weight_keys(names);
  const std::string first = found.remark(), second = keys.remark();
  if (notes && !(first + second).empty())
    notes->push_back(where + ": " + first + (first.empty() || second.empty() ? "" : "; ") + second);
  StateDict state;
  for (const auto& [name, value] : found.entries)
    if (const auto key = keys.key_of(name)) add_value(pickle, reader, *key, value, where, state);
  note_unknown_objects(pickle, where, notes);
  return state;
}

/// A small text record such as "version", without its newline.
std::string text_record(const Zip& zip, const std::string& name) {
  const ZipEntry* entry = zip.find(name);
  if (entry == nullptr || entry->size > 64) return "";
  const Record record = zip.read(*entry);
  std::string text(as_text(record.bytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

/// The folder that all entries lie in, with its slash.
std::string root_folder(const Zip& zip, const std::string& where) {
  OCTET_CHECK(!zip.entries().empty(), where, ": an empty archive");
  const std::string& first = zip.entries()[0].name;
  const std::string root = first.substr(0, first.find('/') + 1);
  for (const ZipEntry& e : zip.entries())
    OCTET_CHECK(!root.empty() && e.name.starts_with(root), where, ": entry ", quoted(e.name),
                " is not in one folder with the others: not written by torch.save");
  return root;
}

void check_version(const Zip& zip, const std::string& root, const std::string& where) {
  const std::string text = text_record(zip, root + "version");
  OCTET_CHECK(!text.empty(), where, ": no 'version' record: not written by torch.save, or the save did not finish");
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  OCTET_CHECK(error == std::errc() && end == text.data() + text.size() && version >= 1, where, ": version ", quoted(text),
              " is not a number above 0");
  OCTET_CHECK(version <= 10, where, ": version ", version, " is too new: expected at most 10; save it again with an older torch");
}

void note_rest(size_t left, const char* what, const File& file, Notes* notes) {
  if (left > 0 && notes) notes->push_back(str(file.name(), ": ", left, " bytes after the end of ", what, ", ignored"));
}

StateDict load_zip(const File& file, Notes* notes) {
  const Zip zip(file.bytes(), file.name());
  refuse_other_zip(zip, file.name());
  const std::string root = root_folder(zip, file.name());
  const ZipEntry* object = zip.find(root + "data.pkl");
  OCTET_CHECK(object != nullptr, file.name(), ": no data.pkl: the save did not finish, or it is not a checkpoint");
  OCTET_CHECK(object->size <= kMaxPickleBytes, file.name(), ": data.pkl of ", object->size, " bytes, at most ", kMaxPickleBytes);
  check_version(zip, root, file.name());
  const std::string order = zip.find(root + "byteorder") ? text_record(zip, root + "byteorder") : "little";
  OCTET_CHECK(order == "little" || order == "big", file.name(), ": byteorder ", quoted(order), ", expected little or big");

  const Record pickled = zip.read(*object);
  const Pickle pickle = read_object(pickled.bytes, file.name() + ": data.pkl", file.name());
  note_rest(pickled.bytes.size() - pickle.nbytes(), "data.pkl", file, notes);
  const StorageSource source = [&](const StorageId& id) {
    const ZipEntry* entry = zip.find(root + "data/" + id.key);
    OCTET_CHECK(entry != nullptr, file.name(), ": no record ", quoted("data/" + id.key));
    OCTET_CHECK(entry->size == id.nbytes(), file.name(), ": record ", quoted("data/" + id.key), " has ", entry->size,
                " bytes, expected ", id.nbytes());
    return zip.read(*entry);
  };
  TensorReader reader(pickle, source,
                      {.file = file.name(), .big_endian = order == "big", .max_bytes = expansion_limit(file.bytes().size())});
  return read_state(pickle, reader, file.name(), notes);
}

/// The pickles and storages of a legacy file, one after the other. Its numbers are little-endian whatever machine wrote it
/// (aten's THPStorage_writeFileRaw), so the system description is not needed.
class LegacyFile {
 public:
  explicit LegacyFile(const File& file) : file_(file), left_(file.bytes().subspan(kLegacyMagic.size())) {
    const Pickle protocol = next("protocol version");
    const auto* version = protocol.get<int64_t>(protocol.top());
    OCTET_CHECK(version && *version == 1001, file.name(), ": legacy protocol version ", protocol.describe(protocol.top()),
                ", expected 1001");
    next("system description");
    object_.push_back(read_object(left_, file_.name() + ": object", file_.name()));
    left_ = left_.subspan(object_[0].nbytes());
    read_storages();
  }

  const Pickle& object() const { return object_[0]; }
  size_t bytes_left() const { return left_.size(); }
  Record storage(const StorageId& id) const {
    const auto it = storages_.find(id.key);
    OCTET_CHECK(it != storages_.end(), file_.name(), ": no storage ", quoted(id.key));
    return {it->second, {}};
  }

 private:
  Pickle next(const std::string& what) {
    Pickle pickle(left_, file_.name() + ": " + what);
    left_ = left_.subspan(pickle.nbytes());
    return pickle;
  }

  /// The key list, then for each key an int64 count and the elements.
  void read_storages() {
    std::map<std::string, StorageId> ids;
    const auto& values = object().values();
    for (Ref ref = 0; ref < values.size(); ++ref)
      if (object().get<pickle::Persistent>(ref)) {
        refuse_module(ref);
        StorageId id = read_storage_id(object(), ref, file_.name());
        ids.emplace(id.key, std::move(id));
      }
    const Pickle keys = next("storage keys");
    const auto* list = keys.get<pickle::List>(keys.top());
    OCTET_CHECK(list != nullptr, file_.name(), ": expected a list of storage keys, got ", keys.describe(keys.top()));
    Cursor cursor(left_, file_.name());
    for (Ref ref : list->items) {
      const auto* key = keys.get<std::string>(ref);
      const auto id = key ? ids.find(*key) : ids.end();
      OCTET_CHECK(id != ids.end(), file_.name(), ": storage key ", keys.describe(ref), " belongs to no tensor");
      const auto count = load_le<int64_t>(cursor.take(8, "storage size").data());
      OCTET_CHECK(count == id->second.numel, file_.name(), ": storage ", quoted(*key), " has ", count, " elements, expected ",
                  id->second.numel);
      const Bytes elements = cursor.take(id->second.nbytes(), "storage " + quoted(*key));
      OCTET_CHECK(storages_.emplace(*key, elements).second, file_.name(), ": duplicate storage ", quoted(*key));
    }
    left_ = left_.subspan(cursor.offset());
  }

  /// Whole models hold their classes as ("module", class, source file, source).
  void refuse_module(Ref ref) const {
    const auto* id = object().get<pickle::Tuple>(object().get<pickle::Persistent>(ref)->id);
    const auto* kind = id && !id->items.empty() ? object().get<std::string>(id->items[0]) : nullptr;
    OCTET_CHECK(!kind || *kind != "module", file_.name(), ": a whole pickled model; save model.state_dict() instead");
  }

  const File& file_;
  Bytes left_;
  std::vector<Pickle> object_;  // one, made late
  std::map<std::string, Bytes> storages_;
};

StateDict load_legacy(const File& file, Notes* notes) {
  const LegacyFile legacy(file);
  note_rest(legacy.bytes_left(), "the last storage", file, notes);
  TensorReader reader(legacy.object(), [&](const StorageId& id) { return legacy.storage(id); },
                      {.file = file.name(), .max_bytes = expansion_limit(file.bytes().size())});
  return read_state(legacy.object(), reader, file.name(), notes);
}

}  // namespace

StateDict load_pth(const std::string& path, Notes* notes) { return load_pth(File(path), notes); }

StateDict load_pth(const File& file, Notes* notes) {
  switch (format_of(file.bytes())) {
    case Format::zip:
      return load_zip(file, notes);
    case Format::legacy_pth:
      return load_legacy(file, notes);
    default:
      refuse_format(file.bytes(), file.name());
  }
}

}  // namespace octet::loaders
