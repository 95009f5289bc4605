// Edits of a text that is otherwise passed on as it is: the straight lane's way of changing a model name.
#pragma once
#include <onechat/abi.h>

#include <boost/container/small_vector.hpp>
#include <span>
#include <string>
#include <string_view>

namespace onechat::upstream {

using Pieces = boost::container::small_vector<std::string_view, 4>;

// Splices are ascending, within the text and do not overlap. A plugin's are checked with this before use.
bool valid_splices(std::string_view text, std::span<const oc_splice> splices) noexcept;

// Appends to `pieces` the parts of `text` with the splices applied, in order, nothing copied.
void splice_pieces(std::string_view text, std::span<const oc_splice> splices, Pieces& pieces);
// The same into one string.
void append_spliced(std::string& out, std::string_view text, std::span<const oc_splice> splices);

}  // namespace onechat::upstream
