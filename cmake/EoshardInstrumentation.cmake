# What this project's own code is compiled with besides, to find faults: interface target eoshard_instrumentation.
# CONTRIBUTING.md says which preset uses what.
set(EOSHARD_SANITIZE "" CACHE STRING
  "Sanitizers: address (with undefined), thread, fuzzer (address and undefined, and libFuzzer's targets; a Clang)")
set_property(CACHE EOSHARD_SANITIZE PROPERTY STRINGS "" address thread fuzzer)

option(EOSHARD_COVERAGE "Count which lines and branches are run (GCC's --coverage)" OFF)

add_library(eoshard_instrumentation INTERFACE)

# eoshard_instrument(<flag>...): compiles C++ and links with these flags.
function(eoshard_instrument)
  target_compile_options(eoshard_instrumentation INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${ARGN}>)
  target_link_options(eoshard_instrumentation INTERFACE ${ARGN})
endfunction()

# Faults end the program. Frame pointers and line tables are for readable reports, -O1 for tests that take minutes.
set(sanitized -O1 -g1 -fno-omit-frame-pointer -fno-sanitize-recover=all)
if(EOSHARD_SANITIZE STREQUAL address)
  eoshard_instrument(-fsanitize=address,undefined ${sanitized})
  add_library(eoshard_keep_loaded SHARED ${PROJECT_SOURCE_DIR}/tests/sanitize/keep_loaded.cpp)
  target_link_libraries(eoshard_instrumentation INTERFACE
    -Wl,--no-as-needed eoshard_keep_loaded -Wl,--as-needed)
elseif(EOSHARD_SANITIZE STREQUAL thread)
  eoshard_instrument(-fsanitize=thread ${sanitized})
elseif(EOSHARD_SANITIZE STREQUAL fuzzer)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "EOSHARD_SANITIZE=fuzzer needs a Clang with libFuzzer: -DCMAKE_CXX_COMPILER=clang++-16")
  endif()
  eoshard_instrument(-fsanitize=address,undefined,fuzzer-no-link ${sanitized})
elseif(EOSHARD_SANITIZE)
  message(FATAL_ERROR "EOSHARD_SANITIZE=${EOSHARD_SANITIZE} is none of: address, thread, fuzzer")
endif()
if(EOSHARD_SANITIZE)
  target_compile_definitions(eoshard_instrumentation INTERFACE $<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
endif()

# Atomic, since threads share the counters.
if(EOSHARD_COVERAGE)
  eoshard_instrument(--coverage -O1 -fprofile-update=atomic)
endif()
