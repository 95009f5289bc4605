#include "net/server_state.hpp"

namespace onechat::net {
namespace {

void trim_text(std::string& text, std::size_t bytes_max) {
  text.clear();
  if (text.capacity() > bytes_max) std::string().swap(text);
}

}  // namespace

std::unique_ptr<Workspace> WorkspacePool::take() {
  if (kept_.empty()) return std::make_unique<Workspace>();
  auto workspace = std::move(kept_.back());
  kept_.pop_back();
  return workspace;
}

void WorkspacePool::give_back(std::unique_ptr<Workspace> workspace) {
  if (kept_.size() >= kKeptMax) return;
  workspace->arena.reset();
  workspace->body.clear();
  if (workspace->body.capacity() > kKeptBytesMax) workspace->body.release();
  trim_text(workspace->head, kKeptBytesMax);
  trim_text(workspace->stream, kKeptBytesMax);
  kept_.push_back(std::move(workspace));
}

}  // namespace onechat::net
