# LibTorch, and CUDA with NCCL where they are to be had, as imported targets eoshard_torch and eoshard_cuda.
#
# LibTorch's own package file is passed by: it demands a CUDA toolkit whenever the library was built with CUDA, and
# stops at C++20 under CMake 3.25. What it would set is four libraries and two include folders, found here directly:
# first below CMAKE_PREFIX_PATH (a LibTorch of the user's own), then in .deps/venv (setup/setup.sh).

file(GLOB EOSHARD_SITE_PACKAGES ${PROJECT_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages)
find_path(TORCH_INCLUDE_DIR ATen/ATen.h HINTS ${EOSHARD_SITE_PACKAGES}/torch/include
  DOC "LibTorch's include folder")
if(NOT TORCH_INCLUDE_DIR)
  message(FATAL_ERROR "LibTorch was not found. Run 'make setup', name one with -DCMAKE_PREFIX_PATH=/path/to/libtorch, "
    "or build the ingest half alone with -DEOSHARD_TRAIN=OFF.")
endif()
get_filename_component(EOSHARD_TORCH_ROOT ${TORCH_INCLUDE_DIR} DIRECTORY)
set(EOSHARD_TORCH_LIBRARY_DIR ${EOSHARD_TORCH_ROOT}/lib)
foreach(library c10 torch_cpu torch)
  if(NOT EXISTS ${EOSHARD_TORCH_LIBRARY_DIR}/lib${library}.so)
    message(FATAL_ERROR "LibTorch at ${EOSHARD_TORCH_ROOT} lacks lib/lib${library}.so")
  endif()
endforeach()

add_library(eoshard_torch INTERFACE)
# Searched last: LibTorch's folder also holds a copy of fmt's headers, of another version than the system's library.
target_compile_options(eoshard_torch INTERFACE
  "SHELL:-idirafter ${TORCH_INCLUDE_DIR}" "SHELL:-idirafter ${TORCH_INCLUDE_DIR}/torch/csrc/api/include")
# libtorch.so registers the CUDA kernels although nothing refers to it, so the linker must not drop it.
# libstdc++ comes first: libtorch.so exports a copy of parts of it (std::filesystem::remove_all and others, of the
# compiler that built the wheel), which call through null pointers here.
target_link_libraries(eoshard_torch INTERFACE
  stdc++ -Wl,--no-as-needed ${EOSHARD_TORCH_LIBRARY_DIR}/libtorch.so -Wl,--as-needed
  ${EOSHARD_TORCH_LIBRARY_DIR}/libtorch_cpu.so ${EOSHARD_TORCH_LIBRARY_DIR}/libc10.so
  # LibTorch's own neighbours (CUDA, cuDNN, NCCL in pip's layout) are found by its rpath at run time only.
  -Wl,--allow-shlib-undefined)

function(eoshard_find_cuda)
  set(EOSHARD_HAVE_CUDA FALSE PARENT_SCOPE)
  if(EOSHARD_CUDA STREQUAL OFF)
    return()
  endif()
  file(GLOB pip_cuda ${EOSHARD_SITE_PACKAGES}/nvidia/cu1*)
  # What pip has put beside LibTorch fits it, whatever else the machine has.
  find_program(CMAKE_CUDA_COMPILER nvcc HINTS ${pip_cuda} ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${EOSHARD_SITE_PACKAGES}/nvidia/nccl/include)
  find_library(NCCL_LIBRARY NAMES libnccl.so.2 nccl NAMES_PER_DIR HINTS ${EOSHARD_SITE_PACKAGES}/nvidia/nccl/lib)
  # The shared CUDA runtime, so that this program and LibTorch use one: beside LibTorch, else the toolkit's.
  find_library(EOSHARD_CUDART_LIBRARY NAMES libcudart.so.13 libcudart.so.12 cudart NAMES_PER_DIR HINTS ${pip_cuda}/lib
    PATHS ENV CUDA_HOME /usr/local/cuda PATH_SUFFIXES lib64 lib)
  set(torch_cuda ${EOSHARD_TORCH_LIBRARY_DIR}/libtorch_cuda.so)
  set(missing)
  foreach(part CMAKE_CUDA_COMPILER EOSHARD_CUDART_LIBRARY NCCL_INCLUDE_DIR NCCL_LIBRARY)
    if(NOT ${part})
      list(APPEND missing ${part})
    endif()
  endforeach()
  # CUDA promises that compiler and runtime fit within a major version.
  if(CMAKE_CUDA_COMPILER AND EOSHARD_CUDART_LIBRARY)
    execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE told)
    string(REGEX MATCH "release ([0-9]+)" told "${told}")
    set(compiler_major ${CMAKE_MATCH_1})
    get_filename_component(runtime ${EOSHARD_CUDART_LIBRARY} REALPATH)
    if(runtime MATCHES "libcudart[.]so[.]([0-9]+)" AND NOT compiler_major STREQUAL CMAKE_MATCH_1)
      list(APPEND missing "a CUDA compiler for ${runtime} (${CMAKE_CUDA_COMPILER} is of CUDA ${compiler_major})")
    endif()
  endif()
  if(NOT EXISTS ${torch_cuda})
    list(APPEND missing "a LibTorch built with CUDA")
  endif()
  if(missing)
    if(EOSHARD_CUDA STREQUAL ON)
      message(FATAL_ERROR "EOSHARD_CUDA=ON, but these were not found: ${missing}")
    endif()
    message(STATUS "Without CUDA and NCCL; not found: ${missing}")
    return()
  endif()
  set(EOSHARD_HAVE_CUDA TRUE PARENT_SCOPE)
endfunction()

eoshard_find_cuda()
if(EOSHARD_HAVE_CUDA)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80 90 100)
  endif()
  enable_language(CUDA)
  # CMake 3.25 does not know how CUDA 13 is asked for C++20.
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA_STANDARD 20)
  add_library(eoshard_cuda INTERFACE)
  target_compile_definitions(eoshard_cuda INTERFACE EOSHARD_HAVE_CUDA)
  target_include_directories(eoshard_cuda SYSTEM INTERFACE
    ${NCCL_INCLUDE_DIR} ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
  target_link_libraries(eoshard_cuda INTERFACE eoshard_torch
    stdc++ ${EOSHARD_TORCH_LIBRARY_DIR}/libtorch_cuda.so ${EOSHARD_TORCH_LIBRARY_DIR}/libc10_cuda.so
    ${EOSHARD_CUDART_LIBRARY} ${NCCL_LIBRARY})
  message(STATUS "With CUDA (${CMAKE_CUDA_COMPILER}) and NCCL (${NCCL_LIBRARY})")
endif()
