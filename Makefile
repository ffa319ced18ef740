# The front door. Every target installs what it lacks, configures a preset of CMakePresets.json, builds, and runs.

JOBS ?= $(shell nproc)
PYTHON ?= python3
# Where the larger zoo lies, for the tests that can use it; they are skipped without it.
WOOTZ_ZOO ?= $(abspath ../shared/zoo)
export WOOTZ_ZOO

PACKAGES = tools/install_packages.sh
SOURCES = $(shell find src apps tests fuzz bench -name '*.h' -o -name '*.cpp')
TRANSLATION_UNITS = $(shell find src apps -name '*.cpp')
FUZZ_SECONDS ?= 600

.DEFAULT_GOAL := build
.PHONY: build test demo release asan tsan fuzz tidy format format-check bench bench-peers test-peers \
        clean help

build:  ## build/wootz, for development
	@$(PACKAGES) build test
	@cmake --preset dev --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS)

test: build  ## all tests
	@ctest --preset dev -j $(JOBS) $(CTEST_FLAGS)

demo:  ## merge the small zoo of examples/ by several methods, and look at the results
	@$(PACKAGES) build test
	@cmake --preset dev --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS) --target wootz
	@tools/demo.sh build/wootz build/demo

release:  ## build-release/wootz, without tests
	@$(PACKAGES) build
	@cmake --workflow --preset release

asan:  ## the fast tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(PACKAGES) build test
	@cmake --preset asan --log-level=WARNING
	@cmake --build --preset asan -j $(JOBS)
	@ctest --preset asan -j $(JOBS)

tsan:  ## the fast tests under ThreadSanitizer
	@$(PACKAGES) build test
	@cmake --preset tsan --log-level=WARNING
	@cmake --build --preset tsan -j $(JOBS)
	@ctest --preset tsan -j $(JOBS)

fuzz:  ## every fuzz target for FUZZ_SECONDS (600)
	@$(PACKAGES) build fuzz
	@cmake --preset fuzz --log-level=WARNING
	@cmake --build --preset fuzz -j $(JOBS)
	@tools/run_fuzzers.sh build-fuzz $(FUZZ_SECONDS)

tidy:  ## clang-tidy over the library and the command line
	@$(PACKAGES) build test lint
	@cmake --preset tidy --log-level=WARNING
	@run-clang-tidy-19 -clang-tidy-binary clang-tidy-19 -quiet -p build-tidy -j $(JOBS) $(abspath $(TRANSLATION_UNITS))

format:  ## rewrite the sources in our format
	@$(PACKAGES) format
	@clang-format-14 -i $(SOURCES)

format-check:  ## fail if a source is not in our format
	@$(PACKAGES) format
	@clang-format-14 --dry-run -Werror $(SOURCES)

bench: bench-build  ## times and memory of the methods, against a plain copy of the same bytes
	@$(PYTHON) bench/merge_bench.py --build build-bench
	@if [ -x build-bench/bench/kernels_bench ]; then build-bench/bench/kernels_bench; fi

bench-peers: bench-build .venv-peers/done  ## the same with mergekit in the same run
	@$(PYTHON) bench/peers_bench.py --build build-bench

.PHONY: bench-build
bench-build:
	@$(PACKAGES) build bench
	@cmake --preset bench --log-level=WARNING
	@cmake --build --preset bench -j $(JOBS)

test-peers: build .venv-peers/done  ## compare results with mergekit and load them with transformers
	@.venv-peers/bin/python tests/peers/run.py --wootz build/wootz

.venv-peers/done: requirements-peers.txt
	@$(PACKAGES) peers
	@tools/make_venv.sh .venv-peers requirements-peers.txt
	@touch $@

clean:  ## remove what was built (not the Python environments)
	@rm -rf build build-release build-asan build-tsan build-fuzz build-tidy build-bench

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
