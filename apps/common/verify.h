// --verify: are the files that a program reads the ones that they should be?
//
//   sha256:HEX, md5:HEX   one of the files has this digest, as sha256sum and md5sum print it
//   known                 each file of which something is known is so, and of one at least something is: a seal of its own
//                         (loaders/files/digest.h), eight or more digits of its SHA-256 in its name, as torch.hub's files have them,
//                         or a row of the table of data sets
#pragma once

#include <string>
#include <vector>

#include "apps/common/cli.h"

namespace octet::apps {

void add_verify_option(CLI::App& app, std::vector<std::string>& wanted);

/// Throws Error, with the digests that the files have, unless all that is wanted holds. Says on stderr what does, unless quiet. Empty
/// paths are none. The files are read once for each kind of digest; somebody who replaces a file between this and its use is not noticed.
void verify_files(const std::vector<std::string>& wanted, const std::vector<std::string>& paths, bool quiet);

}  // namespace octet::apps
