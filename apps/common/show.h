// What the programs print: `quantize` at each stage of the workflow, and accuracy.
#pragma once

#include "apps/common/evaluate.h"
#include "apps/common/report.h"
#include "quant/checks/compare.h"
#include "quant/checks/verify_by_hand.h"
#include "quant/passes/insert_observers.h"

namespace octet::apps {

void show_stage(int number, const std::string& title);
void show_observers(const std::vector<quant::ObserverInfo>& observers, size_t count);
/// Prints one line that names every call that computes in float, and why; nothing if no call does.
void show_float_layers(const nn::Graph& int8_graph);
/// Weight and output scales of the first int8 layer, and a row of its weights as floats and as codes.
void show_first_layer(const nn::Graph& int8_graph);
/// Stage 8: the first codes that go into the first int8 layer, and those that come out.
void show_codes(const quant::HandCheck& check);
/// Stage 9: how many outputs computed by hand are the layer's, and the first ones of both.
void show_hand_check(const quant::HandCheck& check);
/// "top-1 77.38 % (3037 of 3925 images of WHERE), loss 0.71, 26.1 ms per image", and the images that were left out.
void show_accuracy(const Evaluation& evaluation, const std::string& where);
void show_skipped(const std::vector<loaders::Skipped>& skipped);
/// Why an image was left out; the image's name, which may be any bytes and begins the reason, made fit for a terminal.
std::string reason_of(const loaders::Skipped& image);

/// One line on how closely the int8 graph follows the fake-quant graph; all: a line per node before it.
void show_comparison(const std::vector<quant::NodeComparison>& rows, bool all);

/// Stage 10 of tensors: how far each of the int8 graph's results is from the float one.
void show_result_differences(const std::vector<ResultDifference>& results);

/// Stage 10: accuracy, size and time of the float, the fake-quant (where it was evaluated) and the int8 model.
void show_evaluation(const Evaluation& evaluation, const Sizes& sizes, double total_seconds);

}  // namespace octet::apps
