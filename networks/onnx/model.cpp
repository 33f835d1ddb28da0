#include "networks/onnx/model.h"

#include <algorithm>
#include <filesystem>

#include "loaders/checkpoints/format.h"
#include "loaders/files/digest.h"
#include "loaders/files/limits.h"
#include "networks/onnx/schema.h"
#include "networks/onnx/tensors.h"

namespace octet::networks::onnx {
namespace {

using loaders::Bytes;

constexpr int64_t kFirstOpset = 9, kLastOpset = 21;
constexpr size_t kMaxNodes = 20'000;     // DenseNet121 with all that an exporter may write has 1,400
constexpr size_t kMaxItems = 4'000'000;  // names, attributes and their numbers, together

class Reader {
 public:
  Reader(const loaders::File& file, const std::string& path)
      : file_(file), source_{file.name(), file.bytes()}, tensors_(source_, std::filesystem::path(path).parent_path().string()) {}

  Model read() {
    model_.file = source_.name;
    Fields fields(source_.bytes, source_);
    Bytes graph;
    bool has_graph = false;
    for (Field f; fields.next(f);) {
      if (f.number == field::kProducerName) model_.producer = f.text();
      if (f.number == field::kProducerVersion) model_.producer += " " + f.text();
      if (f.number == field::kOpsetImport) read_opset(f.bytes());
      if (f.number == field::kMetadataProps) {
        const Bytes value = read_metadata(f.bytes(), model_.metadata);
        if (model_.metadata.contains(loaders::kSealKey) && seal_.empty()) seal_ = value;
      }
      if (f.number != field::kGraph) continue;
      OCTET_CHECK(!has_graph, source_.name, ": has two graphs; the file is damaged");
      graph = f.bytes(), has_graph = true;
    }
    OCTET_CHECK(has_graph, source_.name, ": has no graph in it, which a model of ONNX has; the file is damaged");
    OCTET_CHECK(model_.opset >= kFirstOpset && model_.opset <= kLastOpset, source_.name, ": operators of version ", model_.opset,
                " (opset), expected ", kFirstOpset, " to ", kLastOpset, "; export it with one of these");
    read_graph(graph);
    model_.bytes = tensors_.bytes_of_files();
    model_.sealed = model_.metadata.erase(loaders::kSealKey) > 0;
    if (model_.sealed) check_seal();
    return std::move(model_);
  }

 private:
  /// Counts what the file makes us keep.
  void count(size_t items = 1) {
    items_ += items;
    OCTET_CHECK(items_ <= kMaxItems, source_.name, ": more than ", kMaxItems, " names, attributes and numbers");
  }

  void read_opset(Bytes message) {
    std::string domain;
    int64_t version = 0;
    Fields fields(message, source_);
    for (Field f; fields.next(f);) {
      if (f.number == field::kDomain) domain = f.text();
      if (f.number == field::kVersion) version = f.integer();
    }
    if (domain.empty() || domain == "ai.onnx") model_.opset = version;
  }

  /// Returns the bytes of the value in the file.
  Bytes read_metadata(Bytes message, std::map<std::string, std::string>& metadata) {
    std::string key, value;
    Bytes place;
    Fields fields(message, source_);
    for (Field f; fields.next(f);) {
      if (f.number == field::kKey) key = f.text();
      if (f.number == field::kValue) value = f.text(), place = f.bytes();
    }
    count();
    metadata[key] = value;
    return place;
  }

  /// Throws Error unless the digest that octet wrote into the file is that of its bytes.
  void check_seal() const {
    const bool whole = seal_.size() == loaders::kSealDigits;
    loaders::check_seal(file_, whole ? static_cast<size_t>(seal_.data() - source_.bytes.data()) : std::string::npos);
  }

  void read_graph(Bytes message) {
    Fields fields(message, source_);
    for (Field f; fields.next(f);) {
      if (f.number == field::kNode) read_node(f.bytes());
      if (f.number == field::kInitializer) read_initializer(f.bytes());
      if (f.number == field::kInput) model_.inputs.push_back(value_info(f.bytes()));
      if (f.number == field::kOutput) model_.outputs.push_back(value_info(f.bytes()));
      OCTET_CHECK(f.number != field::kSparseInitializer, source_.name, ": has a sparse tensor, expected dense ones");
    }
    std::erase_if(model_.inputs, [&](const ValueInfo& v) { return model_.initializers.contains(v.name); });
  }

