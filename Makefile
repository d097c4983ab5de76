# Every target sets the course up first, in .venv, where that is needed. README.md shows the same commands without make.
#   make run PYTHON=python3.12    with another Python than python3
#   make setup GPU=1              with what TensorFlow needs for an NVIDIA GPU under Linux

PYTHON ?= python3
QUICK_TESTS := tests/lessons/test_lessons.py tests/test_imports.py tests/test_project.py tests/test_images.py tests/test_resources.py
# Not in pyproject.toml: `uv pip install` would then put wheels of Python 3.10 into any environment.
LOCKING := --upgrade --quiet --universal --python-version 3.10 --generate-hashes --only-binary :all: --no-emit-index-url --custom-compile-command 'make lock'
VENV_PYTHON := $(if $(filter Windows_NT,$(OS)),.venv/Scripts/python.exe,.venv/bin/python)

help: ## show this list
	@awk -F ':[a-z ]*## ' '/^[a-z]+:.*## / {printf "make %-12s%s\n", $$1, $$2}' Makefile

setup: ## set the course up in .venv; does nothing where that is done
	@$(PYTHON) scripts/setup.py $(if $(filter 1,$(GPU)),--gpu)

run: setup ## execute all lessons; the executed copies land in build/notebooks
	@$(VENV_PYTHON) -m scripts.run

test: setup ## run all tests, and compare every stored output of the lessons
	@$(VENV_PYTHON) -m pytest

lab: setup ## open JupyterLab, to read and change the lessons
	@$(VENV_PYTHON) -m jupyterlab

data: setup ## fetch the real photos and the ImageNet weights (0.3 GB)
	@$(VENV_PYTHON) -m scripts.download

webpage: setup ## a web page of an exported model, one file: make webpage EXPORT=folder
	@$(VENV_PYTHON) -m scripts.webpage $(or $(EXPORT),build/export)

doctor: ## say what this machine has, what will be slow, what is missing, also before the set-up
	@$(PYTHON) -m scripts.doctor

tensorboard: setup ## open the curves that lesson 18 left in build/logs
	@$(VENV_PYTHON) -m tensorboard.main --logdir build/logs/lesson_18

outputs: setup ## execute the lessons and store their outputs in notebooks/
	@$(VENV_PYTHON) -m scripts.solutions && $(VENV_PYTHON) -m scripts.run --store

quick: setup ## what an everyday edit needs, in under a minute: style, promises, tests without TensorFlow
	@$(VENV_PYTHON) -m ruff check . && $(VENV_PYTHON) -m ruff format --check . && $(VENV_PYTHON) -m pytest -q $(QUICK_TESTS)

lint: setup ## check the style of the code, in notebooks too
	@$(VENV_PYTHON) -m ruff check . && $(VENV_PYTHON) -m ruff format --check .

lock: setup ## update requirements.txt from requirements.in, and requirements-gpu.txt
	@$(VENV_PYTHON) -m pip install --quiet uv
	@$(VENV_PYTHON) -m uv pip compile $(LOCKING) requirements.in --output-file requirements.txt
	@$(VENV_PYTHON) -m uv pip compile $(LOCKING) requirements-gpu.in --output-file requirements-gpu.txt

site: setup ## build the course as a site of web pages, offline: build/site/index.html
	@$(VENV_PYTHON) -m scripts.site

browser: setup ## find or install the browser in which tests open pages
	@$(VENV_PYTHON) -m scripts.browser

clean: ## delete what was built; the environment, pictures and weights stay
	@rm -rf build .pytest_cache .ruff_cache && find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.PHONY: help setup run test lab data webpage doctor tensorboard outputs quick lint lock site browser clean
