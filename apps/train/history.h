// What a training has to show for each epoch: fastai's table on the terminal, a .csv, and the curves as an .svg.
#pragma once

#include <string>
#include <vector>

namespace octet::apps {

struct Epoch {
  int epoch, size;    // size: side of the images in pixels
  double lr;          // of the head, at the end
  double train_loss;  // exponentially smoothed over the epochs so far, as fastai's
  double valid_loss, accuracy;
  double seconds;  // training and validation
};
using History = std::vector<Epoch>;

/// fastai's smoothed loss: mean of the losses so far with weights beta^age. fastai/learner.py: AvgSmoothLoss.
class SmoothLoss {
 public:
  static constexpr double kBeta = 0.98;

  void add(double loss);
  double value() const;

  double sum = 0;  // of (1 - beta) beta^age * loss
  int64_t count = 0;
};

/// "epoch     train_loss  valid_loss  accuracy  time" and a row below it.
void print_table_header();
void print_table_row(const Epoch& epoch);

/// The .svg beside a log.
std::string curves_file(const std::string& log);

/// Atomically replaces `path` by the table as comma-separated values, and its curves_file.
void write_log(const std::string& path, const History& history);

/// Loss (training, validation) and accuracy over the epochs.
std::string curves_svg(const History& history);

}  // namespace octet::apps
