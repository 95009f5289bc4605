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
  std::string id, endpoint, request;  // request "" when it was not recorded
  std::string body;                   // a whole answer
  std::vector<std::string> payloads;  // the data of a stream's events
  std::string sse;                    // the stream as it went over the wire
  bool streamed = false;
  std::int64_t status = 0;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::vector<std::string> lines_of(const std::string& text, const std::string& prefix) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty() && line.rfind(prefix, 0) == 0) out.push_back(line.substr(prefix.size()));
  }
  return out;
}

// Empty when the corpus is not there. A file may hold several streams in a row: each is a recording of its own.
inline std::vector<Recording> load_corpus() {
  namespace fs = std::filesystem;
  const char* set = std::getenv("ONECHAT_CORPUS");
  const fs::path folder = fs::path(set != nullptr ? set : "../shared/corpus") / "anthropic-messages";
  std::vector<Recording> out;
  if (!fs::is_directory(folder)) return out;
  std::vector<fs::path> metas;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().string().ends_with(".meta.json")) metas.push_back(entry.path());
  std::sort(metas.begin(), metas.end());
  for (const auto& meta_path : metas) {
    Arena arena;
    const std::string meta_text = read_file(meta_path), name = meta_path.string();
    const oc_json* meta = json::parse(arena, meta_text);
    const auto sibling = [&](const char* ending) {
      return fs::path(name.substr(0, name.size() - std::string(".meta.json").size()) + ending);
    };
    const auto member = [&](const char* key) {
      const oc_json* v = json::get(meta, key);
      return v != nullptr ? std::string(v->text) : std::string();
    };
    Recording r;
    r.id = member("id");
    r.endpoint = member("endpoint");
    r.status = json::integer(json::get(meta, "status"), 0);
    if (fs::exists(sibling(".req.json"))) r.request = read_file(sibling(".req.json"));
    if (fs::exists(sibling(".resp.json"))) r.body = read_file(sibling(".resp.json"));
    if (fs::exists(sibling(".resp.sse"))) {
      r.sse = read_file(sibling(".resp.sse"));
      r.payloads = lines_of(r.sse, "data: ");
    }
    if (fs::exists(sibling(".resp.chunks.jsonl"))) r.payloads = lines_of(read_file(sibling(".resp.chunks.jsonl")), "");
    r.streamed = !r.payloads.empty();
    const std::vector<std::string> all = std::move(r.payloads);
    r.payloads.clear();
    for (const std::string& payload : all) {
      r.payloads.push_back(payload);
      if (payload.find(R"("type":"message_stop")") == std::string::npos || &payload == &all.back()) continue;
      out.push_back(r);
      r.payloads.clear();
    }
    out.push_back(std::move(r));
  }
  return out;
}

}  // namespace onechat::test
