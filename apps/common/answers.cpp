#include "apps/common/answers.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apps/common/classes.h"
#include "loaders/checkpoints/model_card.h"
#include "loaders/files/bytes.h"
#include "ops/softmax.h"

namespace octet::apps {
namespace {

using Json = nlohmann::ordered_json;

struct Answer {
  size_t index;
  std::string name;
  float probability;
};

/// Quoted where it must be (RFC 4180); control characters as \xNN, because they may reach a terminal.
std::string csv_field(const std::string& text) {
  std::string field;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    field += byte < 0x20 || byte == 0x7f ? escaped : c == '"' ? "\"\"" : std::string(1, c);
  }
  return field.find_first_of(",\"") == field.npos ? field : "\"" + field + "\"";
}

std::string six_digits(float probability) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", static_cast<double>(probability));
  return text;
}

void print_text(const std::string& name, const std::vector<Answer>& answers) {
  std::cout << loaders::printable(name) << ":";
  for (size_t i = 0; i < answers.size(); ++i)
    std::cout << (i ? ", " : " ") << loaders::printable(answers[i].name) << " " << std::fixed << std::setprecision(1)
              << 100 * answers[i].probability << " %";
  std::cout << "\n";
}

void print_json(const std::string& name, const std::vector<Answer>& answers) {
  Json top = Json::array();
  for (const Answer& a : answers)
    top.push_back(
        {{"class", a.index}, {"name", loaders::card_name(a.name)}, {"probability", std::stod(six_digits(a.probability))}});
  std::cout << Json{{"file", loaders::card_name(name)}, {"top", std::move(top)}}.dump() << "\n";
}

void print_csv(const std::string& name, const std::vector<Answer>& answers) {
  for (size_t i = 0; i < answers.size(); ++i)
    std::cout << csv_field(name) << "," << i + 1 << "," << answers[i].index << "," << csv_field(answers[i].name) << ","
              << six_digits(answers[i].probability) << "\n";
}

}  // namespace

Answers::Answers(AnswerForm form, std::vector<std::string> classes, int top)
    : form_(form), classes_(std::move(classes)), top_(top) {
  if (form_ == AnswerForm::csv) std::cout << "file,rank,class,name,probability\n";
}

void Answers::print(const std::string& name, const Tensor& logits) {
  const Tensor probabilities = ops::softmax(logits.reshape({1, logits.numel()}));
  const float* p = probabilities.data<float>();
  std::vector<size_t> order(static_cast<size_t>(logits.numel()));
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return p[a] > p[b]; });
  order.resize(std::min(order.size(), static_cast<size_t>(top_)));
  std::vector<Answer> answers;
  for (const size_t c : order) answers.push_back({c, class_name(classes_, c), p[c]});
  if (form_ == AnswerForm::text) print_text(name, answers);
  if (form_ == AnswerForm::json) print_json(name, answers);
  if (form_ == AnswerForm::csv) print_csv(name, answers);
}

void Answers::print_error(const std::string& name, const std::string& reason) {
  if (form_ == AnswerForm::json)
    std::cout << Json{{"file", loaders::card_name(name)}, {"error", loaders::card_name(reason)}}.dump() << "\n";
}

void print_scores(AnswerForm form, const Evaluation& e, const std::vector<std::string>& classes) {
  if (form == AnswerForm::csv) std::cout << "class,name,images,right\n";
  Json rows = Json::array(), confusion = Json::array();
  for (size_t c = 0; c < classes.size(); ++c) {
    const std::string name = class_name(classes, c);
    const int64_t images = e.images_of_class[c], right = e.scores[0].right_of_class[c];
    if (form == AnswerForm::csv) std::cout << c << "," << csv_field(name) << "," << images << "," << right << "\n";
    rows.push_back({{"name", loaders::card_name(name)}, {"images", images}, {"right", right}});
    Json row = Json::array();
    for (size_t answer = 0; answer <= classes.size(); ++answer) row.push_back(e.confusion.count(c, answer));
    confusion.push_back(std::move(row));
  }
  if (form != AnswerForm::json) return;
  std::cout << Json{{"images", e.images}, {"skipped", e.skipped.size()}, {"top1", e.accuracy()},
                    {"loss", e.loss},     {"classes", std::move(rows)},  {"confusion", std::move(confusion)}}
                   .dump()
            << "\n";
}

}  // namespace octet::apps
