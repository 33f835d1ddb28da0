// Checkpoints built by hand for tests, loaded or refused.
#pragma once

#include <algorithm>

#include "builders.h"
#include "loaders/checkpoints/checkpoint.h"

namespace octet::loaders::build {

/// Loads these bytes as c.pth.
inline StateDict load(const std::string& bytes, std::vector<std::string>* notes = nullptr) {
  return with_file(bytes, "c.pth", [&](const std::string& path) { return load_checkpoint(path, notes); });
}
inline ::testing::AssertionResult refused(const std::string& bytes, std::vector<std::string> parts) {
  parts.push_back("c.pth: ");
  return test::fails_with([&] { load(bytes); }, parts);
}
inline size_t tensors_in(const std::string& bytes) {
  const StateDict state = load(bytes);
  return state.entries().size();
}
inline StateEntry first(const std::string& bytes) {
  const StateDict state = load(bytes);
  return state.entries().at(0);
}
/// The checkpoint with one tensor "w" is refused.
inline ::testing::AssertionResult refused(const TensorSpec& t, std::vector<std::string> parts) {
  parts.push_back("tensor 'w'");
  return refused(checkpoint(dict({{"w", tensor(t)}})), parts);
}
/// An object that loads.
inline std::string good() { return dict({{"w", tensor()}}); }

/// The good checkpoint with one record changed or removed.
inline std::string changed(const std::string& name, const std::string& data, bool remove = false) {
  std::vector<Member> members = records(good(), {{"0", kFour}});
  std::erase_if(members, [&](const Member& m) { return m.name == name; });
  if (!remove) members.push_back({name, data});
  return zip(members);
}

}  // namespace octet::loaders::build
