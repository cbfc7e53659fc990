"""The whole way in two minutes on two cores: a tiny BERT, from random weights, on shipped data.

    launch/local.sh --config=configs/demo.py                       # installs, trains, evaluates
    python -m xlt_flax.main --config=configs/demo.py               # E1D1F1
    python -m xlt_flax.main --config=configs/demo.py:E1E2D1
    python -m xlt_flax.eval --workdir=runs/demo/E1D1F1-seed50

Nothing is downloaded. Expect a validation accuracy far above chance (the sample's sentences are
simple) and a Japanese accuracy near chance: nothing in random weights ties Japanese to the other
languages. It shows the mechanics, not the science.
"""

from ml_collections import ConfigDict

from xlt_flax.config import sample


def get_config(mixture: str = "E1D1F1") -> ConfigDict:
    config = sample()
    config.mixture = mixture
    return config
