"""The whole thesis in miniature: its 35 runs, with a tiny BERT from random weights, on the sample.

    python -m xlt_flax.sweep --config=configs/thesis_demo.py --seeds=50,51
    python -m xlt_flax.report --workdir=runs/thesis_demo

It downloads nothing, and takes about seven minutes for two seeds on two cores. It shows the
mechanics, not the science: nothing in random weights ties Japanese to the other languages, so
expect accuracies near chance until J1.
"""

from ml_collections import ConfigDict

from xlt_flax.config import sample
from xlt_flax.studies.thesis import reported


def get_config() -> ConfigDict:
    config = sample()
    with config.unlocked():
        config.sweep = ConfigDict({"runs": tuple(reported.ACCURACY)})
    return config
