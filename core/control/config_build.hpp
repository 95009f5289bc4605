// The two inner steps of load_config: the tree becomes the struct, and the struct is checked for what a schema cannot.
#pragma once
#include "control/config.hpp"

namespace onechat::control {

// Fills `out` from a tree that the schema has seen. What has the wrong type (reported by the schema) keeps its default.
void build_config(const YamlNode& root, const Environment& env, Config& out, std::vector<Problem>& problems);

// Names that point nowhere, the pipeline, files that must be there.
void check_config(const YamlNode& root, Config& config, std::vector<Problem>& problems);

// What the environment gave is in no problem's text: it may be a secret wherever it was put.
void hide_environment(const YamlNode& root, std::vector<Problem>& problems);

}  // namespace onechat::control
