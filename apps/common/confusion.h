// The confusion matrix: how many images of each class got each answer. fastai's ClassificationInterpretation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace octet::apps {

class Confusion {
 public:
  explicit Confusion(size_t classes = 0) : classes_(classes), counts_(classes * (classes + 1)) {}

  /// answer: a class, or anything else for an answer outside of them.
  void add(size_t truth, size_t answer) { ++counts_.at(truth * (classes_ + 1) + std::min(answer, classes_)); }
  int64_t count(size_t truth, size_t answer) const { return counts_.at(truth * (classes_ + 1) + answer); }
  size_t classes() const { return classes_; }

  struct Pair {
    size_t truth, answer;
    int64_t count;
  };
  /// Wrong answers, the most frequent pairs first.
  std::vector<Pair> most_confused() const;

 private:
  size_t classes_;
  std::vector<int64_t> counts_;  // [classes, classes + 1], the last column for answers outside
};

/// Prints the matrix (rows: what an image is; columns: the answer) with each class's share of right answers, and the pairs that
/// are confused most often.
void show_confusion(const Confusion& confusion, const std::vector<std::string>& classes);

}  // namespace octet::apps
