"""E1D1F1 and J1 after it, trained once for an update each; the runs share their programs."""

from functools import partial

import pytest


@pytest.fixture(scope="session")
def config_of(small_config):
    return partial(
        small_config,
        model__vocabulary="full",  # one program for all mixtures
        data__train_per_group=20,
        data__validation_per_group=8,
        train__max_steps=1,
    )


@pytest.fixture(scope="session")
def setup_of(config_of):
    from xlt_flax.training.shared_setup import share_setup

    return share_setup(config_of(), ["E1D1F1", "J1"], steps=100).of


@pytest.fixture(scope="session")
def runs(config_of, setup_of, tmp_path_factory):
    """The workdirs of E1D1F1 and of J1 after it."""
    from xlt_flax.training.loop import train
    from xlt_flax.workdir import Workdir

    folder = tmp_path_factory.mktemp("runs")
    first, second = Workdir(folder / "E1D1F1-seed50"), Workdir(folder / "J1-seed50")
    train(config_of(mixture="E1D1F1"), first, setup_of)
    train(config_of(mixture="J1", init_from=str(first.path)), second, setup_of)
    return first, second
