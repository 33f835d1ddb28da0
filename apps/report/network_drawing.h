// The int8 graph drawn from top to bottom: a box for each node, coloured by what is lost up to it, a link to its section.
#pragma once

#include <map>
#include <string>

#include "nn/graph/graph.h"

namespace octet::apps {

/// A class of the page's style for how much is lost, in six steps: "loss0" (40 dB and more) to "loss5" (less than 10 dB).
std::string loss_class(double sqnr);

/// cumulative: of the nodes that have one, decibels by name.
std::string draw_network(const nn::Graph& graph, const std::map<std::string, double>& cumulative);

}  // namespace octet::apps
