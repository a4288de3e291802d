# Two commands do everything on a machine with CPython 3.11 and a package index:
#
#   make demo        rewrites the legacy SSD Inception v2 into build/ and proves it equal
#   make test        lint, types, and the tests that take minutes
#
# make test-long     all tests, the long ones included
# make bench-odapi   the TF Object Detection API, old against migrated (hours on two cores; ROWS=part of a
#                    row's name for some rows, OLD_PYTHON=python3.7 with TensorFlow 1.15 for the old side)
# make bench-repositories CHECKOUTS=dir   whole repositories, old against migrated (NAMES=part of a
#                    repository's name for some, OLD_PYTHON as above)
# make bench-training-curve   trains the SSD fixture, old and migrated, over several starts (STARTS=n, STEPS=n;
#                    about half an hour on two cores; a second run goes on with what is not finished)
# make bench-weights    old checkpoints of real networks into Keras files and back (about an hour on two cores;
#                    ROWS, OLD_PYTHON as above; without OLD_PYTHON only what today's TensorFlow writes)
# make bench-rewrite-speed   slimport rewrite beside libcst and tf_upgrade_v2, in ratios (TREES="dir ..." instead of a generated
#                    tree; some minutes)
# make bench-models     migrated models beside the graphs they replace: latency, throughput, training step, memory
#                    (about an hour on two idle cores; CHECKOUT=dir with nets/nets_factory.py, NAMES=part of a
#                    network's name for some, OLD_PYTHON as above)
# make soak-verify      more than 200 runs of equal pairs, in which verify must raise no alarm (ROUNDS=n,
#                    OLD_PYTHON as above; 1 to 2 minutes for a round of 38; a second run goes on)
# make fuzz          mutated programs, of one file and of several, for SECONDS=n (default 600) from SEED=n on; what breaks
#                    a promise is kept in build/fuzz. FILES=dir mutates the files below a folder that name slim
# make fuzz-meaning  random networks of slim's ops, keywords and scopes, rewritten and compared in numbers, for SECONDS=n
#                    from SEED=n on (GRAPH=1: as sessions run them, in TensorFlow 1 graphs, too)
# make site-packages SITE=dir   slimport over a whole folder of installed packages: no crash, and nothing changes
#                    but what is TensorFlow 1's own (some minutes)
# make docs          regenerates docs/rules.md and docs/rules/ from the rules, docs/verify-report.md from its schema
# make site          the documentation as a site in build/site, with search: python -m http.server -d build/site
# make clean         removes build/ and the virtual environment
#
# Another interpreter: make PYTHON=python3.12 ...

PYTHON ?= $(shell python3.11 -c 'print("python3.11")' 2>/dev/null || echo python3)
VENV ?= .venv
JOBS ?= 2

BIN := $(VENV)/bin
FIXTURE := fixtures/legacy/ssd_inception_v2
MIGRATED := build/ssd_inception_v2

export TF_CPP_MIN_LOG_LEVEL ?= 3
# Tests start hundreds of interpreters; each would compile slimport anew.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

ROWS ?=
NAMES ?=
CHECKOUTS ?=
CHECKOUT ?=
OLD_PYTHON ?=
TREES ?=
STARTS ?= 3
STEPS ?= 600
ROUNDS ?= 6
SECONDS ?= 600
SEED ?= 0
GRAPH ?=
SITE ?=

.PHONY: demo test test-long bench-odapi bench-repositories bench-training-curve bench-weights bench-rewrite-speed bench-models soak-verify fuzz fuzz-meaning site-packages lint docs site clean

# `rewrite` ends with 1 while train, eval and data files hold marked TODOs; 2 is an error.
demo: $(VENV)/.verify-installed
	rm -rf $(MIGRATED)
	mkdir -p build
	$(BIN)/slimport rewrite $(FIXTURE) --out $(MIGRATED) --report build/rewrite.json || test $$? -eq 1
	$(BIN)/slimport verify $(FIXTURE)/verify.toml --old $(FIXTURE) --new $(MIGRATED) \
	    --cost-case inception_v2_base \
	    --json build/verify.json --markdown build/verify.md --html build/verify.html; \
	status=$$?; echo "The report: $(CURDIR)/build/verify.html"; exit $$status

# By files: what a module's tests share is made once, not in each process. In the order of their names, which
# ends with many short ones.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

test: lint
	$(PYTEST) -m "not slow"

test-long: lint
	$(PYTEST)

# The sources and all answers stay in the user's cache folder; a second run costs what changed.
bench-odapi: $(VENV)/.bench-installed
	$(BIN)/python -m benchmarks.object_detection_api --jobs $(JOBS) \
	    $(if $(OLD_PYTHON),--old-python $(OLD_PYTHON)) $(ROWS)

# CHECKOUTS: a folder with checkouts of the repositories that benchmarks/repositories/repositories.toml names.
bench-repositories: $(VENV)/.verify-installed
	@test -n "$(CHECKOUTS)" || { echo "say CHECKOUTS=dir, a folder of checkouts" >&2; exit 1; }
	$(BIN)/python -m benchmarks.repositories --checkouts $(CHECKOUTS) --jobs $(JOBS) \
	    $(if $(OLD_PYTHON),--old-python $(OLD_PYTHON)) $(NAMES)

bench-training-curve: $(VENV)/.verify-installed
	$(BIN)/python -m benchmarks.training_curve --starts $(STARTS) --steps $(STEPS) --work build/training-curve

bench-weights: $(VENV)/.bench-installed
	$(BIN)/python -m benchmarks.old_weights $(if $(OLD_PYTHON),--old-python $(OLD_PYTHON)) $(ROWS)

bench-rewrite-speed: $(VENV)/.verify-installed
	$(BIN)/python -m benchmarks.rewrite_speed $(TREES)

bench-models: $(VENV)/.bench-installed
	$(BIN)/python -m benchmarks.models $(if $(CHECKOUT),--checkout $(CHECKOUT)) \
	    $(if $(OLD_PYTHON),--old-python $(OLD_PYTHON)) $(NAMES)

soak-verify: $(VENV)/.verify-installed
	$(BIN)/python -m benchmarks.verify_soak --rounds $(ROUNDS) --work build/verify-soak \
	    $(if $(OLD_PYTHON),--old-python $(OLD_PYTHON))

fuzz: $(VENV)/.dev-installed
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --seed $(SEED) --generated --keep build/fuzz \
	    $(if $(FILES),--files $(FILES))

fuzz-meaning: $(VENV)/.verify-installed
	$(BIN)/python -m tests.fuzz.meaning --seconds $(SECONDS) --seed $(SEED) --keep build/fuzz-meaning \
	    $(if $(GRAPH),--graph)

site-packages: $(VENV)/.dev-installed
	@test -n "$(SITE)" || { echo "say SITE=dir, a folder of installed packages" >&2; exit 1; }
	$(BIN)/python -m benchmarks.site_packages $(SITE)

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check benchmarks slimport rules tests tools
	$(BIN)/mypy

docs: $(VENV)/.dev-installed
	$(BIN)/python tools/make_rules_doc.py
	$(BIN)/python tools/make_report_doc.py

site: $(VENV)/.dev-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf build $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "slimport needs CPython 3.11 or later: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Stamps: a second make installs nothing, a changed pyproject.toml does.
$(VENV)/.verify-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[verify]'
	touch $@

$(VENV)/.dev-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.verify-installed

$(VENV)/.bench-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	touch $@ $(VENV)/.verify-installed
