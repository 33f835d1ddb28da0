#include "apps/report/elements.h"

#include <cctype>

#include "apps/report/html.h"
#include "apps/report/page_style.h"
#include "tensor/error.h"

namespace octet::apps {

std::string heading(const std::string& id, const std::string& text) { return "<h2 id=\"" + id + "\">" + html(text) + "</h2>\n"; }

std::string Table::closed() const {
  const auto is_number = [&](size_t column) {
    if (rows_.empty()) return false;
    const std::string& cell = rows_.front().at(column);
    return !cell.empty() && (std::isdigit(static_cast<unsigned char>(cell[0])) || cell[0] == '-' || cell == "exact");
  };
  std::vector<const char*> classes;
  for (size_t i = 0; i < headings_.size(); ++i) classes.push_back(is_number(i) ? " class=\"number\"" : "");
  std::string text = "<div class=\"wide\"><table class=\"sorts\"><thead><tr>";
  for (size_t i = 0; i < headings_.size(); ++i) text += str("<th scope=\"col\"", classes[i], ">", headings_[i], "</th>");
  text += "</tr></thead><tbody>\n";
  for (const auto& row : rows_) {
    text += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) text += str("<td", classes[i], ">", row[i], "</td>");
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string figure(const std::string& inside, const std::string& caption) {
  return "<figure>" + inside + "<figcaption>" + caption + "</figcaption></figure>\n";
}

std::string page_around(std::string_view begins, const std::string& title, const std::string& body) {
  return std::string(begins) +
         "<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width,initial-scale=1\">\n"
         "<title>" +
         html(title) + "</title><link rel=\"icon\" href=\"data:,\"><style>" + kPageStyle + "</style></head><body>\n<main>\n<h1>" +
         html(title) + "</h1>\n" + body + "</main>\n<script>" + kPageScript + "</script>\n</body></html>\n";
}

}  // namespace octet::apps
