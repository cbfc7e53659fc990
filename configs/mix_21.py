"""Two groups of one source language, one of another (2:1): the thesis's table 4.2.

    python -m xlt_flax.main --config=configs/mix_21.py             # E1E2D1
    python -m xlt_flax.main --config=configs/mix_21.py:F1F2D1
    python -m xlt_flax.eval --workdir=runs/mix_21/E1E2D1-seed50

3,000 training and 300 validation documents, 10 epochs of 375 updates. The thesis reports a Japanese
accuracy from .7070 (F1F2E1) to .7705 (F1F2D1), .7418 in the mean of six mixtures.
"""

from ml_collections import ConfigDict

from xlt_flax.config import mixture_config


def get_config(mixture: str = "E1E2D1") -> ConfigDict:
    return mixture_config(mixture, shape="2:1", example="F1F2D1")
