// explain: where a number of an int8 model comes from, and whether every number is what its definition says.
//
//   explain --model M --image a.jpg --node layer2.0.conv1 --at 5,3,7    one output: each code, weight and product, sum, bias, rounding
//   explain --model M --image a.jpg --all                               every output of every node, by the definitions of quant/explain/
//   explain --model M --input X.npy ...                                 the same of a tensor; --row says which row of it
#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>

#include "apps/common/card_options.h"
#include "apps/common/cli.h"
#include "apps/common/image_files.h"
#include "apps/common/limits.h"
#include "apps/common/models.h"
#include "apps/common/tensors.h"
#include "apps/common/verify.h"
#include "loaders/files/file.h"
#include "nn/graph/ops/text.h"
#include "quant/explain/explain.h"
#include "quant/qconfig/qconfig_mapping.h"

using namespace octet;

namespace {

struct Options {
  apps::CommonOptions common;
  apps::CardOptions card;
  std::string model, network, engine, image, input, node;
  std::vector<int64_t> at;
  int64_t row = 0;
  int64_t terms = 0;
  bool all = false;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("--model", o.model, "int8 model.safetensors, a state_dict that PyTorch quantized, or an int8 .onnx")
      ->check(apps::not_empty())
      ->required();
  app.add_option("--network", o.network, "The network (.pt2 or .onnx) that a state_dict is of, if it is none of octet's own")
      ->check(apps::not_empty());
  app.add_option("--engine", o.engine, "Arithmetic of a PyTorch state_dict or of an int8 .onnx, as predict takes it")
      ->check(CLI::IsMember(quant::engine_names()));
  auto* image = app.add_option("--image", o.image, "The image that the model runs on")->check(apps::not_empty());
  auto* input = app.add_option("--input", o.input, "Or float32 [N, C, H, W] as .npy, normalized; an array for each input as .npz")
                    ->check(apps::not_empty())
                    ->excludes(image);
  app.add_option("--row", o.row, "Which row of --input")->check(apps::image_count())->capture_default_str()->needs(input);
  auto* node = app.add_option("--node", o.node, "Whose output: the node's name, or its module's path")->check(apps::not_empty());
  auto* at = app.add_option("--at", o.at, "Where: channel,row,column of an image; one number of a row; counted from 0")
                 ->delimiter(',')
                 ->needs(node);
  node->needs(at);
  app.add_option("--terms", o.terms, "Lines of products to print, half from the beginning and half from the end; 0: all")
      ->check(apps::image_count())
      ->capture_default_str()
      ->needs(node);
  app.add_flag("--all", o.all, "Compute every output of every node by its definition, and say how many are equal")
      ->excludes(node);
  apps::add_size_option(app, o.card);
  apps::add_card_options(app, o.card);
  apps::add_common_options(app, o.common);
}

/// The one image, or row, as the model takes it.
nn::Batch batch_of(const apps::Model& model, const Options& o) {
  if (o.input.empty()) {
    const loaders::ModelCard card = apps::used_card(model, o.card, o.model);
    apps::check_images(card, model, o.model);
    return loaders::to_tensor(apps::read_image(o.image), card.input);
  }
  const nn::Batch all = apps::inputs_of(apps::load_arrays(o.input), model.graph, o.input);
  OCTET_CHECK(o.row < all.images(), loaders::printable(o.input), ": --row ", o.row, ", expected below its ", all.images(),
              " rows");
  return apps::rows_of(all, {static_cast<size_t>(o.row)});
}

/// The lines, with those in the middle of a long sum left out.
void print_lines(const std::vector<std::string>& lines, int64_t terms) {
  const auto count = static_cast<int64_t>(lines.size());
  constexpr int64_t kFrame = 12;  // what stands before and behind the products is printed in any case
  const bool cut = terms > 0 && count > terms + kFrame;
  const int64_t first = 3 + terms / 2, last = count - (kFrame - 3) - terms / 2;
  for (int64_t i = 0; i < count; ++i) {
    if (cut && i == first) std::cout << "  ... " << last - first << " more\n";
    if (!cut || i < first || i >= last) std::cout << "  " << one_line(lines[static_cast<size_t>(i)]) << "\n";
  }
}

void explain_one(const nn::Graph& graph, const nn::Batch& batch, const Options& o) {
  const nn::Node& node = quant::find_node(graph, o.node);
  const quant::Explanation e = quant::explain(graph, batch, node, o.at);
  std::cout << loaders::printable(node.name) << ": " << one_line(e.type) << "\n";
  std::cout << "output " << nn::list_text(o.at) << " of " << e.shape << "\n";
  print_lines(e.lines, o.terms);
  const quant::Shown got{e.by_octet};
  if (e.qparams)
    std::cout << "code " << got << ", which stands for (" << got << " - " << e.qparams->zero_point << ") * "
              << quant::Shown{e.qparams->scale} << " = "
              << quant::Shown{static_cast<float>(static_cast<int32_t>(e.by_octet) - e.qparams->zero_point) * e.qparams->scale}
              << "\n";
  if (!e.by_definition) {
    std::cout << "the node's own answer: " << got << "\n";
    return;
  }
  const bool equal = *e.by_definition == e.by_octet;
  std::cout << "the node's own answer: " << got << (equal ? ", equal\n" : "\n");
  if (!equal)
    fail("node ", quoted(node.name), " gives ", got, " at ", nn::list_text(o.at), ", by its definition it is ",
         quant::Shown{*e.by_definition});
}

void print_check(const quant::NodeCheck& check) {
  std::cout << std::left << std::setw(32) << loaders::printable(check.name) << " " << std::setw(26) << check.type << " "
            << std::setw(15) << check.way << std::right << " ";
  if (check.total == 0) {
    std::cout << "in float\n";
    return;
  }
  std::cout << std::setw(9) << check.equal << " of " << std::setw(9) << check.total << " equal";
  if (check.first)
    std::cout << "; the first that differs, at channel " << check.first->c << ", row " << check.first->h << ", column "
              << check.first->w << ": " << quant::Shown{check.by_octet} << ", by definition "
              << quant::Shown{check.by_definition};
  std::cout << std::endl;
}

void check_all(const nn::Graph& graph, const nn::Batch& batch, const Options& o) {
  int64_t total = 0, equal = 0;
  std::string wrong;
  quant::check_all(graph, batch, [&](const quant::NodeCheck& check) {
    total += check.total;
    equal += check.equal;
    if (check.equal != check.total && wrong.empty()) wrong = str(quoted(check.name), check.way.empty() ? "" : ", " + check.way);
    if (!o.common.quiet || check.equal != check.total) print_check(check);
  });
  std::cout << equal << " of " << total << " outputs are those of their definitions\n";
  if (equal != total) fail(total - equal, " of ", total, " outputs differ from their definitions; the first node: ", wrong);
}

void explain(const Options& o) {
  apps::verify_files(o.common.verify, {o.model, o.network, o.image, o.input}, o.common.quiet);
  const std::string file = loaders::printable(o.model);
  const apps::Model model =
      apps::load_any_model(o.model, o.engine.empty() ? std::nullopt : std::optional(quant::parse_engine(o.engine)), o.network);
  for (const std::string& note : model.notes) std::cerr << "note: " << one_line(note) << "\n";
  OCTET_CHECK(quant::has_codes(model.graph), file, ": a float model has no codes to explain; quantize makes an int8 model of it");
  const nn::Batch batch = batch_of(model, o);
  apps::CostCheck(model.graph, o.common, file)(apps::shapes_of(batch, 1));
  apps::naming(file, [&] { o.all ? check_all(model.graph, batch, o) : explain_one(model.graph, batch, o); });
}

/// Options that parse, but have nothing to work on.
void check_usage(const CLI::App& app, const Options& o) {
  if (o.node.empty() && !o.all) throw CLI::RequiredError("--node with --at, or --all");
  if (o.image.empty() && o.input.empty()) throw CLI::RequiredError("--image or --input");
  if (o.common.compute_device() != Device::cpu) throw CLI::ValidationError("--device: explain computes on the CPU");
  for (const char* name : {"--size", "--resize", "--mean", "--std"})
    if (app.count(name) && o.image.empty()) throw CLI::RequiresError(name, "--image");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Explains a number of an int8 model, or checks all of them.", "explain"};
  Options options;
  add_options(app, options);
  app.final_callback([&] { check_usage(app, options); });
  return apps::run_app(app, argc, argv, options.common, [&] { explain(options); });
}
