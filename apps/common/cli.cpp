#include "apps/common/cli.h"

#include <malloc.h>
#include <omp.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <limits>

#include "apps/common/interrupt.h"
#include "apps/common/verify.h"
#include "ops/cpu/isa.h"
#include "ops/cuda/gemm.h"
#include "tensor/cuda/runtime.h"
#include "tensor/error.h"
#include "tensor/text.h"

namespace octet::apps {
namespace {

constexpr int kMaxThreads = 1024;  // far beyond, OpenMP's threads crash rather than complain

void set_threads(int threads) {
  if (threads > 0) omp_set_num_threads(threads);
  if (omp_get_max_threads() <= kMaxThreads) return;
  const char* variable = std::getenv("OMP_NUM_THREADS");
  OCTET_CHECK(variable == nullptr, "OMP_NUM_THREADS=", variable, ": expected at most ", kMaxThreads, "; or give --threads");
  omp_set_num_threads(kMaxThreads);
}

/// The reader of stdout has closed it, as `| head -1` does once it has its line.
bool reader_has_gone() {
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/// Writes what is left of stdout. Says so, and returns false, when any of it could not be written.
bool finish_stdout() {
  errno = 0;
  std::cout.flush();
  std::fflush(stdout);
  const int reason = errno;  // 0 when a write before this one has failed: its reason is gone
  if ((std::cout.good() && std::ferror(stdout) == 0) || reason == EPIPE || reader_has_gone()) return true;
  std::cerr << "error: stdout: cannot write" << (reason ? str(": ", std::strerror(reason)) : "")
            << "; what was printed is incomplete\n";
  return false;
}

}  // namespace

std::string data_file(const std::string& name) { return OCTET_DATA_DIR "/" + name; }

void add_data_options(CLI::App& app, DataOptions& o) {
  app.add_option("--weights", o.weights,
                 "Float checkpoint, .pth or .safetensors, with torchvision's or fastai's keys; or a network, .pt2 of "
                 "torch.export or .onnx")
      ->check(not_empty())
      ->capture_default_str();
  app.add_option("--network", o.network, "The network (.pt2 or .onnx) that --weights are of, if it is none of octet's own")
      ->check(not_empty())
      ->needs("--weights");
  app.add_option(
         "--data", o.data,
         "Images: a folder with train/, val/ (or valid/) or test/, in each a folder per class; or a folder of classes, with "
         "--valid-share; or a .tgz of one")
      ->check(not_empty())
      ->capture_default_str();
  app.add_option("--split", o.split, "Which part; all: of a folder of classes")
      ->check(CLI::IsMember({"val", "train", "valid", "test", "all"}))
      ->capture_default_str();
  app.add_option("--valid-share", o.valid_share,
                 "Of a folder of classes: this share of the images, drawn by --seed, is val, the rest train")
      ->check(number(0, 1, Low::excluded));
  app.add_option("--batch-size", o.batch_size, "Images per batch")->check(CLI::Range(1, 4096))->capture_default_str();
}

void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_option("--threads", options.threads, "Threads to compute with; 0: OMP_NUM_THREADS, or one per core")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str()
      ->group("Common");
  app.add_option("--device", options.device, "Where to compute: cpu; cuda, a GPU; or auto, a GPU where there is one")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->capture_default_str()
      ->group("Common");
  app.add_flag("--tf32", options.tf32, "With --device cuda: float products round their inputs to TF32, which is faster")
      ->group("Common");
  app.add_option("--max-memory", options.max_memory,
                 "GB that the values of a network may take; a network that wants more is refused [3/4 of the machine's]")
      ->check(number(0, 1e9, Low::excluded))
      ->group("Common");
  app.add_option("--max-work", options.max_work, "Billions of multiply-adds that a network may do for an image; likewise")
      ->check(number(0, 9e9, Low::excluded))
      ->capture_default_str()
      ->group("Common");
  add_verify_option(app, options.verify);
  app.add_flag("--quiet", options.quiet, "No progress on stderr")->group("Common");
  app.set_version_flag("--version", [] {
    return str("octet ", OCTET_VERSION, ", ", OCTET_COMPILER, ", kernels for ", ops::cpu::active_isa().name,
               ", cuda: ", cuda::missing().empty() ? cuda::device().name : cuda::missing());
  });
}

CLI::Validator number(double low, double high, Low which) {
  const bool included = which == Low::included;
  const std::string range = str("a number ", included ? "from " : "above ", low, " to ", high);
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        double value = 0;
        const bool fits = CLI::detail::lexical_cast(text, value) && std::isfinite(value) && value <= high &&
                          (included ? value >= low : value > low);
        return fits ? "" : str(quoted(text), ": expected ", range);
      },
      range);
}

