# onechat_add_plugin(ID <plugin id> SOURCES ... [MANIFEST manifest.json] [LIBRARIES ...])
#
# Builds <id>.so with exactly one exported symbol and puts <id>.plugin.json beside it. `manifest.json` of the current
# folder is taken unless MANIFEST names another. Target name: the id with dots as underscores, prefixed "plugin_".
# Needs the target OneChat::sdk (find_package(OneChatSDK), or 1chat's own tree).
function(onechat_add_plugin)
  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  cmake_parse_arguments(P "" "ID;MANIFEST" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT P_ID OR NOT P_SOURCES)
    message(FATAL_ERROR "onechat_add_plugin needs ID and SOURCES")
  endif()
  if(NOT P_MANIFEST)
    set(P_MANIFEST manifest.json)
  endif()
  get_filename_component(manifest ${P_MANIFEST} ABSOLUTE)
  string(REPLACE "." "_" target "plugin_${P_ID}")
  add_library(${target} MODULE ${P_SOURCES})
  target_link_libraries(${target} PRIVATE OneChat::sdk ${P_LIBRARIES})
  target_compile_features(${target} PRIVATE cxx_std_17)
  # Hidden visibility alone is not enough: libstdc++ marks namespace std as visible. The version script is.
  target_link_options(${target} PRIVATE -Wl,--version-script=${map}
    -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack -Wl,--exclude-libs,ALL)
  if(NOT ONECHAT_SANITIZE) # a sanitizer's functions come from the program that loads the plugin
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  # A changed manifest links again, so that the copy beside the library follows it.
  set_target_properties(${target} PROPERTIES
    PREFIX "" SUFFIX ".so" OUTPUT_NAME ${P_ID} LINK_DEPENDS "${map};${manifest}"
    POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(ONECHAT_PLUGIN_OUTPUT_DIR)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${ONECHAT_PLUGIN_OUTPUT_DIR})
  endif()
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${manifest} $<TARGET_FILE_DIR:${target}>/${P_ID}.plugin.json)
  install(TARGETS ${target} LIBRARY DESTINATION lib/1chat/plugins)
  install(FILES ${manifest} DESTINATION lib/1chat/plugins RENAME ${P_ID}.plugin.json)
endfunction()
