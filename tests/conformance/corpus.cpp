#include "corpus.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "files.hpp"
#include "sse.hpp"
#include "view.hpp"

namespace onechat::conformance {
namespace {

std::vector<std::string> split(const std::string& line, char by) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, by);) out.push_back(cell);
  return out;
}

bool is_first_party(const Recording& r) {
  if (r.dialect == "anthropic_messages") return r.provider == "anthropic";
  if (r.dialect == "gemini") return r.provider == "gemini-api" || r.provider == "vertex";
  return r.provider == "openai";
}

Recording read_row(const std::filesystem::path& folder, const std::map<std::string, std::string>& row) {
  const auto cell = [&](const char* name) {
    const auto found = row.find(name);
    return found != row.end() ? found->second : std::string();
  };
  Recording r;
  const std::string file = cell("file");
  r.id = std::filesystem::path(file).filename().string();
  r.id = r.id.substr(0, r.id.find(".resp."));
  r.dialect = cell("dialect");
  std::replace(r.dialect.begin(), r.dialect.end(), '-', '_');
  r.endpoint = cell("endpoint"), r.provider = cell("provider"), r.model = cell("model"), r.framing = cell("framing");
  r.status = std::atoi(cell("status").c_str());
  r.streamed = r.framing == "sse" || r.framing == "payload-lines";
  for (const auto& f : split(cell("features"), ',')) r.features.insert(f);
  r.body = read_file(folder / file);
  if (const std::string request = cell("request_file"); !request.empty()) r.request = read_file(folder / request);
  r.first_party = is_first_party(r);
  return r;
}

}  // namespace

bool Recording::generates() const {
  static const std::set<std::string> kEndpoints = {"chat.completions",
                                                   "responses",
                                                   "messages",
                                                   "vertex.rawPredict",
                                                   "vertex.streamRawPredict",
                                                   "generateContent",
                                                   "streamGenerateContent"};
  return kEndpoints.contains(endpoint) && framing != "text";
}

std::vector<Recording::Frame> Recording::frames() const {
  std::vector<Frame> out;
  if (framing == "payload-lines") {
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      Document payload(line);
      out.push_back({dialect == "anthropic_messages" || dialect == "openai_responses"
                         ? std::string(payload.root["type"].str())
                         : "",
                     line});
    }
    return out;
  }
  SseStream stream = read_sse(body);
  for (SseBlock& b : stream.blocks)
    if (b.has_data) out.push_back({std::move(b.event), std::move(b.data)});
  return out;
}

const std::vector<Recording>& corpus() {
  static const std::vector<Recording> all = [] {
    const char* set = std::getenv("ONECHAT_CORPUS");
    const std::filesystem::path folder = set != nullptr ? set : "../shared/corpus";
    std::vector<Recording> out;
    std::ifstream index(folder / "INDEX.tsv");
    std::string line;
    if (!std::getline(index, line)) return out;
    const auto names = split(line, '\t');
    while (std::getline(index, line)) {
      const auto cells = split(line, '\t');
      std::map<std::string, std::string> row;
      for (std::size_t i = 0; i < cells.size() && i < names.size(); ++i) row[names[i]] = cells[i];
      out.push_back(read_row(folder, row));
    }
    return out;
  }();
  return all;
}

}  // namespace onechat::conformance