CLI::Validator image_count() { return CLI::Range(int64_t{0}, int64_t{1} << 40); }

std::optional<size_t> image_limit(int64_t images) { return images ? std::optional(static_cast<size_t>(images)) : std::nullopt; }

CLI::Validator not_empty() {
  return CLI::Validator([](std::string& text) { return text.empty() ? "expected a name, got ''" : ""; }, "");
}

namespace {

/// CLI11 reads 0x10 as 16 and 010 as 8, as C does. What looks like such a number is most likely a slip.
void refuse_other_bases(CLI::App& app) {
  const CLI::Validator decimal(
      [](std::string& text) -> std::string {
        const std::string_view digits = std::string_view(text).substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
        const bool octal = digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of("0123456789") == digits.npos;
        const bool plain = digits.find_first_not_of("0123456789.eE+-") == digits.npos;
        return plain && !octal ? "" : str(quoted(text), ": expected a decimal number");
      },
      "");
  for (CLI::Option* option : app.get_options())
    for (const char* type : {"INT", "UINT", "FLOAT"})
      if (option->get_type_name().starts_with(type)) {
        option->check(decimal);
        break;
      }
}

int run_body(CLI::App& app, int argc, char** argv, const CommonOptions& options, const std::function<void()>& body) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed stdout (| head) must not cut off what is being written elsewhere
  std::signal(SIGXFSZ, SIG_IGN);  // a file over the size limit is an error that names the file
  try {
    ops::cpu::active_isa();  // a wrong OCTET_ISA is an error here, not inside a parallel region
    refuse_other_bases(app);
    app.parse(argc, argv);
    if (options.tf32 && options.device == "cpu") throw CLI::ValidationError("--tf32: is for --device cuda");
    if (options.compute_device() == Device::cuda && !options.quiet) std::cerr << "device: cuda, " << cuda::device().name << "\n";
    if (options.tf32 && options.compute_device() == Device::cuda) ops::cuda::allow_tf32(true);
    if (options.device == "auto" && options.compute_device() == Device::cpu && !options.quiet)
      std::cerr << "device: cpu; cuda: " << cuda::missing() << "\n";
    set_threads(options.threads);
    body();
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "error: " << one_line(error.what()) << " (see " << app.get_name() << " --help)\n";
    return 2;
  } catch (const Interrupted& interrupted) {
    std::cout.flush();
    std::cerr << "interrupted: " << one_line(interrupted.what()) << "\n";
    return 130;  // 128 + SIGINT
  } catch (const std::bad_alloc&) {
    std::cerr << "error: out of memory; use a smaller --batch-size\n";
  } catch (const std::exception& error) {
    std::cout.flush();
    std::cerr << "error: " << one_line(error.what()) << "\n";
  }
  return 1;
}

}  // namespace

int run_app(CLI::App& app, int argc, char** argv, const CommonOptions& options, const std::function<void()>& body) {
  const int code = run_body(app, argc, argv, options, body);
  return code == 0 && !finish_stdout() ? 1 : code;
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  OCTET_CHECK(!error && std::filesystem::is_directory(path), printable(path),
              ": cannot make the folder: ", error ? error.message() : "a file is in the way");
}

void keep_freed_memory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace octet::apps
