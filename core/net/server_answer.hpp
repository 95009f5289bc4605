// The head of an answer, written anew for each one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace onechat::net {

// "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", formatted once a second.
class DateLine {
 public:
  const std::string& at(std::int64_t unix_ms);

 private:
  std::int64_t second_ = -1;
  std::string line_;
};

std::string_view reason_of(unsigned status) noexcept;  // "" for a status without a name here

// Appends to a string that the caller keeps (and recycles). Order: start_head, add_field..., one end_head_*.
void start_head(std::string& head, unsigned status, std::string_view content_type, std::string_view date_line);
// Bytes that could end the field early are replaced by spaces; an invalid name drops the field.
void add_field(std::string& head, std::string_view name, std::string_view value);

enum class Persist { implied, keep_alive, close };  // what the connection field says
void end_head_sized(std::string& head, std::size_t body_bytes, Persist persist);
void end_head_chunked(std::string& head, Persist persist);
void end_head_bare(std::string& head, Persist persist);  // no body, or one that ends with the connection

}  // namespace onechat::net
