# HDF5 as imported target eoshard_hdf5, for the build and for those who link what was installed.
#
# Parallel HDF5 does the serial work too. It must be the build for this MPI: Debian's HDF5 for Open MPI, or by
# -DHDF5_ROOT=… another one whose H5pubconf.h says H5_HAVE_PARALLEL. GDAL's own serial HDF5 may live in the same process.
pkg_check_modules(HDF5_PARALLEL QUIET hdf5-openmpi)
find_path(HDF5_PARALLEL_INCLUDE hdf5.h HINTS ${HDF5_ROOT}/include ${HDF5_PARALLEL_INCLUDE_DIRS} REQUIRED)
find_library(HDF5_PARALLEL_LIBRARY hdf5 HINTS ${HDF5_ROOT}/lib ${HDF5_PARALLEL_LIBRARY_DIRS} REQUIRED)
add_library(eoshard_hdf5 INTERFACE IMPORTED GLOBAL)
target_include_directories(eoshard_hdf5 SYSTEM INTERFACE ${HDF5_PARALLEL_INCLUDE})
target_link_libraries(eoshard_hdf5 INTERFACE ${HDF5_PARALLEL_LIBRARY} MPI::MPI_CXX)
