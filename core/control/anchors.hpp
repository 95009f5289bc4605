// Anchors of the ledger: where each node's chain of postings stood, minute by minute, kept where the ledger does not reach.
//
// Books whose last postings were cut off, or that were made anew from some point on, are whole in themselves. Against their
// anchors they are not: a link's hash covers everything its node had posted until then.
#pragma once
#include <onechat/host.h>

#include <string>
#include <vector>

#include "control/books.hpp"

namespace onechat::control {

// {"node":1,"link":7,"first":20,"last":24,"time":"2027-01-31T12:30:00.000Z","sha256":"<64 hex digits>"}
void write_anchor(oc_jsonw& w, const Link& link);
// `object` may be null. OC_E_INVALID: it is no anchor.
Result<Link> read_anchor(const oc_json* object);

// Compares what the anchors say with the links that are there: a breach "I14" for each that is gone or has another hash.
Result<std::vector<Verdict::Breach>> check_anchors(Books& books, const std::vector<Link>& anchors);

// A file of anchors, one JSON object a line, oldest first; it only grows. Single thread.
class AnchorFile {
 public:
  explicit AnchorFile(std::string path) : path_(std::move(path)) {}
  // Appends those of the last links that it did not write before, durably. OC_E_IO.
  Result<void> append(const std::vector<Link>& last);

 private:
  std::string path_;
  std::vector<Link> written_;  // of each node the last one
};

}  // namespace onechat::control
