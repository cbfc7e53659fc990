"""The whole thesis in miniature: its 35 runs with a tiny BERT, from random weights, on shipped data.

    python -m xlt_flax.sweep --config=configs/thesis_demo.py --seeds=50,51
    python -m xlt_flax.report --workdir=runs/thesis_demo

It downloads nothing. It shows the mechanics, not the science: nothing in random weights ties
Japanese to the other languages, so expect accuracies near chance until J1.
"""

from pathlib import Path

from ml_collections import ConfigDict

import xlt_flax
from xlt_flax.analysis import thesis
from xlt_flax.config import base


def get_config():
    config = base()
    config.sweep = ConfigDict({"runs": tuple(thesis.ACCURACY)})
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
