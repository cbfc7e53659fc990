"""Zero-shot cross-lingual transfer in JAX: fine-tune where there are labels, use where not.

`xlt_flax.train`, `xlt_flax.evaluate` and what else `xlt_flax.api` has are imported when they are
asked for: importing the package imports nothing heavy, and changes nothing in the program.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# The others of api have the names of command lines, which are modules: xlt_flax.api.sweep.
_FUNCTIONS = ("train", "evaluate")
_MODULES = ("api", "config")


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return getattr(import_module("xlt_flax.api"), name)
    if name in _MODULES:
        return import_module(f"xlt_flax.{name}")
    raise AttributeError(f"module 'xlt_flax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_FUNCTIONS, *_MODULES])
