// lesson: the worked numbers of a lesson, computed by octet's own functions.
//
//   lesson weights           what quant/observers/weights.md quotes
//   lesson weights --json    the numbers of its picture, which scripts/draw_lessons.py draws
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli.h"
#include "apps/lesson/lesson.h"

using namespace octet;

int main(int argc, char** argv) {
  CLI::App app{"Prints the worked numbers of a lesson.", "lesson"};
  std::string name;
  bool json = false;
  std::vector<std::string> names;
  std::string list = "Lessons:";
  for (const apps::Lesson& lesson : apps::lessons()) {
    names.push_back(lesson.name);
    list += str("\n  ", apps::number("%-18s", lesson.name), lesson.about);
  }
  app.footer(list);
  app.add_option("NAME", name, "The lesson")->check(CLI::IsMember(names))->required();
  app.add_flag("--json", json, "Print the numbers of its picture");
  apps::CommonOptions common;
  return apps::run_app(app, argc, argv, common, [&] {
    for (const apps::Lesson& lesson : apps::lessons()) {
      if (name != lesson.name) continue;
      std::ostringstream lines;
      nlohmann::json numbers;
      lesson.tell(lines, numbers);
      std::cout << (json ? numbers.dump() + "\n" : lines.str());
    }
  });
}
