"""Sweeps for the readers of analysis/: real ones here, made-up ones in made_up_sweep."""

from pathlib import Path

import pytest
from ml_collections import ConfigDict

_SMALL = {
    "data.train_per_group": 15,
    "data.validation_per_group": 11,
    "data.max_length": 32,
    "model.forward": "padded",  # compiles faster
    "train.epochs": 2,
}


@pytest.fixture(scope="session")
def train_sweep(sample_data_dir):
    """train_sweep(folder, names, draws, fields): a small sweep on the shipped sample, trained."""
    from xlt_flax.config import sample
    from xlt_flax.studies import plan, runner, study_file
    from xlt_flax.studies.thesis.reported import TABLE_OF

    def train(folder: Path, names, draws=(50,), fields=None) -> Path:
        config = sample()
        config.data.data_dir = str(sample_data_dir)
        config.update_from_flattened_dict({**_SMALL, **(fields or {})})
        with config.unlocked():
            config.sweep = ConfigDict({"runs": tuple(names)})
        config, names = plan.split_config(config)
        runs = plan.plan_runs(names, TABLE_OF)
        own = config.data.split_seed
        tasks = plan.make_tasks(runs, [50], [None if d == own else d for d in draws])
        study_file.write_sweep_file(folder, config, runs, [50], list(draws))
        runner.Runner(folder, config, runs, tasks).run()
        return folder

    return train


@pytest.fixture(scope="session")
def real_sweep(train_sweep, tmp_path_factory) -> Path:
    """What `sweep` wrote of E1D1F1 and its J1 stage, two draws, and `eval --language=de,ja`."""
    from xlt_flax.evaluation.evaluate import evaluate
    from xlt_flax.workdir import Workdir

    folder = tmp_path_factory.mktemp("real") / "sweep"
    train_sweep(folder, ("E1D1F1", "E1D1F1+J1"), (50, 51))
    workdir = Workdir(folder / "E1D1F1-seed50")
    evaluate(workdir, workdir.read_config(), ["de", "ja"])
    return folder
