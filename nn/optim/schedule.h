// Learning rate and momentum over a fit, as factors of the largest learning rate. x runs from 0 to 1.
//
//   one cycle (Smith, arXiv:1708.07120, in fastai's form): a cosine from 1/div up to 1 at pct_start, then a cosine down to
//   1/div_final; the momentum goes the other way, 0.95 -> 0.85 -> 0.95.
// Counterparts: fastai's fit_one_cycle (fastai/callback/schedule.py: combined_cos), torch.optim.lr_scheduler.OneCycleLR.
#pragma once

#include <cmath>
#include <numbers>

namespace octet::nn {

struct OneCycle {
  double pct_start = 0.25, div = 25, div_final = 1e5;  // fastai's defaults
  double momentum_high = 0.95, momentum_low = 0.85;

  double lr_factor(double x) const { return between(x, 1 / div, 1, 1 / div_final); }
  double momentum(double x) const { return between(x, momentum_high, momentum_low, momentum_high); }

 private:
  static double cosine(double from, double to, double x) {
    return from + (1 + std::cos(std::numbers::pi * (1 - x))) * (to - from) / 2;
  }
  double between(double x, double start, double middle, double end) const {
    return x < pct_start ? cosine(start, middle, x / pct_start) : cosine(middle, end, (x - pct_start) / (1 - pct_start));
  }
};

}  // namespace octet::nn
