// The pages' colours, light and dark: text must be read on each ground that it stands on (WCAG 2.1, contrast of 4.5).
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <regex>
#include <string>

#include "apps/report/page_style.h"

namespace octet::apps {
namespace {

using Colours = std::map<std::string, std::string>;  // name: "#1b1f24"

Colours colours_in(const std::string& css) {
  Colours found;
  const std::regex pattern("--([a-z0-9]+):(#[0-9a-f]+)");
  for (std::sregex_iterator it(css.begin(), css.end(), pattern), end; it != end; ++it) found[(*it)[1]] = (*it)[2];
  return found;
}

/// Relative luminance of a colour, from 0 to 1 (WCAG 2.1).
double luminance(const std::string& colour) {
  const size_t digits = colour.size() == 4 ? 1 : 2;
  double sum = 0;
  const double weights[] = {0.2126, 0.7152, 0.0722};
  for (size_t i = 0; i < 3; ++i) {
    std::string part = colour.substr(1 + i * digits, digits);
    if (digits == 1) part += part;
    const double c = std::stoi(part, nullptr, 16) / 255.0;
    sum += weights[i] * (c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double contrast(const std::string& a, const std::string& b) {
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

TEST(PageStyle, ContrastByHand) {
  EXPECT_DOUBLE_EQ(contrast("#000", "#ffffff"), 21);
  EXPECT_NEAR(contrast("#767676", "#fff"), 4.54, 0.01);  // WebAIM's example
}

TEST(PageStyle, TextCanBeReadOnEveryGround) {
  const std::string css = kPageStyle;
  const size_t dark = css.find("prefers-color-scheme:dark");
  ASSERT_NE(dark, css.npos);
  const Colours light = colours_in(css.substr(0, dark)), in_dark = colours_in(css.substr(dark));
  ASSERT_GE(light.size(), 15u);
  for (const Colours& theme : {light, in_dark}) {
    Colours c = light;  // what a theme does not say, it keeps
    for (const auto& [name, colour] : theme) c[name] = colour;
    for (const char* ground : {"page", "card", "loss0", "loss1", "loss2", "loss3", "loss4", "loss5", "float"})
      EXPECT_GE(contrast(c.at("text"), c.at(ground)), 4.5) << "text on " << ground << " " << c.at(ground);
    for (const char* ground : {"page", "card"}) {
      for (const char* text : {"quiet", "link"}) EXPECT_GE(contrast(c.at(text), c.at(ground)), 4.5) << text << " on " << ground;
      for (const char* shape : {"seen", "cut", "range"})  // of charts: 3 (WCAG 1.4.11)
        EXPECT_GE(contrast(c.at(shape), c.at(ground)), 3) << shape << " on " << ground;
    }
  }
}

}  // namespace
}  // namespace octet::apps
