# The front door. Every target installs what it lacks, configures a preset of CMakePresets.json, builds, and runs.

JOBS ?= $(shell nproc)
PYTHON ?= python3
# Where the larger zoo lies, for the tests that can use it; they are skipped without it.
WOOTZ_ZOO ?= $(abspath ../shared/zoo)
export WOOTZ_ZOO

# ON: with wootz-nn, the half that runs networks; libtorch is fetched first (1.5 GB on disk). OFF: the core alone.
WOOTZ_NN ?= ON
LIBTORCH = $(if $(filter ON,$(WOOTZ_NN)),.venv-torch/done)

PACKAGES = tools/install_packages.sh
SOURCES = $(shell find src apps tests fuzz bench -name '*.h' -o -name '*.cpp')
TRANSLATION_UNITS = $(shell find src apps -name '*.cpp')
FUZZ_SECONDS ?= 600

.DEFAULT_GOAL := build
.PHONY: build test demo release asan tsan fuzz tidy format format-check bench bench-peers test-peers \
        replay cuda clean help

build: $(LIBTORCH)  ## build/wootz and build/wootz-nn, for development (WOOTZ_NN=OFF: without the latter)
	@$(PACKAGES) build test
	@cmake --preset dev -DWOOTZ_NN=$(WOOTZ_NN) --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS)

test: build  ## all tests
	@ctest --preset dev -j $(JOBS) $(CTEST_FLAGS)

demo: $(LIBTORCH)  ## merge the small zoo of examples/ by several methods, and measure the results on real data
	@$(PACKAGES) build test
	@cmake --preset dev -DWOOTZ_NN=$(WOOTZ_NN) --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS) --target wootz $(if $(LIBTORCH),wootz-nn)
	@$(if $(LIBTORCH),$(PACKAGES) demo || echo "demo: continuing without its data" >&2)
	@WOOTZ_NN=$(WOOTZ_NN) tools/demo.sh build/wootz build/demo

release: $(LIBTORCH)  ## build-release/wootz and build-release/wootz-nn, without tests
	@$(PACKAGES) build
	@cmake --preset release -DWOOTZ_NN=$(WOOTZ_NN) --log-level=WARNING
	@cmake --build --preset release -j $(JOBS)

asan: .venv-torch/done  ## the fast tests under AddressSanitizer and UndefinedBehaviorSanitizer
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

tidy: .venv-torch/done  ## clang-tidy over the library and the command line
	@$(PACKAGES) build test lint
	@cmake --preset tidy --log-level=WARNING
	@run-clang-tidy-19 -clang-tidy-binary clang-tidy-19 -quiet -p build-tidy -j $(JOBS) $(abspath $(TRANSLATION_UNITS))

format:  ## rewrite the sources in our format
	@$(PACKAGES) format
	@clang-format-14 -i $(SOURCES)

format-check:  ## fail if a source is not in our format
	@$(PACKAGES) format
	@clang-format-14 --dry-run -Werror $(SOURCES)

replay: $(LIBTORCH)  ## compare this tree with the commit REF: plans, messages, and every byte that is written
	@$(PACKAGES) build test
	@cmake --preset dev -DWOOTZ_NN=$(WOOTZ_NN) --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS) --target wootz $(if $(LIBTORCH),wootz-nn)
	@$(PYTHON) tools/replay $(REF) --jobs $(JOBS) $(REPLAY_FLAGS)

bench: bench-build  ## times and memory of the methods, against a plain copy of the same bytes
	@$(PYTHON) bench/merge_bench.py --build build-bench
	@if [ -x build-bench/bench/kernels_bench ]; then build-bench/bench/kernels_bench; fi

bench-peers: bench-build .venv-peers/done  ## the same beside mergekit, and networks beside PyTorch and FusionBench
	@status=0; $(PYTHON) bench/networks_bench.py --build build-bench || status=1; \
	  $(PYTHON) bench/adapt_bench.py --build build-bench --wemoe || status=1; \
	  $(PYTHON) bench/peers_bench.py --build build-bench || status=1; exit $$status

.PHONY: bench-build
bench-build: .venv-torch/done
	@$(PACKAGES) build bench
	@cmake --preset bench --log-level=WARNING
	@cmake --build --preset bench -j $(JOBS)

# All run, even after one has failed.
test-peers: build .venv-peers/done  ## compare with mergekit, transformers, tokenizers and Pillow
	@failed=; for script in run tokens preprocessing networks modeling_wootz_test; do \
	  printf '\n== tests/peers/%s.py\n' $$script; \
	  .venv-peers/bin/python tests/peers/$$script.py || failed="$$failed $$script"; \
	done; \
	if [ -n "$$failed" ]; then echo "test-peers: differences in:$$failed" >&2; exit 1; fi

.venv-torch/done: requirements-torch.txt
	@$(PACKAGES) build
	@tools/make_venv.sh .venv-torch requirements-torch.txt
	@touch $@

.venv-peers/done: requirements-peers.txt
	@$(PACKAGES) build
	@tools/make_venv.sh .venv-peers requirements-peers.txt
	@touch $@

cuda: .venv-torch/done  ## install what --device cuda needs (3 GB; the GPU's driver is the system's)
	@.venv-torch/bin/python -m pip install --quiet --no-deps -r requirements-cuda.txt

clean:  ## remove what was built (not the Python environments)
	@rm -rf build build-release build-asan build-tsan build-fuzz build-tidy build-bench

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
