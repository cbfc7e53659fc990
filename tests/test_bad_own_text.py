"""What is refused of text of one's own, by the command line: one line each, and nothing left."""

import sys

import forks
import pytest

ROWS = "text,label\n" + "fine,good\nbad,bad\n" * 10


@pytest.fixture
def run(tmp_path):
    """run(config, *words): `main` in a folder with own/ in it; what it ended with."""
    (tmp_path / "own").mkdir()
    for name in ("en.train", "de.train", "ja.test"):
        (tmp_path / f"own/{name}.csv").write_text(ROWS)

    def make(data, *words):
        return forks.run(
            [
                *(sys.executable, "-m", "xlt_flax.main", f"--config=configs/files.py:{data}"),
                *("--config.model.name=xlt_flax:tiny-bert", "--config.model.init=random"),
                f"--config.data.data_dir={tmp_path / 'data'}",
                *words,
            ],
            cwd=tmp_path,
        )

    return make


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([""], "nothing stands after the colon: give"),
        (["own", "--config.data.files="], "config.data.files is '': give a folder"),
        (["missing"], "missing"),
        (["own", "--config.mixture=en+fr"], "names fr: give one of"),
        (["own", "--config.data.target_language=ko"], "ko"),
        (["own", "--config.data.dataset=webis_cls10"], "configs/files.py"),
        (["own", "--config.train.class_weights=bugs=2"], "bugs"),
    ],
)
def test_what_is_refused_is_one_line(run, tmp_path, words, said):
    ended = run(*words)
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr.strip().splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert not [*tmp_path.glob("runs/*/*")]
