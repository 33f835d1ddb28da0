// predict --tune: finds the fastest way for each int8 convolution on this machine and writes it into the model's file.
#pragma once

#include <string>

#include "apps/common/cli.h"

namespace octet::apps {

struct TuneOptions {
  int batch_size = 1, image_size = 0;  // 0: the model's
  double seconds = 0.5;                // for each way, each of two rounds
};

/// Prints a line per convolution. Throws Error if the file is no int8 model of octet's. The file is replaced whole or not at all.
void tune_model(const std::string& path, const TuneOptions& options, const CommonOptions& common);

}  // namespace octet::apps
