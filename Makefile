# The front door. `make quickstart` and `make test` are all that a newcomer needs.
BUILD := build/release
JOBS ?= $(shell nproc)
LAUNCHERS := -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_SLOPPINESS := pch_defines,time_macros,include_file_mtime,include_file_ctime
# Tests and the quickstart start more ranks than there are cores, as root in containers, on one machine.
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

setup: ## install what a build, a run or a test needs (Debian and Python packages)
	@setup/setup.sh

$(BUILD)/build.ninja: CMakePresets.json setup/packages-apt.txt setup/requirements.txt
	cmake --preset release $(LAUNCHERS) -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache $(if $(CI),-DEOSHARD_WERROR=ON)

build: setup ## build the programs into build/release/bin
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS)

quickstart: build ## set up, build, then raw products to a trained and scored network
	@tools/quickstart.sh

fuzz: setup ## build the fuzz targets with libFuzzer, where `make test` finds them
	cmake --preset fuzz $(LAUNCHERS)
	cmake --build --preset fuzz -j $(JOBS)

test: build fuzz ## set up, build, then every test that this machine can run but the slow ones
	cd $(BUILD) && ctest --output-on-failure -j $(JOBS) -LE slow

test-all: build fuzz ## the same with the slow tests
	cd $(BUILD) && ctest --output-on-failure -j $(JOBS)

sanitize: sanitize-address sanitize-thread ## sanitize-address and sanitize-thread

sanitize-address: setup ## run tests under the address, leak and undefined-behaviour sanitizers
	cmake --preset asan $(LAUNCHERS)
	cmake --build --preset asan -j $(JOBS)
	ctest --preset asan -j $(JOBS)

sanitize-thread: setup ## run the loaders, the ingest pipeline and the communication lane under the thread sanitizer
	@JOBS=$(JOBS) setup/instrumented_tbb.sh
	cmake --preset tsan $(LAUNCHERS)
	cmake --build --preset tsan -j $(JOBS)
	ctest --preset tsan -j $(JOBS)

coverage: setup ## count the lines and branches that the tests run, by folder
	cmake --preset coverage $(LAUNCHERS)
	cmake --build --preset coverage -j $(JOBS)
	find build/coverage -name '*.gcda' -delete
	ctest --preset coverage -j $(JOBS)
	.deps/venv/bin/python tests/coverage/report.py build/coverage --jobs $(JOBS)

tidy: setup ## run clang-tidy over the sources
	cmake --preset tidy
	.deps/venv/bin/python tests/tidy/tidy.py build/tidy $(JOBS)

package: setup ## .tar.gz and Debian packages of the ingest half, into build/package
	cmake --workflow --preset package

clean: ## remove the build folder
	rm -rf build

.PHONY: help setup build quickstart fuzz test test-all sanitize sanitize-address sanitize-thread coverage tidy package clean
