// A value that is made when it is first wanted, by whichever thread that is: packed weights, which not every input needs.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

namespace octet::ops {

template <class T>
class Lazy {
 public:
  /// make(): T.
  template <class Make>
  const T& get(Make&& make) const {
    std::call_once(made_->once, [&] { made_->value.emplace(make()); });
    return *made_->value;
  }

 private:
  struct Made {
    std::once_flag once;
    std::optional<T> value;
  };
  std::unique_ptr<Made> made_ = std::make_unique<Made>();  // movable
};

}  // namespace octet::ops
