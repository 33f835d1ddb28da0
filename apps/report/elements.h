// What the pages are made of: headings, tables, figures, and the frame around them.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace octet::apps {

/// h2 with an id that a link may end in.
std::string heading(const std::string& id, const std::string& text);

/// A table whose first column is text; the script lets it be sorted.
class Table {
 public:
  explicit Table(std::initializer_list<const char*> headings);
  /// cells: HTML.
  void row(const std::vector<std::string>& cells);
  std::string closed() const { return text_ + "</tbody></table></div>\n"; }

 private:
  std::string text_;
};

/// inside, caption: HTML.
std::string figure(const std::string& inside, const std::string& caption);

/// The whole file. begins: kPageBegins and its like; body: HTML, what stands below the title.
std::string page_around(std::string_view begins, const std::string& title, const std::string& body);

}  // namespace octet::apps
