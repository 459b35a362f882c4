# What `cmake --install` puts where. Components: programs, trainer (what needs LibTorch), development (the library that
# reads datasets, for others' programs). Nothing installed names the build folder; docs/installation.md is for users.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(EOSHARD_PRIVATE_LIBDIR ${CMAKE_INSTALL_LIBDIR}/eoshard) # libraries that come along, for the programs alone
set(EOSHARD_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/eoshard)
set(EOSHARD_ZSH_COMPLETION_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "Where zsh looks for completions")

# Programs find what comes along relative to themselves, and what the user has named outside this project where it is.
file(RELATIVE_PATH private_from_bin /${CMAKE_INSTALL_BINDIR} /${EOSHARD_PRIVATE_LIBDIR})
set(CMAKE_INSTALL_RPATH "$ORIGIN/${private_from_bin}")
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

# eoshard_install_program(<name> [COMPONENT programs|trainer])
# The program, and what it says of its own options: a man page and completion for bash and zsh.
function(eoshard_install_program name)
  cmake_parse_arguments(ARG "" "COMPONENT" "" ${ARGN})
  if(NOT ARG_COMPONENT)
    set(ARG_COMPONENT programs)
  endif()
  set(folder ${PROJECT_BINARY_DIR}/interfaces)
  file(MAKE_DIRECTORY ${folder}) # not at build time: each program writes there
  add_custom_command(OUTPUT ${folder}/${name}.1 ${folder}/${name} ${folder}/_${name}
    COMMAND ${name} --print-interface man > ${folder}/${name}.1
    COMMAND ${name} --print-interface bash > ${folder}/${name}
    COMMAND ${name} --print-interface zsh > ${folder}/_${name}
    DEPENDS ${name} COMMENT "Writing man page and completion of ${name}" VERBATIM)
  add_custom_target(${name}-interface ALL DEPENDS ${folder}/${name}.1)
  install(TARGETS ${name} RUNTIME COMPONENT ${ARG_COMPONENT})
  install(FILES ${folder}/${name}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${ARG_COMPONENT})
  install(FILES ${folder}/${name} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    COMPONENT ${ARG_COMPONENT})
  install(FILES ${folder}/_${name} DESTINATION ${EOSHARD_ZSH_COMPLETION_DIR} COMPONENT ${ARG_COMPONENT})
endfunction()

# eoshard_install_reader(<export> targets...)
# Libraries with their public headers (include paths as in this repository) for find_package(eoshard).
function(eoshard_install_reader export)
  install(TARGETS ${ARGN} EXPORT ${export} COMPONENT development
    ARCHIVE FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/eoshard COMPONENT development)
  install(EXPORT ${export} NAMESPACE eoshard:: DESTINATION ${EOSHARD_PACKAGE_DIR} COMPONENT development)
endfunction()

# Arrow from a wheel goes along with its licences; no system package is there to bring it.
if(EOSHARD_PARQUET_WHEEL_LIBRARIES)
  install(FILES ${EOSHARD_PARQUET_WHEEL_LIBRARIES} DESTINATION ${EOSHARD_PRIVATE_LIBDIR} COMPONENT programs)
  install(FILES ${EOSHARD_PARQUET_WHEEL_LICENSES} DESTINATION ${CMAKE_INSTALL_DOCDIR}/arrow COMPONENT programs)
endif()

# eoshard_install_with_torch(<name>)
# LibTorch stays where it is: the program reaches it through a link beside it, which whoever moves LibTorch makes anew.
# CUDA's runtime and NCCL are reached through the same link where they are LibTorch's neighbours in pip's layout.
function(eoshard_install_with_torch name)
  eoshard_install_program(${name} COMPONENT trainer)
  set(torch ${CMAKE_INSTALL_RPATH}/torch)
  set(folders ${torch}/lib)
  foreach(library ${EOSHARD_CUDART_LIBRARY} ${NCCL_LIBRARY})
    file(RELATIVE_PATH from_torch ${EOSHARD_TORCH_ROOT} ${library})
    if(from_torch MATCHES "^[.][.]/nvidia/")
      get_filename_component(folder ${from_torch} DIRECTORY)
      list(APPEND folders ${torch}/${folder})
    endif()
  endforeach()
  set_property(TARGET ${name} APPEND PROPERTY INSTALL_RPATH ${folders})
  install(CODE "
    set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${EOSHARD_PRIVATE_LIBDIR}\")
    file(MAKE_DIRECTORY \"\${folder}\")
    file(CREATE_LINK \"${EOSHARD_TORCH_ROOT}\" \"\${folder}/torch\" SYMBOLIC)
    message(STATUS \"Linked: \${folder}/torch -> ${EOSHARD_TORCH_ROOT}\")" COMPONENT trainer)
endfunction()

install(DIRECTORY schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/eoshard COMPONENT programs)
install(FILES slurm/job.sh DESTINATION ${CMAKE_INSTALL_DATADIR}/eoshard/slurm COMPONENT programs)
install(PROGRAMS slurm/ingest.sh slurm/pack.sh DESTINATION ${CMAKE_INSTALL_DATADIR}/eoshard/slurm
  COMPONENT programs)
install(PROGRAMS slurm/train.sh slurm/search.sh slurm/evaluate.sh DESTINATION ${CMAKE_INSTALL_DATADIR}/eoshard/slurm
  COMPONENT trainer)
install(DIRECTORY docs/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/eoshard COMPONENT trainer)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.svg")
# Where Debian looks for a package's licence.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/eoshard RENAME copyright COMPONENT programs)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libeoshard-dev RENAME copyright COMPONENT development)

configure_package_config_file(cmake/eoshardConfig.cmake.in ${PROJECT_BINARY_DIR}/eoshardConfig.cmake
  INSTALL_DESTINATION ${EOSHARD_PACKAGE_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/eoshardConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/eoshardConfig.cmake ${PROJECT_BINARY_DIR}/eoshardConfigVersion.cmake
  cmake/EoshardHdf5.cmake DESTINATION ${EOSHARD_PACKAGE_DIR} COMPONENT development)
