#include "control/text_table.hpp"

#include <algorithm>
#include <string>

namespace onechat::control {
namespace {

// Control characters would let a stored name move the reader's cursor.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

std::string text_of(const oc_json* v) {
  if (!v || v->type == OC_JSON_NULL) return "-";
  if (v->type == OC_JSON_STRING) return v->text.empty() ? "-" : printable(v->text);
  return printable(v->raw);
}

const oc_json* find(const oc_json* object, std::string_view path) {
  const auto dot = path.find('.');
  const oc_json* v = json::get(object, path.substr(0, dot));
  return dot == path.npos || !v ? v : find(v, path.substr(dot + 1));
}

std::size_t width_of(const std::string& text) {  // code points
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

void print_row(std::ostream& out, const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
               const std::vector<Column>& columns) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string pad(widths[i] - std::min(widths[i], width_of(cells[i])), ' ');
    line += (i ? "  " : "") + (columns[i].right ? pad + cells[i] : cells[i] + pad);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  out << line << '\n';
}

}  // namespace

void print_table(std::ostream& out, const oc_json* array, const std::vector<Column>& columns, std::string_view none) {
  if (!array || !array->first) {
    out << none << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& c : columns) rows[0].emplace_back(c.title);
  for (const oc_json* e = array->first; e; e = e->next) {
    auto& row = rows.emplace_back();
    for (const auto& c : columns) row.push_back(text_of(find(e, c.member)));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  for (const auto& row : rows) print_row(out, row, widths, columns);
}

void print_members(std::ostream& out, const oc_json* object) {
  std::size_t width = 0;
  for (const oc_json* m = object ? object->first : nullptr; m; m = m->next) width = std::max(width, m->key.size());
  for (const oc_json* m = object ? object->first : nullptr; m; m = m->next)
    if (m->type != OC_JSON_OBJECT && m->type != OC_JSON_ARRAY)
      out << m->key << std::string(width + 2 - m->key.size(), ' ') << text_of(m) << '\n';
}

}  // namespace onechat::control
