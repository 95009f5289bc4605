// oc-conform: does a plugin keep the promises of its kind? So far for ledgers.
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "checks.hpp"
#include "report.hpp"

namespace {

using namespace onechat::conformance;

constexpr const char* kUsage =
    "usage: oc-conform --kind ledger PLUGIN.so [--config JSON|FILE] [--ops N] [--seed S] [--kills N] [--only CHECK,...]\n"
    "\n"
    "Loads the plugin as the gateway does (its manifest lies beside it) and checks it against the rules of its kind; one\n"
    "line each. Exit code 1 if one fails, 2 if the plugin or the command line is no good.\n"
    "\n"
    "  --config  the plugin's settings; \"{dir}\" in them becomes an empty folder and \"{name}\" a fresh word, for\n"
    "            each set of books that a check wants\n"
    "  --ops     operations of the model check (50000)\n"
    "  --seed    of everything random (1)\n"
    "  --kills   how often the crash check kills (20)\n"
    "  --only    some of: empty, edges, overage, rollover, model, repeat, copy, aside, damage, crash,\n"
    "            full, speed\n";

struct Wishes {
  std::map<std::string, std::string> values;
  std::string library;
  std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
    const auto at = values.find(name);
    return at != values.end() ? std::stoull(at->second) : otherwise;
  }
  std::string text(const std::string& name) const {
    const auto at = values.find(name);
    return at != values.end() ? at->second : std::string();
  }
};

// False: the words make no sense.
bool parse(int argc, char** argv, Wishes& out) {
  static const std::set<std::string> known{"kind", "config", "ops",  "seed", "kills", "only",
                                           "writer", "first", "place", "name", "now"};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.rfind("--", 0) != 0) {
      if (!out.library.empty()) return false;
      out.library = word;
    } else if (known.count(word.substr(2)) != 0 && i + 1 < argc) {
      out.values[word.substr(2)] = argv[++i];
    } else {
      return false;
    }
  }
  return !out.library.empty() && (out.text("kind") == "ledger" || out.values.count("writer") != 0);
}

// The settings themselves, or those in the file of that name.
std::string settings_of(const std::string& text) {
  if (text.empty()) return "{}";
  if (text.find('{') != std::string::npos) return text;
  std::ifstream in(text);
  if (!in) throw std::runtime_error("--config " + text + ": neither JSON nor a file that can be read");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

int check_ledger(Subject& subject, const Wishes& wishes) {
  const std::uint64_t seed = wishes.number("seed", 1), ops = wishes.number("ops", 50'000);
  const auto kills = static_cast<unsigned>(wishes.number("kills", 20));
  const std::string only = wishes.text("only").empty() ? "" : "," + wishes.text("only") + ",";
  Report report(std::cout);
  const auto run = [&](const std::string& name, auto&& check) {
    if (only.empty() || only.find("," + name + ",") != std::string::npos) report.run(name, check);
  };
  std::cout << subject.id() << ", seed " << seed << std::endl;
  run("empty", [&] { return check_empty(subject); });
  run("edges", [&] { return check_edges(subject); });
  run("overage", [&] { return check_overage(subject, seed); });
  run("rollover", [&] { return check_rollover(subject, seed); });
  run("model", [&] { return check_model(subject, seed, ops); });
  run("repeat", [&] { return check_repeat(subject, seed); });
  run("copy", [&] { return check_copy(subject, seed); });
  run("aside", [&] { return check_aside(subject, seed); });
  run("damage", [&] { return check_damage(subject, seed); });
  run("crash", [&] { return check_crash(subject, seed, kills); });
  run("full", [&] { return check_full(subject, seed); });
  run("speed", [&] { return check_speed(subject); });
  report.summary();
  return report.failed() != 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Wishes wishes;
  if (!parse(argc, argv, wishes)) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    auto subject = Subject::load(wishes.library, settings_of(wishes.text("config")));
    if (!subject) {
      std::cerr << subject.error().message << "\n";
      return 2;
    }
    if (wishes.values.count("writer") == 0) {
      if (auto ok = subject->probe(); !ok) {
        std::cerr << ok.error().message << "\n";
        return 2;
      }
      return check_ledger(*subject, wishes);
    }
    now_ms() = static_cast<std::int64_t>(wishes.number("now", 0));
    const Place place{wishes.text("place"), wishes.text("name")};
    return write_until_killed(*subject, place, wishes.number("seed", 1), wishes.number("first", 0),
                              static_cast<int>(wishes.number("writer", 0)));
  } catch (const std::exception& e) {
    std::cerr << e.what() << "\n";
    return 2;
  }
}
