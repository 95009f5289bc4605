#include "asking.hpp"

#include <algorithm>
#include <set>

#include "support/fake_host.hpp"

namespace onechat::conformance {
namespace {

std::string sorted(std::string_view text) {
  std::string out = squeezed(text);
  std::sort(out.begin(), out.end());
  return out;
}

bool same_text(std::string_view a, std::string_view b) { return squeezed(a) == squeezed(b) || test::same_json(a, b); }

// A result may be wrapped: {"result": text} or {"output": text}, and its text may be JSON.
bool same_result(const std::string& a, const std::string& b) {
  if (same_text(a, b)) return true;
  const Document wrapped(b);
  if (wrapped.root.size() == 1)
    for (View member : wrapped.root)
      if (same_text(a, member.is(OC_JSON_STRING) ? member.str() : member.raw())) return true;
  const Document unwrapped(a);
  if (unwrapped.root.size() == 1)
    for (View member : unwrapped.root)
      if (same_text(b, member.is(OC_JSON_STRING) ? member.str() : member.raw())) return true;
  return false;
}

double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

bool is_dropped(const std::vector<std::string>& dropped, std::string_view what) {
  return std::any_of(dropped.begin(), dropped.end(),
                     [&](const std::string& d) { return d.find(what) != std::string::npos; });
}

class Comparison {
 public:
  Comparison(const Asking& a, const Asking& b, std::string_view dialect, const std::vector<std::string>& dropped)
      : a_(a), b_(b), dialect_(dialect), dropped_(dropped) {}

  Problems run() {
    texts();
    calls();
    parameters();
    count("images", a_.images, b_.images, {"image"});
    // A file may be sound, or so plain that it goes as text.
    const bool told_as_text = squeezed(b_.user).size() > squeezed(a_.user).size() && b_.files < a_.files;
    if (!told_as_text)
      count("files and audio", a_.files + a_.audio, b_.files + b_.audio, {"file", "document", "audio"});
    return out_;
  }

 private:
  void differ(const std::string& what, std::string_view was, std::string_view is) {
    out_.push_back(what + ": asked \"" + shortened(was) + "\", goes upstream as \"" + shortened(is) + "\"");
  }
  bool left_out(std::string_view what) const { return is_dropped(dropped_, what); }

  void texts() {
    // A system text in the middle may be folded into the user's, so that the order of both together may be another; a
    // file may become text.
    const std::string before = sorted(a_.system + a_.user), after = sorted(b_.system + b_.user);
    const bool all_there = std::includes(after.begin(), after.end(), before.begin(), before.end());
    if (a_.foreign == 0 && (!all_there || (a_.files == 0 && before.size() != after.size())))
      differ("texts to the model", a_.system + a_.user, b_.system + b_.user);
    if (!a_.system.empty() && b_.system.empty() && squeezed(b_.user).find(squeezed(a_.system)) == std::string::npos)
      differ("system", a_.system, b_.system);
    if (squeezed(a_.assistant) != squeezed(b_.assistant)) differ("assistant texts", a_.assistant, b_.assistant);
  }

  void calls() {
    if (a_.calls.size() != b_.calls.size())
      return differ("number of calls", std::to_string(a_.calls.size()), std::to_string(b_.calls.size()));
    for (std::size_t i = 0; i < a_.calls.size(); ++i) {
      if (a_.calls[i].name != b_.calls[i].name) differ("name of a call", a_.calls[i].name, b_.calls[i].name);
      if (!test::same_json(arguments_of(a_.calls[i]), arguments_of(b_.calls[i])))
        differ("arguments of a call", a_.calls[i].args, b_.calls[i].args);
    }
    if (a_.results.size() != b_.results.size())
      return differ("number of results", std::to_string(a_.results.size()), std::to_string(b_.results.size()));
    std::vector<AskedResult> left = b_.results;
    for (const AskedResult& r : a_.results) {
      if (r.text.empty()) continue;  // of media alone: a hint may stand for them
      const auto found =
          std::find_if(left.begin(), left.end(), [&](const AskedResult& o) { return same_result(r.text, o.text); });
      if (found == left.end())
        differ("a tool's result", r.text, left.empty() ? "" : left.front().text);
      else
        left.erase(found);
    }
    // Those that may not be called need not be told; those that were called must be, for some.
    const bool narrowed = b_.choice != "auto" && b_.tools.size() < a_.tools.size();
    if (!a_.tools.empty() && a_.tools != b_.tools && !narrowed && !left_out("tools"))
      differ("tools", std::to_string(a_.tools.size()), std::to_string(b_.tools.size()));
  }

  void parameters() {
    const bool responses = dialect_ == "openai_responses";
    if (!a_.max_tokens.empty() && number(a_.max_tokens) != number(b_.max_tokens) && !left_out("max"))
      differ("max tokens", a_.max_tokens, b_.max_tokens);
    if (!a_.top_p.empty() && number(a_.top_p) != number(b_.top_p) && number(a_.top_p) != 1.0 && !left_out("top_p"))
      differ("top_p", a_.top_p, b_.top_p);
    if (!a_.stops.empty() && a_.stops != b_.stops && !left_out("stop") && !responses)
      differ("stop", a_.stops.front(), b_.stops.empty() ? "" : b_.stops.front());
    if (responses && !a_.stops.empty() && !left_out("stop")) out_.push_back("stop is lost and nobody says so");
    const bool usual = dialect_ == "anthropic_messages" && number(a_.temperature) == 1.0 && b_.temperature.empty();
    if (!usual) temperature();
    const bool asks = !a_.choice.empty() && a_.choice != "auto" && a_.choice != "hosted";
    if (asks && a_.choice != b_.choice && !left_out("tool_choice") && !a_.tools.empty())
      differ("tool choice", a_.choice, b_.choice);
    if (!a_.schema.empty() && b_.schema.empty() && !left_out("format")) differ("schema", a_.schema, b_.schema);
  }

  void temperature() {
    if (!a_.temperature.empty() && !left_out("temperature") &&
        std::min(number(a_.temperature), dialect_ == "anthropic_messages" ? 1.0 : 2.0) != number(b_.temperature))
      differ("temperature", a_.temperature, b_.temperature);
  }

  void count(const char* what, int a, int b, std::initializer_list<std::string_view> names) {
    if (a == b) return;
    for (const auto name : names)
      if (left_out(name)) return;
    differ(what, std::to_string(a), std::to_string(b));
  }

  const Asking &a_, &b_;
  std::string_view dialect_;
  const std::vector<std::string>& dropped_;
  Problems out_;
};

}  // namespace

Asking read_request(std::string_view dialect, View request) {
  if (dialect == "openai_chat") return read_chat_request(request);
  if (dialect == "openai_responses") return read_responses_request(request);
  if (dialect == "anthropic_messages") return read_anthropic_request(request);
  return read_gemini_request(request);
}

Problems compare_asking(const Asking& source, const Asking& target, std::string_view dialect,
                        const std::vector<std::string>& dropped) {
  return Comparison(source, target, dialect, dropped).run();
}

}  // namespace onechat::conformance
