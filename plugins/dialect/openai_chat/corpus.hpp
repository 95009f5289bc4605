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

struct Recording {
  std::string id, endpoint, request;   // request "" when it was not recorded
  std::string body;                    // a whole answer
  std::vector<std::string> payloads;   // the data of a stream's events
  std::string sse;                     // the stream as it went over the wire
  bool streamed = false;
  std::int64_t status = 0;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// "data: ..." lines, one line of data per event; an own reader, so that the tests do not trust the one under test.
inline std::vector<std::string> payloads_of(const std::string& sse) {
  std::vector<std::string> out;
  std::istringstream lines(sse);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.rfind("data:", 0) == 0) out.push_back(line.substr(line.rfind("data: ", 0) == 0 ? 6 : 5));
  }
  return out;
}

// Empty when the corpus is not there.
inline std::vector<Recording> load_corpus() {
  namespace fs = std::filesystem;
  const char* set = std::getenv("ONECHAT_CORPUS");
  const fs::path folder = fs::path(set != nullptr ? set : "../shared/corpus") / "openai-chat";
  std::vector<Recording> out;
  if (!fs::is_directory(folder)) return out;
  std::vector<fs::path> metas;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().string().ends_with(".meta.json")) metas.push_back(entry.path());
  std::sort(metas.begin(), metas.end());
  for (const auto& meta_path : metas) {
    Arena arena;
    const std::string meta_text = read_file(meta_path);
    const oc_json* meta = json::parse(arena, meta_text);
    const auto sibling = [&](const char* ending) {
      const std::string name = meta_path.string();
      return fs::path(name.substr(0, name.size() - std::string(".meta.json").size()) + ending);
    };
    const auto member = [&](const char* name) {
      const oc_json* v = json::get(meta, name);
      return v != nullptr ? std::string(v->text) : std::string();
    };
    Recording r;
    r.id = member("id");
    r.endpoint = member("endpoint");
    r.status = json::integer(json::get(meta, "status"), 0);
    if (fs::exists(sibling(".req.json"))) r.request = read_file(sibling(".req.json"));
    if (fs::exists(sibling(".resp.json"))) r.body = read_file(sibling(".resp.json"));
    if (fs::exists(sibling(".resp.sse"))) {
      r.streamed = true;
      r.sse = read_file(sibling(".resp.sse"));
      r.payloads = payloads_of(r.sse);
    }
    if (fs::exists(sibling(".resp.chunks.jsonl"))) {
      r.streamed = true;
      std::istringstream lines(read_file(sibling(".resp.chunks.jsonl")));
      for (std::string line; std::getline(lines, line);)
        if (!line.empty()) r.payloads.push_back(line);
    }
    out.push_back(std::move(r));
  }
  return out;
}

}  // namespace onechat::test
