"""The study of diversity in miniature: a tiny BERT from random weights, on the shipped sample.

python -m xlt_flax.sweep --config=configs/diversity_demo.py --draws=50,51,52
python -m xlt_flax.report --workdir=runs/diversity_demo
"""

from ml_collections import ConfigDict

from xlt_flax.analysis.diversity import diversity_mixtures
from xlt_flax.config import sample


def get_config():
    config = sample()
    config.data.max_length = 64
    config.data.train_per_group = 16
    config.data.validation_per_group = 8
    config.train.epochs = 1
    with config.unlocked():
        config.sweep = ConfigDict({"runs": tuple(m.name for m in diversity_mixtures())})
    return config
