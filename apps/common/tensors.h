// Tensors instead of images: what a network with several inputs takes, and what one gives that is no classifier.
//
//   .npy   the one input, or result, of a network
//   .npz   an array for each, by its name; all have as many rows, one for each image
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/graph/runner.h"

namespace octet::apps {

/// Arrays by name; that of a .npy has none.
using Arrays = std::map<std::string, Tensor>;

/// Float32 tensors. Throws Error for others, naming file and array.
Arrays load_arrays(const std::string& path);
/// Throws Error, naming the array and the place.
void check_finite(const Arrays& arrays, const std::string& path);

/// One for each input of the graph, in its order. Throws Error when names or numbers of rows do not fit. file: for messages.
nn::Batch inputs_of(const Arrays& arrays, const nn::Graph& graph, const std::string& file);

/// The shape of each input of the batch, with its first dimension cut to `rows`.
std::vector<Shape> shapes_of(const nn::Batch& batch, int64_t rows);

/// The rows at these places, of each tensor.
nn::Batch rows_of(const nn::Batch& batch, const std::vector<size_t>& indices);

/// Runs it in parts of so many rows, and puts the results together: one for each of the graph's.
std::vector<Tensor> run_in_parts(const nn::Graph& graph, const nn::Batch& batch, int64_t rows_at_once);

/// A name for each result: that of the node that makes it. Results of the same name get a number behind it.
std::vector<std::string> result_names(const nn::Graph& graph);

/// One result as .npy; several, or a file that ends in .npz, as .npz by their names.
void save_results(const std::string& path, const std::vector<std::string>& names, const std::vector<Tensor>& results);

/// How far a result is from what it should be.
struct ResultDifference {
  std::string name;
  Shape shape;
  double sqnr = 0;     // decibels: 10 log10(sum of squares / sum of squared differences); infinite where none differs
  double largest = 0;  // difference, as a share of the largest value
};
std::vector<ResultDifference> compare_results(const std::vector<std::string>& names, const std::vector<Tensor>& wanted,
                                              const std::vector<Tensor>& got);

}  // namespace octet::apps
