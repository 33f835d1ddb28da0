// What a definition tells of its arithmetic, line by line. A silent story costs nothing, so that the same function explains one value
// and checks all of them.
#pragma once

#include <string>
#include <vector>

#include "tensor/error.h"

namespace octet::quant {

class Story {
 public:
  Story() = default;  // silent
  explicit Story(std::vector<std::string>& lines) : lines_(&lines) {}

  bool is_told() const { return lines_ != nullptr; }
  template <class... Parts>
  void say(const Parts&... parts) const {
    if (lines_) lines_->push_back(str(parts...));
  }

 private:
  std::vector<std::string>* lines_ = nullptr;
};

}  // namespace octet::quant
