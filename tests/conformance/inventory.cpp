#include "inventory.hpp"

#include <cctype>

namespace onechat::conformance {
namespace {

// The types of the document by name: the text of an alias, or the values of an enumeration as such a text.
std::map<std::string, std::string> aliases(View document) {
  std::map<std::string, std::string> out;
  for (View section : document)
    for (View type : section) {
      std::string& text = out[std::string(type.key())];
      text += type["alias"].str();
      for (View value : type["values"]) text += " '" + std::string(value.str()) + "'";
    }
  return out;
}

// 'quoted' words of a type's text, and those of the types it names, some levels deep.
void words_of(std::string_view text, const std::map<std::string, std::string>& types, int depth,
              std::set<std::string>& out) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\'') {
      const std::size_t end = text.find('\'', i + 1);
      if (end == std::string_view::npos) return;
      out.insert(std::string(text.substr(i + 1, end - i - 1)));
      i = end + 1;
    } else if (std::isalpha(static_cast<unsigned char>(text[i])) != 0) {
      std::size_t end = i;
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
      const auto found = types.find(std::string(text.substr(i, end - i)));
      if (depth > 0 && found != types.end()) words_of(found->second, types, depth - 1, out);
      i = end;
    } else {
      ++i;
    }
  }
}

}  // namespace

Inventory::Inventory(View document, const std::vector<std::string_view>& sections) {
  const auto types = aliases(document);
  for (const auto section : sections)
    for (View type : document[section])
      for (View field : type["fields"]) {
        members_.insert(std::string(field.key()));
        words_of(field["type"].str(), types, 3, words_[std::string(field.key())]);
      }
}

bool Inventory::knows_word(std::string_view member, std::string_view word) const {
  const auto found = words_.find(std::string(member));
  return (found != words_.end() && found->second.contains(std::string(word))) || is_added_word(member, word);
}

}  // namespace onechat::conformance
