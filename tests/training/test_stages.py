"""Which runs a run started from, where folders were moved or are gone."""

import shutil

import pytest

from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.training.stages import chain, source_of
from xlt_flax.workdir import Workdir


def begun(path, init_from=""):
    config = base()
    config.init_from = str(init_from)
    workdir = Workdir(path)
    path.mkdir(parents=True)
    workdir.start(config)
    return workdir


@pytest.fixture
def three_stages(tmp_path):
    """Paths of a run, of one from it, and of one from that."""
    folder = tmp_path / "runs"
    first, second, third = folder / "first", folder / "second", folder / "third"
    begun(first), begun(second, first), begun(third, second)
    return first, second, third


def paths(workdirs):
    return [workdir.path for workdir in workdirs]


def test_all_earlier_stages_the_nearest_first(three_stages):
    first, second, third = three_stages
    assert paths(chain(Workdir(third))) == [second, first]
    assert source_of(Workdir(second)).path == first
    assert source_of(Workdir(first)) is None
    assert chain(Workdir(first)) == []


def test_folders_that_moved_together(three_stages, tmp_path):
    shutil.move(tmp_path / "runs", tmp_path / "moved")
    moved = tmp_path / "moved"
    assert paths(chain(Workdir(moved / "third"))) == [moved / "second", moved / "first"]


def test_a_source_that_is_gone_is_named(three_stages):
    first, _, third = three_stages
    shutil.rmtree(first)
    with pytest.raises(UserError, match=rf"second started from {first}, which is gone"):
        chain(Workdir(third))


def test_a_run_of_its_sources_name_is_not_its_own_source(tmp_path):
    run = begun(tmp_path / "run", tmp_path / "elsewhere" / "run")
    with pytest.raises(UserError, match="which is gone"):
        source_of(run)


def test_runs_in_a_ring_end(tmp_path):
    begun(tmp_path / "a", tmp_path / "b")
    b = begun(tmp_path / "b", tmp_path / "a")
    with pytest.raises(UserError, match="started from itself"):
        chain(b)
