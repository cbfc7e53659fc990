"""What eval --watch waits for, and when it ends."""

from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from xlt_flax import workdir as workdir_module
from xlt_flax.config import base
from xlt_flax.errors import RunError
from xlt_flax.evaluation import follow as follow_module
from xlt_flax.evaluation.follow import until_done
from xlt_flax.workdir import Workdir


@pytest.fixture
def watch(tmp_path, monkeypatch):
    """watch(events): the steps that were looked at in a run in which, between one look and the
    next, these happen: "begin" and "end" of a training, a step that is saved, "done", or nothing.
    """

    def watch(events):
        workdir = Workdir(tmp_path / "run")
        workdir.start(base())
        looked_at, left = [], iter(events)
        with ExitStack() as training:

            def happen(seconds):
                event = next(left)
                if event == "begin":
                    training.enter_context(workdir.writer())
                elif event == "end":
                    training.close()
                elif event == "done":
                    workdir.done.touch()
                    training.close()
                elif event:
                    (workdir.checkpoints / str(event)).mkdir(parents=True)

            def look():
                saved = sorted(int(path.name) for path in workdir.checkpoints.glob("*"))
                looked_at.extend(step for step in saved if step not in looked_at)

            monkeypatch.setattr(follow_module, "time", SimpleNamespace(sleep=happen))
            happen(0)
            until_done(workdir, look)
        assert next(left, "all") == "all"
        return looked_at

    return watch


def test_a_training_is_watched_until_it_is_done(watch):
    assert watch(["begin", 3, "", "", "", "", "", 6, "done"]) == [3, 6]


def test_one_that_is_started_again_is_watched_on(watch):
    assert watch(["", "", "begin", 3, "end", "", "", "begin", "", 6, "done"]) == [3, 6]


def test_a_done_one_is_looked_at_once(watch):
    assert watch(["done"]) == []


@pytest.mark.parametrize("begun", [["begin", 3, "end"], [""]])
def test_a_dead_one_is_not_waited_for(begun, watch):
    with pytest.raises(RunError, match="is not done, and nobody trains it") as told:
        watch([*begun, *[""] * 100])
    assert len(str(told.value).splitlines()) == 1


def test_a_workdir_to_come_is_waited_for_and_said_so_once(tmp_path, monkeypatch, caplog):
    workdir, looks = Workdir(tmp_path / "run"), []

    def look(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            workdir.start(base())

    monkeypatch.setattr(workdir_module, "time", SimpleNamespace(sleep=look))
    with caplog.at_level("INFO", "xlt_flax"):
        workdir.wait_until_begun()
        workdir.wait_until_begun()
    assert len(looks) == 3
    assert [line for line in caplog.messages if "waiting for a training" in line] == caplog.messages
    assert len(caplog.messages) == 1
