// What all programs share: --threads, --device, --quiet, one-line errors, exit codes (0 done, 1 failed, 2 wrong usage, 130
// interrupted).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tensor/device.h"

namespace CLI {  // of CLI11: its header is large, and only what defines options needs it
class App;
class Validator;
}  // namespace CLI

namespace octet::apps {

struct CommonOptions {
  int threads = 0;  // 0: OMP_NUM_THREADS, or one per core
  std::string device = "cpu";
  bool tf32 = false;
  double max_memory = 0;            // in 10^9 bytes; 0: a share of the machine's (apps/common/limits.h)
  double max_work = 5000;           // in 10^9 multiply-adds for each image
  std::vector<std::string> verify;  // apps/common/verify.h
  bool quiet = false;

  /// What `device` names; run_app has checked that it is there.
  Device compute_device() const { return parse_device(device); }
};

/// A file of the project's folder data/, such as "imagenette-sample".
std::string data_file(const std::string& name);

/// The checkpoint and the images that a program runs it on. The defaults are those of data/.
struct DataOptions {
  std::string weights = data_file("resnet18-imagenette-fastai.pth");
  std::string network = {};  // the file of the network that the weights are of; empty: octet finds it
  std::string data = data_file("imagenette-sample");
  std::string split = "val";
  double valid_share = 0;  // of a folder of classes; 0: the folder has its parts itself
  int64_t seed = 0;        // of that share; each program has its own --seed
  int batch_size = 64;
};

void add_data_options(CLI::App& app, DataOptions& options);
void add_common_options(CLI::App& app, CommonOptions& options);

enum class Low { included, excluded };
/// Checks for a real number up to `high`, from `low` on or above it. CLI::Range lets NaN pass.
CLI::Validator number(double low, double high, Low which = Low::included);

/// Checks for a number of images, 0 among them.
CLI::Validator image_count();

/// The limit that an option with a number of images sets: none for 0, which stands for all.
std::optional<size_t> image_limit(int64_t images);

/// Refuses the empty string, which a shell makes of a variable that is not set. For files and folders.
CLI::Validator not_empty();

/// Parses the command line, applies the common options and runs the body. Returns the exit code; errors are one line on stderr,
/// that of a stdout that could not be written among them.
int run_app(CLI::App& app, int argc, char** argv, const CommonOptions& options, const std::function<void()>& body);

/// Makes the folder and those above it where they are missing. Throws Error with the system's reason.
void make_folder(const std::string& path);

/// Tells the allocator to keep what is freed: a training step asks for the same blocks as the one before, and giving them back to
/// the system and clearing them again costs a sixth of the time.
void keep_freed_memory();

/// Peak resident memory of this process in bytes.
int64_t peak_memory();

}  // namespace octet::apps
