#include "apps/report/elements.h"

#include "apps/report/html.h"
#include "apps/report/page_style.h"
#include "tensor/error.h"

namespace octet::apps {

std::string heading(const std::string& id, const std::string& text) { return "<h2 id=\"" + id + "\">" + html(text) + "</h2>\n"; }

Table::Table(std::initializer_list<const char*> headings) {
  text_ = "<div class=\"wide\"><table class=\"sorts\"><thead><tr>";
  for (const char* heading : headings) text_ += str("<th scope=\"col\">", heading, "</th>");
  text_ += "</tr></thead><tbody>\n";
}

void Table::row(const std::vector<std::string>& cells) {
  text_ += "<tr>";
  for (const std::string& cell : cells) text_ += "<td>" + cell + "</td>";
  text_ += "</tr>\n";
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
