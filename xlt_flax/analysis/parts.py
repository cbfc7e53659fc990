"""Finds a report's tables and figures: each is a module in a package of its own kind."""

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType


def find_parts(packages: Iterable[str]) -> list[ModuleType]:
    """The modules of some packages by their `ORDER`, the lowest first.

    A package's `__path__` may have several folders: what lies in any of them is found.
    """
    found = [
        importlib.import_module(f"{name}.{module.name}")
        for name in packages
        for module in pkgutil.iter_modules(importlib.import_module(name).__path__)
    ]
    return sorted(found, key=lambda part: part.ORDER)