  void read_initializer(Bytes message) {
    auto [name, tensor] = tensors_.read(message);
    OCTET_CHECK(model_.initializers.size() < loaders::kMaxTensors, source_.name, ": more than ", loaders::kMaxTensors,
                " tensors");
    OCTET_CHECK(model_.initializers.emplace(name, tensor).second, source_.name, ": tensor ", loaders::quoted(name),
                " is there twice");
  }

  void read_node(Bytes message) {
    Node node;
    Fields fields(message, source_);
    for (Field f; fields.next(f);) {
      if (f.number == field::kNodeInput) node.inputs.push_back(f.text()), count();
      if (f.number == field::kNodeOutput) node.outputs.push_back(f.text()), count();
      if (f.number == field::kNodeName) node.name = f.text();
      if (f.number == field::kOpType) node.op_type = f.text();
      if (f.number == field::kNodeDomain) node.domain = f.text();
      if (f.number == field::kAttribute) read_attribute(f.bytes(), node);
      if (f.number == field::kNodeMetadata) read_metadata(f.bytes(), node.metadata);
    }
    if (node.domain == "ai.onnx") node.domain.clear();
    OCTET_CHECK(model_.nodes.size() < kMaxNodes, source_.name, ": more than ", kMaxNodes, " nodes");
    model_.nodes.push_back(std::move(node));
  }

  void read_attribute(Bytes message, Node& node) {
    std::string name;
    AttributeType type{};
    float real = 0;
    int64_t integer = 0;
    std::string text;
    Bytes tensor;
    std::vector<float> reals;
    std::vector<int64_t> integers;
    Fields fields(message, source_);
    for (Field f; fields.next(f);) {
      if (f.number == field::kAttributeName) name = f.text();
      if (f.number == field::kAttributeType) type = static_cast<AttributeType>(f.integer());
      if (f.number == field::kF) real = f.real();
      if (f.number == field::kI) integer = f.integer();
      if (f.number == field::kS) text = loaders::as_text(f.bytes());
      if (f.number == field::kT) tensor = f.bytes();
      if (f.number == field::kFloats) f.append_to(reals);
      if (f.number == field::kInts) f.append_to(integers);
    }
    count(1 + reals.size() + integers.size());
    Attribute& attribute = node.attributes[name];
    if (type == AttributeType::f) attribute = real;
    if (type == AttributeType::i) attribute = integer;
    if (type == AttributeType::s) attribute = std::move(text);
    if (type == AttributeType::t) attribute = tensors_.read(tensor).tensor;
    if (type == AttributeType::floats) attribute = std::move(reals);
    if (type == AttributeType::ints) attribute = std::move(integers);
  }

  ValueInfo value_info(Bytes message) {
    ValueInfo value;
    count();
    Fields fields(message, source_);
    for (Field f; fields.next(f);) {
      if (f.number == field::kValueName) value.name = f.text();
      if (f.number == field::kType)
        inside(f.bytes(), field::kTensorType, [&](const Field& tensor_type) {
          inside(tensor_type.bytes(), field::kShape, [&](const Field& shape) {
            value.has_shape = true;
            inside(shape.bytes(), field::kDim,
                   [&](const Field& dim) { value.shape.push_back(size_of_dim(dim.bytes())), count(); });
          });
        });
    }
    return value;
  }

  /// Calls work(field) for each field of that number in a message.
  template <class Work>
  void inside(Bytes message, uint32_t number, Work&& work) {
    Fields fields(message, source_);
    for (Field f; fields.next(f);)
      if (f.number == number) work(f);
  }

  int64_t size_of_dim(Bytes message) {
    int64_t size = -1;
    inside(message, field::kDimValue, [&](const Field& f) { size = f.integer() > 0 ? f.integer() : -1; });
    return size;
  }

  const loaders::File& file_;
  const Source source_;
  TensorReader tensors_;
  Model model_;
  Bytes seal_;  // the digits in the file
  size_t items_ = 0;
};

}  // namespace

bool is_onnx(const loaders::File& file, const std::string& path) {
  if (loaders::is_onnx(file.bytes())) return true;
  return std::filesystem::path(path).extension() == ".onnx" && loaders::format_of(file.bytes()) == loaders::Format::other;
}

Model read_onnx(const loaders::File& file, const std::string& path) { return Reader(file, path).read(); }

}  // namespace octet::networks::onnx
