// What predict prints of each image: the top classes and their probabilities, as text, as JSON lines or as CSV.
//
//   text   a.jpg: tench 98.1 %, gas pump 0.9 %
//   json   {"file":"a.jpg","top":[{"class":0,"name":"tench","probability":0.981}, ...]}   or {"file":"b.jpg","error":"..."}
//   csv    file,rank,class,name,probability                                              a row for each of the top classes
#pragma once

#include <string>
#include <vector>

#include "apps/common/evaluate.h"
#include "tensor/tensor.h"

namespace octet::apps {

enum class AnswerForm { text, json, csv };

class Answers {
 public:
  /// classes: see apps/common/classes.h; top: how many to print.
  Answers(AnswerForm form, std::vector<std::string> classes, int top);

  /// logits: [1, classes] or [classes] of one image.
  void print(const std::string& name, const Tensor& logits);
  /// An image without an answer; text and CSV have no line for it.
  void print_error(const std::string& name, const std::string& reason);

 private:
  AnswerForm form_;
  std::vector<std::string> classes_;
  int top_;
};

/// Prints what came of a dataset, as json or csv: how many answers of each class are right. json also has top-1, loss and the
/// confusion matrix; its last column counts answers outside the dataset's classes.
void print_scores(AnswerForm form, const Evaluation& evaluation, const std::vector<std::string>& classes);

}  // namespace octet::apps
