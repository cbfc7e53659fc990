"""One group of one source language: the thesis's table 5.1.

    python -m xlt_flax.main --config=configs/single.py             # E1
    python -m xlt_flax.main --config=configs/single.py:D1
    python -m xlt_flax.eval --workdir=runs/single/E1-seed50

1,000 training and 100 validation documents, 10 epochs of 125 updates. The thesis reports a Japanese
accuracy from .6625 (F1) to .7660 (D1), .7137 in the mean of nine groups.
"""

from ml_collections import ConfigDict

from xlt_flax.config import mixture_config


def get_config(mixture: str = "E1") -> ConfigDict:
    return mixture_config(mixture, shape="1", example="D1")
