"""One writer a workdir, and workdirs of other makers are refused."""

import ast
import json
import multiprocessing
import re
from pathlib import Path

import pytest

import xlt_flax
from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.workdir import FORMAT, StudyFolder, Workdir


def hold(path, held, release):
    with Workdir(path).writer():
        held.set()
        release.wait()


def test_the_second_writer_is_refused_and_a_dead_one_does_not_count(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "run", held, release), daemon=True)
    other.start()
    assert held.wait(60)
    with (
        pytest.raises(UserError, match=f"process {other.pid} on "),
        Workdir(tmp_path / "run").writer(),
    ):
        pass
    other.kill()  # it can't let go itself
    other.join()
    with Workdir(tmp_path / "run").writer():
        pass


def test_a_folder_of_somebody_elses_is_refused(tmp_path):
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(UserError, match=r"thesis\.docx"):
        Workdir(tmp_path).check(base())


def test_a_changed_config_is_named(tmp_path):
    workdir = Workdir(tmp_path / "run")
    workdir.start(base())
    workdir.check(base())
    changed = base()
    changed.train.batch_size = 16
    changed.data.data_dir = changed.model.name = "/elsewhere"  # where, not what
    with pytest.raises(UserError, match=r"\(train.batch_size: 8 -> 16\)"):
        workdir.check(changed)


def test_a_newer_workdir_is_refused(tmp_path):
    workdir = Workdir(tmp_path)
    versions = {"workdir": FORMAT + 1, "xlt_flax": "9.0"}
    workdir.config_file.write_text(json.dumps({"config": {}, "versions": versions}))
    with pytest.raises(UserError, match=r"newer xlt_flax \(9\.0\)"):
        workdir.read_config()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"config": {}}'])
def test_a_spoilt_config_is_named(tmp_path, content):
    workdir = Workdir(tmp_path)
    workdir.config_file.write_text(content)
    with pytest.raises(UserError, match=r"config\.json is not whole"):
        workdir.read_config()


def test_a_spoilt_config_is_repaired_from_its_copy(tmp_path, caplog):
    workdir = Workdir(tmp_path / "run")
    workdir.start(base())
    whole = workdir.config_file.read_bytes()
    workdir.config_file.write_bytes(whole[:100])
    assert workdir.read_config().to_dict() == base().to_dict()
    changed = base()
    changed.seed = 51
    with pytest.raises(UserError, match="seed: 50 -> 51"):
        workdir.check(changed)
    workdir.check(base())
    with caplog.at_level("WARNING", "xlt_flax"):
        workdir.start(base())
    assert "written anew from its copy" in caplog.text
    assert workdir.config_file.read_bytes() == whole


def test_what_a_killed_writer_left_is_removed(tmp_path):
    left = tmp_path / ".metrics.jsonl.123.tmp"
    left.touch()
    Workdir(tmp_path).start(base())
    assert not left.exists()


def test_the_files_of_an_evaluation(tmp_path):
    workdir = Workdir(tmp_path)
    assert (workdir.evaluated(), workdir.curves()) == ([], [])
    workdir.eval.mkdir()
    for language in ("ja", "de"):
        workdir.scores(language).touch()
        workdir.predictions(language).touch()
    workdir.curve("fr").touch()
    assert (workdir.evaluated(), workdir.curves()) == (["de", "ja"], ["fr"])


def test_the_latest_checkpoint(tmp_path):
    workdir = Workdir(tmp_path)
    assert (workdir.latest_checkpoint(), workdir.has_checkpoints()) == (None, False)
    for name in ("9", "10", "damaged-12", "11.orbax-checkpoint-tmp"):
        (workdir.checkpoints / name).mkdir(parents=True)
    assert (workdir.latest_checkpoint(), workdir.has_checkpoints()) == (10, True)


def test_the_runs_of_a_study(tmp_path):
    study = StudyFolder(tmp_path)
    assert (study.runs(), study.timings()) == ([], [])
    for name in ("b", "a"):
        Workdir(tmp_path / name).start(base())
    (tmp_path / "c").mkdir()
    Workdir(tmp_path / "b").timing.touch()
    assert [run.path.name for run in study.runs()] == ["a", "b"]
    assert [path.parent.name for path in study.timings()] == ["b"]


# A run's and a study's files, alone or at the end of a pattern; a model's folder has a config.json.
NAMES = re.compile(
    r"(.*/)?(metrics\.jsonl|audit\.json|DONE|failure\.txt|timing\.json|sweep\.json|eval|checkpoints"
    r"|report)|.*\.(curve|predictions)\.jsonl|.+/config\.json"
)


COMMANDS = ("eval",)  # the command line's name too


def test_no_other_module_knows_a_files_name():
    found = []
    for path in Path(xlt_flax.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and NAMES.fullmatch(text) and text not in COMMANDS:
                found.append(f"{path.name}:{node.lineno} {text}")
    assert [line for line in found if not line.startswith("workdir.py")] == []
