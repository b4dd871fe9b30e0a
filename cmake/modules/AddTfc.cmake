# Helpers that every folder of tfc uses to declare its library or tool.

# The headers nearly every file includes, compiled once.
add_library(tfc_pch OBJECT ${CMAKE_CURRENT_LIST_DIR}/pch.cpp)
target_compile_options(tfc_pch PRIVATE -fno-rtti -fno-exceptions)
if(TFC_PRECOMPILED_HEADER)
  target_precompile_headers(tfc_pch PRIVATE ${CMAKE_CURRENT_LIST_DIR}/pch.h)
endif()

# tfc_add_library(Name SOURCES... [DEPENDS targets...] [LINK_LIBS libs...] [NO_PCH])
#
# A static library that takes MLIR and LLVM from their shared libraries.
function(tfc_add_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "DEPENDS;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  add_dependencies(${name} tfc-headers)
  target_compile_options(${name} PRIVATE -fno-rtti -fno-exceptions)
  if(TFC_PRECOMPILED_HEADER AND NOT ARG_NO_PCH)
    target_precompile_headers(${name} REUSE_FROM tfc_pch)
  endif()
  target_link_libraries(${name} PUBLIC MLIR LLVM ${ARG_LINK_LIBS})
  set_property(GLOBAL APPEND PROPERTY TFC_LIBRARIES ${name})
endfunction()

# tfc_add_tool(name SOURCES... [LINK_LIBS libs...])
function(tfc_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} tfc-headers)
  target_compile_options(${name} PRIVATE -fno-rtti -fno-exceptions)
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()
