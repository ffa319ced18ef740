# wootz_method_table(TARGET): every methods/library/<stem>.cpp defines `void register_<stem>(Registry&)`; this generates
# the function that calls them all. A new file is picked up by the next plain build.
function(wootz_method_table target)
  file(GLOB files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/library/*.cpp")
  list(SORT files)
  set(declarations "")
  set(calls "")
  foreach(path IN LISTS files)
    get_filename_component(stem "${path}" NAME_WE)
    string(APPEND declarations "void register_${stem}(Registry& registry);\n")
    string(APPEND calls "  register_${stem}(registry);\n")
  endforeach()
  set(table "${CMAKE_CURRENT_BINARY_DIR}/method_table.cpp")
  file(CONFIGURE OUTPUT "${table}" @ONLY CONTENT "// Generated from methods/library by MethodTable.cmake.
#include \"wootz/methods/method_table.h\"

namespace wootz {

@declarations@
void register_builtin_methods(Registry& registry) {
@calls@}

}  // namespace wootz
")
  target_sources(${target} PRIVATE ${files} "${table}")
endfunction()
