// What the newest official SDKs know beyond the stored specifications: names of members, and the words a member may
// hold.
//
// It is looser than a specification (a name counts for every type of the dialect), so it only ever excuses: a member or
// a word that the specification does not have is fine when the inventory has it.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "view.hpp"

namespace onechat::conformance {

class Inventory {
 public:
  Inventory() = default;
  // `sections`: those of the inventory's document that belong to the dialect.
  Inventory(View document, const std::vector<std::string_view>& sections);

  bool knows_member(std::string_view name) const { return members_.contains(std::string(name)); }
  bool knows_word(std::string_view member, std::string_view word) const;
  // For what neither the specification nor the SDKs have, but upstreams are known to send.
  void add_member(std::string_view name) { members_.insert(std::string(name)); }
  void add_word(std::string_view member, std::string_view word) {
    added_[std::string(member)].insert(std::string(word));
  }
  bool is_added_word(std::string_view member, std::string_view word) const {
    const auto found = added_.find(std::string(member));
    return found != added_.end() && found->second.contains(std::string(word));
  }

 private:
  std::set<std::string> members_;
  std::map<std::string, std::set<std::string>> words_, added_;  // of a member
};

}  // namespace onechat::conformance
