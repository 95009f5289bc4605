// Recorded traffic of the dialect, where it is there to be read: test data that is not part of the project.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "json/json.hpp"

namespace onechat::test {

struct GeminiRecording {
  std::string id, endpoint, model, request;  // request "" when it was not recorded
  std::string body;                          // a whole answer
  std::vector<std::string> payloads;         // the data of a stream's events
  std::string sse;                           // the stream as it went over the wire
  bool streamed = false;
  std::int64_t status = 0;
};

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// One line of data an event; an own reader, so that the tests do not trust the one under test.
inline std::vector<std::string> data_lines(const std::string& sse) {
  std::vector<std::string> out;
  std::istringstream lines(sse);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.rfind("data:", 0) == 0) out.push_back(line.substr(line.rfind("data: ", 0) == 0 ? 6 : 5));
  }
  return out;
}

// Empty when the corpus is not there.
inline std::vector<GeminiRecording> load_gemini_corpus() {
  namespace fs = std::filesystem;
  const char* set = std::getenv("ONECHAT_CORPUS");
  const fs::path folder = fs::path(set != nullptr ? set : "../shared/corpus") / "gemini";
  std::vector<GeminiRecording> out;
  if (!fs::is_directory(folder)) return out;
  std::vector<std::string> stems;
  const std::string ending = ".meta.json";
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().string();
    if (name.ends_with(ending)) stems.push_back(name.substr(0, name.size() - ending.size()));
  }
  std::sort(stems.begin(), stems.end());
  for (const std::string& stem : stems) {
    Arena arena;
    const std::string meta_text = read_text(stem + ending);
    const oc_json* meta = json::parse(arena, meta_text);
    const auto member = [&](const char* name) {
      const oc_json* v = json::get(meta, name);
      return v != nullptr ? std::string(v->text) : std::string();
    };
    GeminiRecording r;
    r.id = member("id");
    r.endpoint = member("endpoint");
    r.model = member("model");
    r.status = json::integer(json::get(meta, "status"), 0);
    if (fs::exists(stem + ".req.json")) r.request = read_text(stem + ".req.json");
    if (fs::exists(stem + ".resp.json")) r.body = read_text(stem + ".resp.json");
    if (fs::exists(stem + ".resp.sse")) {
      r.sse = read_text(stem + ".resp.sse");
      r.payloads = data_lines(r.sse);
    }
    if (fs::exists(stem + ".resp.chunks.jsonl")) {
      std::istringstream lines(read_text(stem + ".resp.chunks.jsonl"));
      for (std::string line; std::getline(lines, line);)
        if (!line.empty()) r.payloads.push_back(line);
    }
    r.streamed = r.body.empty();
    out.push_back(std::move(r));
  }
  return out;
}

}  // namespace onechat::test
