# What others find with find_package(tfc): headers, TableGen files and the
# package's description. Libraries and tools are installed where they are made.
include(CMakePackageConfigHelpers)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tfc DESTINATION include
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
install(DIRECTORY ${PROJECT_BINARY_DIR}/include/tfc DESTINATION include
  FILES_MATCHING PATTERN "*.h.inc")

set(tfc_package lib/cmake/tfc)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tfcConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/tfcConfig.cmake INSTALL_DESTINATION ${tfc_package}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break what uses it.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/tfcConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/tfcConfig.cmake
              ${PROJECT_BINARY_DIR}/cmake/tfcConfigVersion.cmake
        DESTINATION ${tfc_package})
install(EXPORT tfcTargets NAMESPACE tfc:: DESTINATION ${tfc_package})
