"""Three groups of one source language (3:0): the thesis's table 4.1.

    python -m xlt_flax.main --config=configs/mono.py               # E1E2E3
    python -m xlt_flax.main --config=configs/mono.py:D1D2D3
    python -m xlt_flax.eval --workdir=runs/mono/E1E2E3-seed50

3,000 training and 300 validation documents, 10 epochs of 375 updates. The thesis reports a Japanese
accuracy of .7310 for English, .7450 for German, .7190 for French.
"""

from ml_collections import ConfigDict

from xlt_flax.config import mixture_config


def get_config(mixture: str = "E1E2E3") -> ConfigDict:
    return mixture_config(mixture, shape="3:0", example="D1D2D3")
