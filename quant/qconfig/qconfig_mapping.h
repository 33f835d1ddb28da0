// QConfigMapping: which QConfig each call of a graph gets. PyTorch counterpart: torch.ao.quantization.QConfigMapping.
//
//   the first that matches: module name  >  module name pattern (a regular expression, matched from its beginning, as re.match
//   does)  >  type of call ("Conv2d", "add", ...)  >  global.   None keeps the call in float.
// Patterns are RE2's, which takes time linear in the name: a pattern may come from a stranger's file. It lacks what needs going
// back, such as (?=...) and \1 (https://github.com/google/re2/wiki/Syntax).
// An op whose codes have a fixed scale (sigmoid: 1/256) gets FixedQParamsObserver instead of the global one's.
// An addition and the relu behind it are configured together. A pool kept in float stays float between int8 layers, where
// PyTorch's lowering turns it back into an int8 one. A call that is not a layer (add, flatten) goes by the name of the module
// that makes it.
//
//   backend        activations                        weights (qint8, symmetric)    engine
//   qnnpack        HistogramObserver 0..255           MinMax, one scale             qnnpack
//   fbgemm, x86    HistogramObserver 0..127           MinMax per output channel     fbgemm
//   onednn         HistogramObserver 0..255           MinMax per output channel     onednn
//   x86_vnni       HistogramObserver 0..127           MinMax per output channel     x86_vnni: PyTorch's x86 on a CPU with VNNI
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig.h"

namespace re2 {
class RE2;
}

namespace octet::quant {

class QConfigMapping {
 public:
  using Choice = std::optional<QConfig>;  // nothing: keep it in float

  QConfigMapping(std::string backend, Engine engine) : backend_(std::move(backend)), engine_(engine) {}

  const std::string& backend() const { return backend_; }
  Engine engine() const { return engine_; }

  QConfigMapping& set_global(Choice choice) { return global_ = std::move(choice), *this; }
  QConfigMapping& set_object_type(std::string type, Choice choice);
  QConfigMapping& set_module_name(std::string name, Choice choice);
  /// Throws Error for a pattern that is no regular expression, or a very large one.
  QConfigMapping& set_module_name_regex(std::string pattern, Choice choice);
  const Choice& global() const { return global_; }

  Choice of(const nn::Node& call) const;
  /// Throws Error for a name, pattern or type that matches no call of the graph, with those that are there. can_be_int8: which
  /// ops count (quant/passes/patterns.h).
  void check_all_match(const nn::Graph& graph, bool (*can_be_int8)(const nn::Op&)) const;

  enum class By { name, pattern, type };
  struct Rule {
    By by;
    std::string key;
    Choice choice;
    std::shared_ptr<const re2::RE2> pattern = nullptr;  // By::pattern
  };
  /// In order of precedence.
  const std::vector<Rule>& rules() const { return rules_; }

 private:
  static bool matches(const Rule& rule, const nn::Node& call);
  QConfigMapping& set(Rule rule);

  std::string backend_;
  Engine engine_;
  Choice global_;
  std::vector<Rule> rules_;
};

/// Those of the table above.
const std::vector<std::string>& backend_names();

/// torch.ao.quantization.get_default_qconfig_mapping. Throws Error for an unknown backend.
QConfigMapping get_default_qconfig_mapping(const std::string& backend);

/// For training (quant/qat/prepare_qat.h): the same codes, observed by MovingAverageMinMaxObserver.
/// torch.ao.quantization.get_default_qat_qconfig_mapping.
QConfigMapping get_default_qat_qconfig_mapping(const std::string& backend);

/// By its name (ops/engines/engine.h); throws Error for another.
Engine parse_engine(const std::string& name);
/// "qnnpack", "fbgemm", ...
std::vector<std::string> engine_names();

}  // namespace octet::quant
