#include "apps/train/history.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "apps/common/output_paths.h"
#include "loaders/files/file.h"
#include "tensor/error.h"

namespace octet::apps {
namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

void write_text(const std::string& path, const std::string& text) {
  loaders::write_atomically(path, [&](loaders::Output& out) { out.write(text); });
}

}  // namespace

void SmoothLoss::add(double loss) {
  sum = kBeta * sum + (1 - kBeta) * loss;
  ++count;
}

double SmoothLoss::value() const { return count ? sum / (1 - std::pow(kBeta, static_cast<double>(count))) : 0; }

void print_table_header() {
  std::cout << formatted("%-10s%-12s%-12s%-10s%s", "epoch", "train_loss", "valid_loss", "accuracy", "time") << std::endl;
}

void print_table_row(const Epoch& e) {
  const int seconds = static_cast<int>(std::lround(e.seconds));
  std::cout << formatted("%-9d %-11.6f %-11.6f %-9.6f %02d:%02d", e.epoch, e.train_loss, e.valid_loss, e.accuracy, seconds / 60,
                         seconds % 60)
            << std::endl;
}

std::string curves_file(const std::string& log) { return std::filesystem::path(log).replace_extension(".svg").string(); }

void write_log(const std::string& path, const History& history) {
  std::string csv(kLogBegins);
  for (const Epoch& e : history)
    csv +=
        formatted("%d,%d,%.6g,%.6f,%.6f,%.6f,%.1f\n", e.epoch, e.size, e.lr, e.train_loss, e.valid_loss, e.accuracy, e.seconds);
  write_text(path, csv);
  write_text(curves_file(path), curves_svg(history));
}

}  // namespace octet::apps
