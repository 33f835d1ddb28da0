// Training on a few images: what the tests of train_or_load share.
#pragma once

#include "tests/apps/run.h"

namespace octet::test {

namespace fs = std::filesystem;

/// Two classes with a few images each, so that an epoch takes a fraction of a second.
class SmallSet {
 public:
  SmallSet() {
    for (const char* split : {"train", "val"})
      for (const char* name : {"n01440764", "n03888257"}) {
        const fs::path to = folder_.path() / split / name;
        fs::create_directories(to);
        int count = 0;
        for (const auto& file : fs::directory_iterator(kSample + "/val/" + name))
          if (count++ < 12) fs::copy_file(file.path(), to / file.path().filename());
      }
  }
  std::string path() const { return folder_.string(); }

 private:
  TemporaryFolder folder_;
};

/// train_or_load on the small set; --threads 2 is part of "the same bits".
inline std::string train_command(const SmallSet& set, const std::string& output, const std::string& more,
                                 const std::string& size = "32") {
  return "train_or_load --quiet --threads 2 --batch-size 4 --size " + size + " --data " + set.path() + " --output " + output +
         " " + more;
}

inline std::string program(const std::string& command) { return binary_dir() + "/" + command; }

inline bool same_file(const std::string& a, const std::string& b) { return read_text(a) == read_text(b); }

/// Starts a training, sends `signal` once the shell says yes to `condition` and `delay` has passed, and returns its exit code.
inline int interrupted_training(const std::string& command, const std::string& output, const std::string& condition,
                                const char* signal, double delay) {
  const std::string out = output + ".out", err = output + ".err";
  const std::string script = "rm -f " + out + " " + err + "; " +  // those of a run before would say yes to a condition at once
                             program(command) + " >" + out + " 2>" + err + " & pid=$!; until " + condition +
                             "; do kill -0 $pid || break; sleep 0.01; done; sleep " + std::to_string(delay) + "; kill -" +
                             signal + " $pid; wait $pid";
  const int status = std::system(("bash -c '" + script + "' 2>/dev/null").c_str());
  return WEXITSTATUS(status);
}

}  // namespace octet::test
