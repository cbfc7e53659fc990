"""`--config=configs/NAME.py` means the package's own, unless there is such a file here."""

from pathlib import Path

import pytest

from xlt_flax import shipped_configs
from xlt_flax.errors import UserError


def test_the_packages_own_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = shipped_configs.find("configs/demo.py")
    assert "def get_config" in Path(found).read_text()
    assert "configs/demo.py" in shipped_configs.names()


def test_a_file_that_is_here_goes_before_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "demo.py").touch()
    assert shipped_configs.find("configs/demo.py") == "configs/demo.py"


@pytest.mark.parametrize("path", ["configs/demp.py", "mine/demo.py", "demo.py"])
def test_another_folders_file_is_never_taken_for_it(path, tmp_path, monkeypatch):
    """Whoever mistypes the place of a config of his own is told so."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        shipped_configs.find(path)
    told = str(error.value)
    assert told.startswith(f"--config: there is no file {path}: was configs/demo.py meant? ")
    assert "configs/thesis.py" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["main", "--config=configs/j1.py:X", "--config.seed=1"], 1),
        (["main", "--config.seed=1", "-config", "configs/j1.py:X"], 3),
    ],
)
def test_in_a_command_line(words, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = shipped_configs.with_found_config(words)
    assert found[place].endswith(str(shipped_configs.FOLDER / "j1.py") + ":X")
    assert [w for i, w in enumerate(found) if i != place] == [
        w for i, w in enumerate(words) if i != place
    ]
