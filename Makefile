# The front door. `make quickstart` and `make test` are all that a newcomer needs.
BUILD := build/release
JOBS ?= $(shell nproc)
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_SLOPPINESS := pch_defines,time_macros,include_file_mtime,include_file_ctime
# Tests and the quickstart start more ranks than there are cores, as root in containers, on one machine.
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: ## install what a build, a run or a test needs (Debian and Python packages)
	@setup/setup.sh

$(BUILD)/build.ninja: CMakePresets.json setup/packages-apt.txt setup/requirements.txt
	cmake --preset release -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
	  -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache $(if $(CI),-DEOSHARD_WERROR=ON)

build: setup ## build the programs into build/release/bin
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS)

quickstart: build ## set up, build, then raw products to a trained and scored network
	@tools/quickstart.sh

test: build ## set up, build, then every test that this machine can run but the slow ones
	cd $(BUILD) && ctest --output-on-failure -j $(JOBS) -LE slow

test-all: build ## the same with the slow tests
	cd $(BUILD) && ctest --output-on-failure -j $(JOBS)

package: setup ## .tgz and Debian packages of the ingest half, into build/package
	cmake --workflow --preset package

clean: ## remove the build folder
	rm -rf build

.PHONY: help setup build quickstart test test-all package clean
