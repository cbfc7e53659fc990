"""The whole way in two minutes on two cores: a tiny BERT, from random weights, on shipped data.

    launch/local.sh --config=configs/demo.py                       # installs, trains, evaluates
    python -m xlt_flax.main --config=configs/demo.py               # E1D1F1
    python -m xlt_flax.main --config=configs/demo.py:E1E2D1
    python -m xlt_flax.eval --workdir=runs/demo/E1D1F1-seed50

Nothing is downloaded. Expect a validation accuracy far above chance (the sample's sentences are
simple) and a Japanese accuracy near chance: nothing in random weights ties Japanese to the other
languages. It shows the mechanics, not the science.
"""

from pathlib import Path

import xlt_flax
from xlt_flax.config import base


def get_config(mixture="E1D1F1"):
    config = base()
    config.mixture = mixture
    config.model.name = str(Path(xlt_flax.__file__).parent / "data" / "sample" / "tiny-bert")
    config.model.init = "random"
    config.data.dataset = "webis_cls10_sample"
    config.data.data_dir = "runs/data"
    config.data.max_length = 128
    config.data.train_per_group = 60
    config.data.validation_per_group = 20
    config.train.batch_size = 8
    config.train.epochs = 10
    config.train.learning_rate = 1e-3
    return config
