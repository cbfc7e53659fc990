"""The study of diversity in miniature: a tiny BERT from random weights, on the shipped sample.

    python -m xlt_flax.sweep --config=configs/diversity_demo.py --draws=50,51,52
    python -m xlt_flax.report --workdir=runs/diversity_demo

Three draws are 72 runs of 90 updates, and took four CPU minutes in all: some minutes on two cores.
Nothing is downloaded. It shows the mechanics, not the science: nothing in random weights ties
Japanese to the other languages, so expect Japanese accuracies near chance, runs that say one class
of all Japanese documents, and no evidence for or against anything. `configs/diversity.py` is the
study.
"""

from ml_collections import ConfigDict

from xlt_flax.config import sample
from xlt_flax.studies.diversity.mixtures import diversity_mixtures


def get_config() -> ConfigDict:
    config = sample()
    config.data.max_length = 64
    config.data.train_per_group = 48  # three groups fit in a language's 240 documents
    config.data.validation_per_group = 12
    config.train.epochs = 5
    with config.unlocked():
        config.sweep = ConfigDict({"runs": tuple(mixture.name for mixture in diversity_mixtures())})
    return config
