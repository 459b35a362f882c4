# Third-party libraries of the ingest half, as imported targets.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# The C interface of MPI only: the deprecated C++ bindings would otherwise come along.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI REQUIRED COMPONENTS CXX)

find_package(GDAL 3.6 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
# Debian's oneTBB is not instrumented: to the thread sanitizer its tasks would all look like races.
if(EOSHARD_SANITIZE STREQUAL thread)
  find_package(TBB REQUIRED PATHS ${PROJECT_SOURCE_DIR}/.deps/tbb-thread NO_DEFAULT_PATH) # setup/instrumented_tbb.sh
else()
  find_package(TBB REQUIRED)
endif()
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(TIFF REQUIRED IMPORTED_TARGET libtiff-4>=4.5)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)

include(EoshardHdf5)

find_path(VALIJSON_INCLUDE_DIR valijson/validator.hpp REQUIRED)
add_library(eoshard_valijson INTERFACE)
target_include_directories(eoshard_valijson SYSTEM INTERFACE ${VALIJSON_INCLUDE_DIR})

if(EOSHARD_TESTS)
  find_package(GTest REQUIRED)
endif()
