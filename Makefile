# make run   the embedded default: the 2015 Illapel sequence, replayed (a few minutes on first use)
# make test  everything CI runs
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --disable-pip-version-check --quiet

# Run once before all others, only so that numba keeps what they compile: code fresh from the compiler may differ in the
# last digit (1e-11) from the same code read back, which tests of equal bytes would see. Their verdict comes later.
FIRST = tests/models/adaptive/test_adaptive_model.py::test_bytes_are_the_same_in_every_process \
	tests/experiments/test_executors.py::test_a_fit_on_many_threads_is_the_same_in_a_process_of_its_own

.PHONY: run test
run: $(VENV)/run
	$(BIN)/houfeng run

test: $(VENV)/test
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/ruff format --check src tests benchmarks scripts
	@echo "Compiling (about a minute on a new machine) ..."
	-@$(BIN)/pytest -q $(FIRST) >/dev/null 2>&1
	$(BIN)/pytest -n 2 --dist loadfile

$(VENV)/run: pyproject.toml constraints.txt
	@echo "Installing Houfeng into $(VENV) (about a minute) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -c constraints.txt -e .
	touch $@

$(VENV)/test: $(VENV)/run
	@echo "Installing the test tools into $(VENV) ..."
	$(PIP) -c constraints.txt -e ".[test]"
	touch $@
