"""The package as others get it: a wheel, in an environment that knows no checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "xlt_flax", "configs")
SMALL = (
    "--config.train.max_steps=2",
    "--config.data.train_per_group=8",
    "--config.data.validation_per_group=4",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        int(version("setuptools").split(".")[0]) < 77,
        reason="setuptools is older than pyproject.toml asks for: pip install setuptools>=77",
    ),
]


def call(*words, **options):
    finished = subprocess.run(list(map(str, words)), capture_output=True, text=True, **options)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, since a build writes beside its sources; without a network."""
    tree, built = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("built")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, symlinks=True)
        else:
            shutil.copy(ROOT / name, tree)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index"]
    call(*pip, "--wheel-dir", built, tree)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The Python of a new environment that has the wheel, and this one's other packages.

    A path in a .pth file brings packages, but not what other .pth files lead to: an editable
    install of this checkout stays behind.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    call(
        sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel
    )
    (own,) = folder.glob("lib/python*/site-packages")
    (own / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_it_has_every_file_of_the_package(wheel):
    """Data, templates and configs as well as modules."""
    kept = (path for path in (ROOT / "xlt_flax").rglob("*") if "__pycache__" not in path.parts)
    expected = {path.relative_to(ROOT).as_posix() for path in kept if path.is_file()}
    expected |= {f"xlt_flax/configs/{path.name}" for path in (ROOT / "configs").glob("*.py")}
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert inside == expected


def test_the_demo_runs_in_another_folder(installed, tmp_path):
    given = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "COV"))}

    def run(*words):
        return call(installed, *words, cwd=tmp_path, env=given)

    place = Path(run("-c", "import xlt_flax; print(xlt_flax.__file__)").strip())
    assert place.is_relative_to(installed.parents[1])
    told = run("-m", "xlt_flax.main", "--help")
    assert "  --config.train.learning_rate=2e-05\n      Peak learning rate of AdamW.\n" in told
    assert "  configs/demo.py  " in told
    trained = run("-m", "xlt_flax.main", "--config=configs/demo.py:E1", *SMALL)
    assert Path(trained.splitlines()[-1]) == tmp_path / "runs" / "demo" / "E1-seed50"
    assert "ja" in run("-m", "xlt_flax.eval", "--workdir=runs/demo/E1-seed50")
    run("-m", "xlt_flax.report", "--workdir=runs/demo/E1-seed50")
    assert (tmp_path / "runs" / "demo" / "E1-seed50" / "report" / "index.html").is_file()
    assert "E1D1F1" in run("-m", "xlt_flax.sweep", "--config=configs/thesis_demo.py", "--dry_run")
