"""Zero-shot cross-lingual transfer in JAX: fine-tune where there are labels, use where not.

`xlt_flax.train`, `xlt_flax.evaluate`, `xlt_flax.Classifier` and what else `xlt_flax.api` has are
imported when they are asked for: importing the package imports nothing heavy, and changes nothing
in the program.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# The others of api have the names of command lines, which are modules: xlt_flax.api.sweep.
_NAMES = {
    "train": "xlt_flax.api",
    "evaluate": "xlt_flax.api",
    "Classifier": "xlt_flax.prediction.classifier",
    "UserError": "xlt_flax.errors",
    "RunError": "xlt_flax.errors",
}
_MODULES = ("api", "config")


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    if name in _MODULES:
        return import_module(f"xlt_flax.{name}")
    raise AttributeError(f"module 'xlt_flax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES, *_MODULES])
