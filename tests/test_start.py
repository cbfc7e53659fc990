"""What a command line imports before it knows that it needs it, and what importing us changes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {
    "flax",
    "jax",
    "optax",
    "orbax",
    "tensorflow",
    "tensorflow_datasets",
    "torch",
    "transformers",
}
NO_TENSORFLOW = {"tensorflow", "tensorflow_datasets", "torch"}


@pytest.fixture(scope="module")
def without_torch(tmp_path_factory):
    """The environment of a machine where torch is installed, and whoever imports it fails."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "torch").mkdir()
    (folder / "torch" / "__init__.py").write_text("raise RuntimeError('torch was imported')")
    metadata = folder / "torch-2.9.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.9.0\n")
    return os.environ | {"PYTHONPATH": str(folder)}


@pytest.fixture(scope="module")
def imported(without_torch):
    """imported(module, *flags, expect=0): the packages that a command line imports."""

    def run(module, *flags, expect=0):
        command = [sys.executable, "-X", "importtime", "-m", f"xlt_flax.{module}", *map(str, flags)]
        finished = subprocess.run(
            command, cwd=ROOT, env=without_torch, capture_output=True, text=True
        )
        assert finished.returncode == expect, finished.stderr[-3000:]
        lines = [line for line in finished.stderr.splitlines() if line.startswith("import time:")]
        names = {line.rpartition("|")[2].strip() for line in lines}
        assert "xlt_flax.errors" in names
        return {name.partition(".")[0] for name in names}

    return run


@pytest.fixture(scope="module")
def flags_of_run(tmp_path_factory, sample_data_dir):
    return (
        "--config=configs/demo.py",
        f"--workdir={tmp_path_factory.mktemp('start') / 'run'}",
        f"--config.data.data_dir={sample_data_dir}",
        "--config.data.max_length=32",
        "--config.model.forward=padded",
        "--config.train.max_steps=2",
    )


@pytest.fixture(scope="module")
def finished(flags_of_run, imported):
    """The workdir flag of a run that is done; whoever imported torch would have failed."""
    imported("main", *flags_of_run)
    return flags_of_run[1]


@pytest.mark.parametrize("module", ["main", "eval", "sweep", "report", "bench", "prepare"])
def test_help_imports_nothing_heavy(module, imported):
    assert not imported(module, "--help") & HEAVY


@pytest.mark.parametrize(
    "flags",
    [
        ("--model=m", "--input=gone.csv", "--output=o.csv"),
        ("--model=m", "--input=text.csv", "--output=o.csv", "--text=body"),
        ("--model=m", "--input=text.csv", "--output=o.csv", "--threshold=2"),
        ("--model=m", "--input=broken.csv", "--output=o.csv"),
        ("--workdir=empty", "--input=text.csv", "--output=o.csv"),
    ],
    ids=["input", "column", "threshold", "row", "workdir"],
)
def test_a_mistake_of_predict_is_found_before_anything_heavy(flags, imported, tmp_path):
    (tmp_path / "text.csv").write_text("text\none\n")
    (tmp_path / "broken.csv").write_text("text,n\none,1\ntwo\n")
    (tmp_path / "empty").mkdir()
    places = ("--input=", "--output=", "--workdir=")
    placed = [
        flag.replace("=", f"={tmp_path}/", 1) if flag.startswith(places) else flag for flag in flags
    ]
    assert not imported("predict", *placed, expect=2) & HEAVY


def test_a_run_that_is_done_says_so_before_anything_heavy(finished, flags_of_run, imported):
    assert not imported("main", *flags_of_run) & HEAVY


def test_an_evaluation_whose_tokens_are_there_needs_no_tensorflow(finished, imported):
    assert not imported("eval", finished) & NO_TENSORFLOW


def test_a_report_needs_neither_jax_nor_tensorflow(finished, imported):
    assert not imported("report", finished) & HEAVY


IMPORTS = """
import importlib, logging, os, pkgutil, signal, sys, warnings
import jax, flax, optax, orbax.checkpoint, tensorflow, tensorflow_datasets, transformers
import huggingface_hub, matplotlib.figure, scipy.stats
from absl import flags
from jax import config

transformers.logging.get_logger()

def state():
    loggers = {"": logging.getLogger()} | {
        name: logger
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    return {
        "environment": dict(os.environ),
        "loggers": {
            name: (logger.level, list(logger.handlers), list(logger.filters), logger.propagate)
            for name, logger in loggers.items()
        },
        "jax": dict(config.values),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "warnings": list(warnings.filters),
        "hooks": (sys.excepthook, sys.unraisablehook, sys.stdout, sys.stderr),
        "devices": tensorflow.config.get_visible_devices(),
    }

before = state()
import xlt_flax
for module in pkgutil.walk_packages(xlt_flax.__path__, "xlt_flax."):
    if ".configs" in module.name:
        continue
    importlib.import_module(module.name)
    for name in list(flags.FLAGS):  # command lines have some in common
        delattr(flags.FLAGS, name)
after = state()
for name, logger in after["loggers"].items():
    before["loggers"].setdefault(name, (logging.NOTSET, [], [], True))
for part, was in before.items():
    if part in ("environment", "loggers", "jax"):
        changed = {n: (was.get(n), v) for n, v in after[part].items() if was.get(n) != v}
        assert not changed, (part, changed)
    assert was == after[part], part
"""


def test_importing_every_module_changes_nothing_in_the_program():
    done = subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def test_importing_the_package_imports_nothing_but_it():
    script = "import sys; before = set(sys.modules); import xlt_flax; xlt_flax.__version__; "
    script += "print(*(set(sys.modules) - before - sys.stdlib_module_names))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert imported - sys.stdlib_module_names == {"xlt_flax"}
