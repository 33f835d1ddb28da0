// Where results will go, looked at before the work that makes them: an hour of calibration must not end in "permission denied".
//
// What can only be known while writing (a full disk, a folder that goes meanwhile) is loaders/files/file.h's to report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace octet::apps {

/// Throws Error unless the path is a file that may be replaced, or a free name in a folder that may be written into.
void check_can_write(const std::string& path);

/// Throws Error unless the path is a folder that may be written into.
void check_can_fill(const std::string& folder);

/// Throws CLI::ValidationError when the path is one of the inputs, under whatever name. Empty names are none.
void refuse_overwriting(const std::string& option, const std::string& path, const std::vector<std::string>& inputs);

/// How a training's log and its curves begin.
inline constexpr std::string_view kLogBegins = "epoch,size,lr,train_loss,valid_loss,accuracy,seconds\n";
inline constexpr std::string_view kCurvesBegin = "<svg xmlns='http://www.w3.org/2000/svg' width='";
/// How report.html begins.
inline constexpr std::string_view kPageBegins = "<!doctype html>\n<!-- The report of an int8 network, written by octet -->\n";

/// And observers.html.
inline constexpr std::string_view kObserversBegin = "<!doctype html>\n<!-- Observers compared, written by octet -->\n";

/// Whether octet has written a file, by the marks that its writers leave: a .pth or .safetensors with a card, an int8 model,
/// report.json, report.html, observers.json, observers.html, model.onnx, model.h, a training's log and curves. A .npy has none.
bool written_by_octet(const std::string& path);

/// Throws CLI::ValidationError when there is a file that octet has not written, and that is not empty.
void refuse_to_replace(const std::string& option, const std::string& path);

}  // namespace octet::apps
