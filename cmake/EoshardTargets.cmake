# How this project declares its targets: one library a folder, one program a tool, warnings and instrumentation as
# interface targets.
include(EoshardInstrumentation)

# -Wno-restrict: GCC 12 warns wrongly inside std::string (GCC bug 105329).
add_library(eoshard_warnings INTERFACE)
option(EOSHARD_WERROR "Treat warnings as errors" OFF)
target_compile_options(eoshard_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion -Wno-sign-conversion
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>>)
if(EOSHARD_WERROR)
  target_compile_options(eoshard_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()

# eoshard_add_library(<name> SOURCES ... [PUBLIC targets...] [PRIVATE targets...] [HEADER_ONLY targets...]
#   [INSTALLED_HEADERS ...])
# A static library of one source folder, also known as eoshard::<name>. HEADER_ONLY: what its sources include and nobody
# links; a program that links the installed library need not have it.
function(eoshard_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE;HEADER_ONLY;INSTALLED_HEADERS" ${ARGN})
  add_library(eoshard_${name} STATIC ${ARG_SOURCES})
  add_library(eoshard::${name} ALIAS eoshard_${name})
  set_target_properties(eoshard_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(eoshard_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_compile_features(eoshard_${name} INTERFACE cxx_std_20)
  target_link_libraries(eoshard_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  foreach(target ${ARG_HEADER_ONLY} eoshard_warnings eoshard_instrumentation)
    target_link_libraries(eoshard_${name} PRIVATE $<BUILD_INTERFACE:${target}>)
  endforeach()
  target_sources(eoshard_${name} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${ARG_INSTALLED_HEADERS})
endfunction()

# eoshard_add_program(<name> SOURCES ... LIBRARIES targets...)
function(eoshard_add_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} eoshard_warnings eoshard_instrumentation)
endfunction()

# Tests are handed the reference data by an environment variable, and skip (exit status 77) what needs it when it is
# not there.
set(EOSHARD_SHARED "${PROJECT_SOURCE_DIR}/../shared" CACHE PATH "Reference data for tests; the environment wins")
if(DEFINED ENV{EOSHARD_SHARED})
  set(EOSHARD_SHARED $ENV{EOSHARD_SHARED})
endif()
set(EOSHARD_TEST_ENVIRONMENT
  "EOSHARD_SHARED=${EOSHARD_SHARED}"
  "EOSHARD_BIN=${PROJECT_BINARY_DIR}/bin"
  "OMPI_ALLOW_RUN_AS_ROOT=1" "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1" "OMPI_MCA_rmaps_base_oversubscribe=1"
  "OMPI_MCA_mpi_yield_when_idle=1" "OMP_WAIT_POLICY=passive")

# eoshard_add_test(<name> LABELS labels... SOURCES ... LIBRARIES targets... [RANKS n] [TIMEOUT s])
# A GoogleTest program of tests/. With RANKS it runs under mpirun and brings its own main (tests/support/mpi_main.cpp).
function(eoshard_add_test name)
  cmake_parse_arguments(ARG "" "RANKS;TIMEOUT" "LABELS;SOURCES;LIBRARIES" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES})
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set(command test_${name})
  if(ARG_RANKS)
    target_sources(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/mpi_main.cpp)
    target_link_libraries(test_${name} PRIVATE ${ARG_LIBRARIES} eoshard::ingest_mpi GTest::gtest eoshard_warnings
      eoshard_instrumentation)
    set(command ${MPIEXEC_EXECUTABLE} -n ${ARG_RANKS} --bind-to none $<TARGET_FILE:test_${name}>)
  else()
    target_link_libraries(test_${name} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main eoshard_warnings
      eoshard_instrumentation)
  endif()
  eoshard_register_test(${name} "${ARG_LABELS}" "${ARG_TIMEOUT}" ${command})
endfunction()

# eoshard_add_script_test(<name> LABELS labels... SCRIPT file.py|file.sh [ARGUMENTS ...] [TIMEOUT s])
# A script of tests/, run by the project's own Python environment (or bash). 1800 s unless said otherwise.
function(eoshard_add_script_test name)
  cmake_parse_arguments(ARG "" "SCRIPT;TIMEOUT" "LABELS;ARGUMENTS" ${ARGN})
  set(interpreter ${PROJECT_SOURCE_DIR}/.deps/venv/bin/python)
  if(ARG_SCRIPT MATCHES "\\.sh$")
    set(interpreter bash)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 1800) # twice what the slowest has taken on two crowded cores: a hang ends, a slow machine passes
  endif()
  eoshard_register_test(${name} "${ARG_LABELS}" "${ARG_TIMEOUT}"
    ${interpreter} ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SCRIPT} ${ARG_ARGUMENTS})
endfunction()

function(eoshard_register_test name labels timeout)
  if(NOT timeout)
    set(timeout 120)
  endif()
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout} SKIP_RETURN_CODE 77
    ENVIRONMENT "${EOSHARD_TEST_ENVIRONMENT};EOSHARD_HAVE_PARQUET=${EOSHARD_HAVE_PARQUET}")
endfunction()
