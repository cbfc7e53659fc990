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
def shared(config_of, share):
    """What the runs here share: their inputs and compiled programs."""
    return share(config_of(), ["E1D1F1", "J1"])


@pytest.fixture(scope="session")
def runs(config_of, shared, tmp_path_factory):
    """The workdirs of E1D1F1 and of J1 after it."""
    from xlt_flax.training.train import train
    from xlt_flax.workdir import Workdir

    folder = tmp_path_factory.mktemp("runs")
    first, second = Workdir(folder / "E1D1F1-seed50"), Workdir(folder / "J1-seed50")
    train(config_of(mixture="E1D1F1"), first, *shared)
    train(config_of(mixture="J1", init_from=str(first.path)), second, *shared)
    return first, second
