# phago. `make help` lists what there is.
#
# Everything happens in .venv, which is made by PYTHON, and in target/. A step that has nothing to do is skipped.

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
CARGO ?= cargo

# What the wheel is made of; when one of these is newer than the installed package, it is built again.
SOURCES := $(shell find rust python -name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name Cargo.toml) \
	Cargo.toml Cargo.lock pyproject.toml $(wildcard wheel/data/share/man/man1/*)

# The system's pip installs into .venv where .venv could not get a pip of its own.
PIP = if $(BIN)/python -m pip --version >/dev/null 2>&1; then set -- $(BIN)/python -m pip; \
	else set -- $(PYTHON) -m pip --python $(BIN)/python; fi; "$$@" --disable-pip-version-check

# `pip --python` came with 22.3.
PIP_KNOWS_PYTHON := import pip, sys; sys.exit([int(part) for part in pip.__version__.split(".")[:2]] < [22, 3])

.PHONY: help demo test frameworks sdk dev check instructions readme man docs wheel dist bench campaign trials mutants tools training clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo       build phago, digest the documentation of this Python, answer five questions, tell what it found out'
	@echo 'make test       the tests of Rust and of Python'
	@echo 'make frameworks the tests of phago.integrations, with LangChain, LangGraph and LlamaIndex, which are installed for them'
	@echo 'make sdk        the tests of phago.mcp with the oldest SDK that it works with; make test has the newest'
	@echo 'make dev        a quick build into .venv: changes of Python show at once, those of Rust after the next make dev'
	@echo 'make check      formatting, lints, types, documentation, licences; warnings are errors'
	@echo 'make instructions  count what the hot paths of the core take, by valgrind; over 3 % more than was written down is an error'
	@echo 'make readme     what the examples of README.md and of docs/ print is written into them'
	@echo 'make docs       the documentation as a site, in docs/_build; warnings are errors'
	@echo 'make wheel      a wheel as it is published, compiled by the notes of a training (tools/training.py), in target/wheel'
	@echo 'make dist       the wheel and the source archive, in target/dist, checked as an index would'
	@echo 'make man        the manual page is written from the help of the commands'
	@echo 'make bench      figures beside peers, of what make wheel makes; PHAGO_DATA names a folder of corpora and collections'
	@echo 'make campaign   faults, kills, losses of power, damage and long runs by the thousand; PHAGO_CAMPAIGN has the sizes'
	@echo 'make trials     ten minutes of eight processes whose owner is killed every twenty seconds; schemathesis against a server'
	@echo 'make mutants    break phago in some hundred places and see that a test finds each'
	@echo 'make clean      remove .venv and what pytest, mypy and ruff keep'
	@echo
	@echo 'PYTHON=python3.12 make ...   with another Python (3.11 or later)'

demo: $(VENV)/.phago
	@$(BIN)/phago demo

test: $(VENV)/.phago $(VENV)/.test
	$(CARGO) test --workspace --exclude phago-py --locked
	$(CARGO) test --locked -p phago-engine --features shuttle --test interleaved
	$(BIN)/python -m pytest

# Apart from `make test`, as the frameworks are some sixty packages, of which a newcomer needs none.
frameworks: $(VENV)/.phago $(VENV)/.test $(VENV)/.frameworks
	$(BIN)/python -m pytest tests/test_integrations_langchain.py tests/test_integrations_langgraph.py \
		tests/test_integrations_llama_index.py

# It lies in a folder of its own, before the environment's on the path.
sdk: $(VENV)/.phago $(VENV)/.test $(VENV)/mcp-1
	PYTHONPATH=$(abspath $(VENV)/mcp-1) $(BIN)/python -m pytest \
		tests/test_mcp.py tests/test_mcp_tools.py tests/test_mcp_install.py

# The stamp goes first: what `make test` and `make demo` run is never the quick build.
dev: $(VENV)/.test $(VENV)/.dev | tools
	@rm -f $(VENV)/.phago $(VENV)/.wheel
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --quiet --profile dev

check: $(VENV)/.phago $(VENV)/.test $(VENV)/.check
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --locked -p phago-engine --features shuttle --test interleaved -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --workspace --exclude phago-py --locked
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict python/phago
	$(BIN)/python -m mypy.stubtest phago._phago
	$(BIN)/python tools/licences.py --check
	$(BIN)/python tools/mutants.py --check
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_guards.py tests/test_package.py

instructions: | tools
	$(PYTHON) tools/instructions.py

readme: $(VENV)/.test
	$(BIN)/python -W ignore tools/readme.py

man: $(VENV)/.phago $(VENV)/.test
	$(BIN)/python -W ignore tools/manual.py

docs: $(VENV)/.phago $(VENV)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --builder html docs docs/_build

wheel: $(VENV)/.dev | tools training
	rm -rf target/wheel
	$(BIN)/maturin build --quiet --pgo --profile dist --locked --out target/wheel --interpreter $(BIN)/python

# Built from the source archive and not from the tree, so that nothing is missing in it.
dist: $(VENV)/.dev $(VENV)/.dist | tools
	rm -rf target/dist
	$(BIN)/maturin sdist --out target/dist
	@$(PIP) wheel --quiet --no-deps --wheel-dir target/dist target/dist/phago-*.tar.gz
	$(BIN)/twine check --strict target/dist/*

# What is timed is what is published.
bench: $(VENV)/.wheel $(VENV)/.test $(VENV)/.bench
	$(BIN)/python -m pytest benches --benchmark-only --benchmark-quiet --timeout 3600 --page docs/benchmarks.md

# Tests whose sizes PHAGO_CAMPAIGN chooses: `long`, or kind=number,... ; `make test` runs a small size of each.
CAMPAIGNS := simulator store_power store_kill store_faults store_damage colony_damage decoders
campaign: export PHAGO_CAMPAIGN ?= long
campaign: $(VENV)/.phago $(VENV)/.test
	$(CARGO) test --release --locked -p phago-engine $(CAMPAIGNS:%=--test %)
	$(CARGO) test --release --locked -p phago-engine --features shuttle --test interleaved
	$(BIN)/python -m pytest -m 'campaign or not campaign' --timeout 7200 \
		tests/test_kills.py tests/test_backend_faults.py tests/test_machines.py tests/test_soak.py tests/test_programs.py tests/test_campaign.py

# Prints counts, what was lost (nothing may be) and how long takeovers took.
trials: $(VENV)/.phago $(VENV)/.test $(VENV)/.trials
	$(BIN)/python tests/owners.py 600 20
	$(BIN)/python tests/openapi.py

# One or some: .venv/bin/python tools/mutants.py NAME ...
mutants: $(VENV)/.test | tools
	$(BIN)/python tools/mutants.py

# --- what the above stand on --------------------------------------------------------------------------------------

# One line for what is missing, instead of a page from the tool that misses it.
tools:
	@[ -n "$(PYTHON)" ] || { \
		echo 'phago needs Python 3.11 or later: apt-get install python3, or PYTHON=/path/to/python3.11 make ...'; exit 1; }
	@command -v $(CARGO) >/dev/null || { \
		echo 'phago needs cargo, from Rust 1.89 or later: rustup.rs tells how to install it; then open a new shell'; exit 1; }
	@[ "$$($(CARGO) --version | sed 's/^cargo 1\.\([0-9]*\).*/\1/')" -ge 89 ] || { \
		echo "phago needs Rust 1.89 or later, and this is $$($(CARGO) --version): rustup update stable"; exit 1; }
	@command -v cc >/dev/null || { echo 'phago needs a C compiler to link: apt-get install gcc libc6-dev'; exit 1; }

# What joins the notes of the training; rustup has the one of its compiler.
training:
	@[ -x "$$(rustc --print target-libdir)/../bin/llvm-profdata" ] || rustup component add llvm-tools || { \
		echo 'phago needs llvm-profdata to train a wheel: rustup component add llvm-tools'; exit 1; }

# Debian cuts ensurepip out of its Python; then the system's pip fills the environment from outside.
$(VENV)/bin/python: | tools
	@if $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 && $@ -m pip --version >/dev/null 2>&1; then :; \
	elif $(PYTHON) -c '$(PIP_KNOWS_PYTHON)' 2>/dev/null; then $(PYTHON) -m venv --without-pip --clear $(VENV); \
	else rm -rf $(VENV); echo 'phago needs a pip to install with: apt-get install python3-venv'; exit 1; fi

$(VENV)/.phago: $(SOURCES) | tools $(VENV)/bin/python
	@echo 'building phago; the first time takes a few minutes'
	@$(PIP) install --quiet --force-reinstall --no-deps .
	@rm -f $(VENV)/.wheel
	@touch $@

$(VENV)/.wheel: $(SOURCES) tools/training.py | tools $(VENV)/bin/python
	@echo 'building phago twice, to be trained and as trained; it takes some ten minutes'
	@$(MAKE) --no-print-directory wheel
	@$(PIP) install --quiet --force-reinstall --no-deps target/wheel/*.whl
	@rm -f $(VENV)/.phago
	@touch $@

$(VENV)/.test: pyproject.toml tools/extras.py | $(VENV)/bin/python
	@$(BIN)/python tools/extras.py test > $(VENV)/test.txt
	@$(PIP) install --quiet -r $(VENV)/test.txt
	@touch $@

$(VENV)/.frameworks: pyproject.toml tools/extras.py | $(VENV)/bin/python
	@$(BIN)/python tools/extras.py frameworks > $(VENV)/frameworks.txt
	@$(PIP) install --quiet -r $(VENV)/frameworks.txt
	@touch $@

$(VENV)/mcp-1: | $(VENV)/bin/python
	@$(PIP) install --quiet --target $@ 'mcp==1.24.*'

$(VENV)/.dev: pyproject.toml tools/extras.py | $(VENV)/bin/python
	@$(BIN)/python tools/extras.py dev > $(VENV)/dev.txt
	@$(PIP) install --quiet -r $(VENV)/dev.txt
	@touch $@

$(VENV)/.bench: pyproject.toml tools/extras.py | $(VENV)/bin/python
	@$(BIN)/python tools/extras.py bench > $(VENV)/bench.txt
	@$(PIP) install --quiet -r $(VENV)/bench.txt
	@touch $@

$(VENV)/.docs: pyproject.toml tools/extras.py | $(VENV)/bin/python
	@$(BIN)/python tools/extras.py docs > $(VENV)/docs.txt
	@$(PIP) install --quiet -r $(VENV)/docs.txt
	@touch $@

$(VENV)/.dist: pyproject.toml tools/extras.py | $(VENV)/bin/python
	@$(BIN)/python tools/extras.py dist > $(VENV)/dist.txt
	@$(PIP) install --quiet -r $(VENV)/dist.txt
	@touch $@

$(VENV)/.trials: pyproject.toml tools/extras.py | $(VENV)/bin/python
	@$(BIN)/python tools/extras.py trials > $(VENV)/trials.txt
	@$(PIP) install --quiet -r $(VENV)/trials.txt
	@touch $@

$(VENV)/.check: pyproject.toml tools/extras.py | $(VENV)/bin/python
	@$(BIN)/python tools/extras.py check > $(VENV)/check.txt
	@$(PIP) install --quiet -r $(VENV)/check.txt
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
