# Helpers that every folder of tfc uses to declare its library or tool.

# What a library of tfc's brings to those that link it: its headers, and MLIR's
# and LLVM's shared libraries. Those of MLIR and LLVM are where tfcConfig.cmake
# finds them, for others.
add_library(TfcMLIR INTERFACE)
target_link_libraries(TfcMLIR INTERFACE MLIR LLVM)
target_compile_features(TfcMLIR INTERFACE cxx_std_17)

# tfc_export(target...): makes libraries part of the package that others find, as
# tfc::AttnDialect for TfcAttnDialect.
function(tfc_export)
  foreach(target ${ARGN})
    string(REGEX REPLACE "^[Tt]fc" "" component ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${component})
    target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:include>)
    install(TARGETS ${target} EXPORT tfcTargets
      LIBRARY DESTINATION lib ARCHIVE DESTINATION lib)
  endforeach()
endfunction()
tfc_export(TfcMLIR)

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
  target_link_libraries(${name} PUBLIC TfcMLIR ${ARG_LINK_LIBS})
  tfc_export(${name})
endfunction()

# tfc_add_tool(name SOURCES... [LINK_LIBS libs...])
function(tfc_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} tfc-headers)
  target_compile_options(${name} PRIVATE -fno-rtti -fno-exceptions)
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  install(TARGETS ${name} EXPORT tfcTargets RUNTIME DESTINATION bin)
endfunction()
