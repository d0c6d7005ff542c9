# try:      install into .venv and transcribe a clip with real weights
# test:     add every backend and extra that works in process, check and test
# test-all: the same, with everything: other environments, servers, a browser

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: try test test-all check
try: $(VENV)/.core
	$(BIN)/unispeech transcribe samples/english.wav --backend faster

test: check
	$(BIN)/python -m pytest -m "not slow"

test-all: check
	for name in openvino jax whisperx; do $(BIN)/unispeech backends install --quiet $$name || exit 1; done
	UNISPEECH_REQUIRE_ALL=1 $(BIN)/python -m pytest

check: $(VENV)/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.core: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# One torch for every test environment: tests/constraints.txt.
$(VENV)/.all: $(VENV)/.core tests/constraints.txt
	$(BIN)/python -m pip install --quiet --editable '.[all,test]' --constraint tests/constraints.txt
	touch $@
