# Everything is set up inside .venv and built inside build; `make demo` and `make test` need nothing before them.
#   OPENCL=0   leave out the OpenCL driver and simulator (304 MB on x86-64 Linux; nothing elsewhere)
#   PYTHON=... the Python to make .venv with (3.11 or newer)

PYTHON ?= python3
OPENCL ?= 1
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin
LIBRARY := runtime/python/edgert/libedgert.so

export OPENCL
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test build lint format networks test-networks test-random test-conformance test-safety test-arm bench wheel clean

demo: build
	$(BIN)/python tools/fetch_networks.py ppocr_v4_rec silero_vad
	$(BIN)/python examples/demo/demo.py

test: build networks
	$(BIN)/python -m pytest -n $(JOBS) -m "not long and not arm" $(ARGS)

build: .venv/.ready
	cmake -G Ninja -B build -DCMAKE_BUILD_TYPE=Release -DEDGERT_TESTS=ON -DPython3_EXECUTABLE=$(CURDIR)/$(BIN)/python $(CMAKE_ARGS)
	cmake --build build -j $(JOBS)
	cmake --install build --strip --prefix runtime/python
	$(BIN)/python -m compileall -q runtime/python/edgert

.venv/.ready: pyproject.toml tools/set_up.py
	$(PYTHON) tools/set_up.py .venv
	touch $@

lint: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/mypy
	git ls-files '*.h' '*.cc' '*.c' | xargs $(BIN)/clang-format --dry-run --Werror

format: .venv/.ready
	$(BIN)/ruff check --fix .
	git ls-files '*.h' '*.cc' '*.c' | xargs $(BIN)/clang-format -i

networks: .venv/.ready
	$(BIN)/python tools/fetch_networks.py

# Every network on every backend and OpenCL driver at several shapes; minutes.
test-networks: build networks
	$(BIN)/python -m pytest -n $(JOBS) -m networks $(ARGS)

# Damaged files, hostile sizes and planted overruns, on a build with sanitizers; many minutes.
test-safety: build
	$(BIN)/python -m pytest -m long tests/core/test_safety.py $(ARGS)

# Thousands of new random graphs on every engine against ONNX Runtime; GRAPHS per range of opsets.
GRAPHS ?= 1000
test-random: build
	EDGEC_RANDOM_GRAPHS=$(GRAPHS) $(BIN)/python -m pytest -n $(JOBS) tests/random_graphs $(ARGS)

# ONNX's own backend tests on OpenCL, all of them, against the gap file; minutes.
test-conformance: build
	$(BIN)/python -m pytest -n $(JOBS) -m long tests/conformance $(ARGS)

# Cross-compiles for aarch64 and armv7 and runs under qemu-user.
test-arm: .venv/.ready networks
	$(BIN)/python -m pytest -m arm tests/arm $(ARGS)

# edgec beside its peers. PEERS=all sets up every peer, each in an environment of its own (gigabytes), PEERS="ncnn mnn"
# those; torch makes the networks that nobody publishes, which PEERS= leaves out. ARGS=--help lists what can be chosen.
PEERS ?= torch
bench: build
	$(BIN)/python -m benchmarks.environments $(PEERS)
	$(BIN)/python -m benchmarks $(ARGS)

# Builds the wheel and tries it in an empty environment.
wheel: build
	rm -rf dist
	$(BIN)/python -m pip wheel -q --no-deps -w dist .
	EDGEC_WHEEL=$$(ls dist/*.whl) $(BIN)/python -m pytest -s -m long tests/layout/test_wheel.py

clean:
	rm -rf build dist demo-out $(LIBRARY)
