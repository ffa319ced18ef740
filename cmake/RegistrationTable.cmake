# wootz_registration_table(TARGET FOLDER dir HEADER path TYPE type FUNCTION name): every dir/<stem>.cpp defines
# `void register_<stem>(TYPE&)`; this generates FUNCTION, declared in HEADER, which calls them all. A new file is picked
# up by the next plain build.
function(wootz_registration_table target)
  cmake_parse_arguments(ARG "" "FOLDER;HEADER;TYPE;FUNCTION" "" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FOLDER}/*.cpp")
  list(SORT files)
  set(declarations "")
  set(calls "")
  foreach(path IN LISTS files)
    get_filename_component(stem "${path}" NAME_WE)
    string(APPEND declarations "void register_${stem}(${ARG_TYPE}& table);\n")
    string(APPEND calls "  register_${stem}(table);\n")
  endforeach()
  set(table "${CMAKE_CURRENT_BINARY_DIR}/${ARG_FUNCTION}.cpp")
  file(CONFIGURE OUTPUT "${table}" @ONLY CONTENT "// Generated from ${ARG_FOLDER}/ by RegistrationTable.cmake.
#include \"@ARG_HEADER@\"

namespace wootz {

@declarations@
void @ARG_FUNCTION@(@ARG_TYPE@& table) {
@calls@}

}  // namespace wootz
")
  target_sources(${target} PRIVATE ${files} "${table}")
endfunction()
