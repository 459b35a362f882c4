# Arrow's Parquet reader, where it is to be had, as imported target eoshard_parquet: a system's or user's own Arrow
# (CMAKE_PREFIX_PATH) first, then pyarrow's wheel in .deps/venv (setup/setup.sh), which brings headers and libraries.
set(EOSHARD_HAVE_PARQUET FALSE)
if(EOSHARD_PARQUET STREQUAL OFF)
  return()
endif()

# The wheel has no package files, and its libraries have no name without a version.
function(eoshard_find_parquet_wheel)
  file(GLOB wheel ${PROJECT_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages/pyarrow)
  file(GLOB libraries ${wheel}/libparquet.so.* ${wheel}/libarrow.so.*)
  list(LENGTH libraries count)
  if(NOT wheel OR NOT count EQUAL 2 OR NOT EXISTS ${wheel}/include/parquet/arrow/reader.h)
    return()
  endif()
  add_library(eoshard_parquet INTERFACE)
  target_include_directories(eoshard_parquet SYSTEM INTERFACE ${wheel}/include)
  target_link_libraries(eoshard_parquet INTERFACE ${libraries})
  message(STATUS "With Parquet (${wheel})")
endfunction()

find_package(Parquet CONFIG QUIET)
if(Parquet_FOUND)
  add_library(eoshard_parquet INTERFACE)
  target_link_libraries(eoshard_parquet INTERFACE Parquet::parquet_shared Arrow::arrow_shared)
  message(STATUS "With Parquet ${Parquet_VERSION} (${Parquet_DIR})")
else()
  eoshard_find_parquet_wheel()
endif()

if(TARGET eoshard_parquet)
  set(EOSHARD_HAVE_PARQUET TRUE)
elseif(EOSHARD_PARQUET STREQUAL ON)
  message(FATAL_ERROR "EOSHARD_PARQUET=ON, but neither an Arrow with Parquet (-DCMAKE_PREFIX_PATH=...) nor pyarrow in "
    ".deps/venv ('make setup') was found")
else()
  message(STATUS "Without Parquet; neither an installed Arrow nor pyarrow in .deps/venv was found")
endif()
