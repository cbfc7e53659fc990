"""Whether a run's bits come again: always on a CPU; on a GPU where it is asked for.

What XLA adds up in the order in which threads come, above all the gradients of word embeddings, has
other bits each time. `config.deterministic` forbids it that, by a flag that it reads as it starts.
"""

import logging
import os
from functools import cache

from ml_collections import ConfigDict

from xlt_flax.errors import UserError

log = logging.getLogger("xlt_flax")

OPTION = "xla_gpu_deterministic_ops"
FLAG = f"--{OPTION}=true"

_MAY_DIFFER = "on a GPU, bits may differ from run to run; config.deterministic=true forbids that"
_COSTS = (
    "config.deterministic: embedding gradients are sorted before they are added up, about 20 "
    "kernels more a step (compiled for an H100), and no kernel is chosen by trial, which costs "
    "what the choice would have gained (not measured)"
)


def announce(config: ConfigDict) -> None:
    """Says on a GPU, once a process, whether bits come again, and what that costs.

    Raises:
      UserError: they are to, and XLA was started without what it takes.
    """
    import jax  # a command line asks for FLAG before it starts it

    if jax.default_backend() != "gpu":
        return
    if config.deterministic and FLAG not in os.environ.get("XLA_FLAGS", "").split():
        raise UserError(
            f"config.deterministic needs {FLAG} in XLA_FLAGS before JAX is imported; command "
            "lines put it there by themselves"
        )
    _say(_COSTS if config.deterministic else _MAY_DIFFER)


@cache
def _say(line: str) -> None:
    log.info(line)
