"""SHINRA in miniature: a tiny BERT, from random weights, on made articles that are shipped.

python -m xlt_flax.sweep --config=configs/shinra_demo.py --seeds=50,51,52
python -m xlt_flax.report --workdir=runs/shinra_demo
python -m xlt_flax.main --config=configs/shinra_demo.py:ja       # one run of it

"""

from ml_collections import ConfigDict

from xlt_flax.config import sample


def get_config(mixture: str = "") -> ConfigDict:
    config = sample()
    config.data.dataset, config.data.domain = "shinra_sample", ""
    config.train.epochs = 20
    if mixture:
        config.mixture = mixture
        return config
    with config.unlocked():
        config.sweep = ConfigDict({"runs": ("ja:60", "ja:120", "ja")})
    return config
