// What the pages are made of: headings, tables, figures, and the frame around them.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace octet::apps {

/// h2 with an id that a link may end in.
std::string heading(const std::string& id, const std::string& text);

/// A table that the script lets be sorted. Columns that begin with a number in the first row are set to the right.
class Table {
 public:
  explicit Table(std::initializer_list<const char*> headings) : headings_(headings.begin(), headings.end()) {}
  /// cells: HTML.
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string closed() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

/// inside, caption: HTML.
std::string figure(const std::string& inside, const std::string& caption);

/// The whole file. begins: kPageBegins and its like; body: HTML, what stands below the title.
std::string page_around(std::string_view begins, const std::string& title, const std::string& body);

}  // namespace octet::apps
