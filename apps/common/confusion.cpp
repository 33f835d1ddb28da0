#include "apps/common/confusion.h"

#include <iomanip>
#include <iostream>

#include "loaders/datasets/imagenette.h"
#include "loaders/files/bytes.h"

namespace octet::apps {
namespace {

constexpr size_t kLargestMatrix = 20;  // classes; more do not fit a terminal
constexpr size_t kShownPairs = 5;

std::string name_of(size_t c, const std::vector<std::string>& classes) {
  return c < classes.size() ? loaders::printable(loaders::human_name(classes[c])) : "something else";
}

int64_t images_of(const Confusion& confusion, size_t truth) {
  int64_t images = 0;
  for (size_t answer = 0; answer <= confusion.classes(); ++answer) images += confusion.count(truth, answer);
  return images;
}

void show_matrix(const Confusion& confusion, const std::vector<std::string>& classes) {
  constexpr int kName = 20, kCell = 5;
  std::cout << std::left << std::setw(kName) << "is \\ answer" << std::right;
  for (size_t answer = 0; answer < classes.size(); ++answer) std::cout << std::setw(kCell) << answer;
  std::cout << "   right\n";
  for (size_t truth = 0; truth < classes.size(); ++truth) {
    std::cout << std::setw(2) << truth << " " << std::left << std::setw(kName - 3) << name_of(truth, classes).substr(0, kName - 4)
              << std::right;
    for (size_t answer = 0; answer < classes.size(); ++answer) std::cout << std::setw(kCell) << confusion.count(truth, answer);
    const auto images = static_cast<double>(std::max<int64_t>(1, images_of(confusion, truth)));
    const double right = static_cast<double>(confusion.count(truth, truth)) / images;
    std::cout << std::fixed << std::setprecision(1) << std::setw(kCell + 1) << 100 * right << " %\n";
  }
}

/// Prints one line for each class, because a matrix of so many classes cannot be read.
void show_shares(const Confusion& confusion, const std::vector<std::string>& classes) {
  for (size_t truth = 0; truth < classes.size(); ++truth) {
    const int64_t images = images_of(confusion, truth), right = confusion.count(truth, truth);
    std::cout << std::setw(4) << truth << " " << name_of(truth, classes) << ": " << right << " of " << images << " right\n";
  }
}

}  // namespace

std::vector<Confusion::Pair> Confusion::most_confused() const {
  std::vector<Pair> pairs;
  for (size_t truth = 0; truth < classes_; ++truth)
    for (size_t answer = 0; answer <= classes_; ++answer)
      if (truth != answer && count(truth, answer) > 0) pairs.push_back({truth, answer, count(truth, answer)});
  std::ranges::stable_sort(pairs, std::ranges::greater{}, &Pair::count);
  return pairs;
}

void show_confusion(const Confusion& confusion, const std::vector<std::string>& classes) {
  if (classes.size() <= kLargestMatrix)
    show_matrix(confusion, classes);
  else
    show_shares(confusion, classes);
  const std::vector<Confusion::Pair> pairs = confusion.most_confused();
  if (!pairs.empty()) std::cout << "most confused:\n";
  for (size_t i = 0; i < std::min(kShownPairs, pairs.size()); ++i)
    std::cout << "  " << name_of(pairs[i].truth, classes) << " taken for " << name_of(pairs[i].answer, classes) << ": "
              << pairs[i].count << "\n";
}

}  // namespace octet::apps
