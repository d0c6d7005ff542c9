# try:      install into .venv and transcribe a clip with real weights
# test:     add every backend and extra that works in process, check and test
# test-all: the same, with everything: other environments, servers, a browser
# soak:     the long forms of the slow tests: kills, fuzzing, long recordings
# check:    lint, format and types; of the page (JavaScript and CSS) too, which wants Node; the docs
# docs:     the documentation site, in build/site

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
NPM_BIN := node_modules/.bin
# Threads that wait for work sleep: the other half of the tests needs the core on which they would spin.
export OMP_WAIT_POLICY ?= PASSIVE
NODE_VERSION := $(shell sed -n 's/.*"node": ">=\([0-9]*\)".*/\1/p' package.json)

.PHONY: try test test-core test-service test-all soak test-page check check-page check-docs docs node
try: $(VENV)/.core
	$(BIN)/unispeech transcribe samples/english.wav --backend faster

test: $(VENV)/.all node_modules/.installed
	$(MAKE) --jobs 2 --output-sync=target test-core test-service check test-page MARKS='-m "not slow"'

# The checks and the halves of the tests run two at a time: each keeps one core busy. A browser's microphone
# drops sound when both cores are busy, so tests marked `alone` come after them.
test-core:
	$(BIN)/python -m pytest $(MARKS) $(addprefix --ignore tests/,server e2e realtime engine)

test-service:
	$(BIN)/python -m pytest $(MARKS) $(addprefix tests/,server e2e realtime engine)

test-all: $(VENV)/.all node_modules/.installed
	for name in openvino jax mlx whisperx; do $(BIN)/unispeech backends install --quiet $$name || exit 1; done
	UNISPEECH_REQUIRE_ALL=1 $(MAKE) --jobs 2 --output-sync=target check test-page test-service test-core \
		MARKS='-m "not soak and not alone"'
	UNISPEECH_REQUIRE_ALL=1 $(BIN)/python -m pytest -m 'alone and not soak'

soak: $(VENV)/.all
	UNISPEECH_REQUIRE_ALL=1 $(BIN)/python -m pytest -m soak --timeout 3600

check: check-page $(VENV)/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) check-docs

check-page: node_modules/.installed
	$(NPM_BIN)/biome check --error-on-warnings .
	$(NPM_BIN)/tsc

check-docs docs: $(VENV)/.all
	$(BIN)/python docs/_site/build.py

test-page: node
	node --test tests/page/*.test.js

node:
	@node -e 'process.exit(Number(parseInt(process.versions.node) < $(NODE_VERSION)))' 2>/dev/null && npm --version >/dev/null 2>&1 \
		|| { echo 'The page is checked with Node $(NODE_VERSION) or newer and npm: install them from https://nodejs.org (Debian 13: apt install nodejs npm).' >&2; exit 1; }

node_modules/.installed: package.json package-lock.json | node
	npm ci --no-audit --no-fund --silent
	touch $@

$(VENV)/.core: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# One torch for every test environment: tests/constraints.txt.
$(VENV)/.all: $(VENV)/.core tests/constraints.txt
	$(BIN)/python -m pip install --quiet --editable '.[all,test,docs]' --constraint tests/constraints.txt
	touch $@
