"""A config as Python names one: itself, or the path of its file, with fields changed."""

import importlib.util
from collections.abc import Mapping
from os import PathLike, fspath
from types import ModuleType
from typing import Any

from ml_collections import ConfigDict

from xlt_flax import shipped_configs
from xlt_flax.config_fields import known_fields, unknown_field
from xlt_flax.errors import UserError


def named_config(
    config: ConfigDict | str | PathLike[str], changes: Mapping[str, Any]
) -> ConfigDict:
    """
    Args:
      config: a config, which stays as it is; or what --config takes, such as
        "configs/mix_111.py:E2D2F2".
      changes: {field: value}, "train.epochs" or, as a keyword can be spelled, "train__epochs".

    Raises:
      UserError: there is no such file, or no such field, or a field takes no such value.
    """
    given = config if isinstance(config, ConfigDict) else _of_file(fspath(config))
    changed = given.copy_and_resolve_references()
    for name, value in changes.items():
        field = name.replace("__", ".")
        if field not in known_fields():
            raise UserError(unknown_field(field))
        try:
            changed.update_from_flattened_dict({field: value})
        except (TypeError, ValueError):
            kind = type(known_fields()[field]).__name__
            raise UserError(f"config.{field} is {value!r}: give {_A.get(kind, kind)}") from None
    return changed.lock()


_A = {"int": "a whole number", "float": "a number", "str": "a string", "bool": "True or False"}


def _of_file(place: str) -> ConfigDict:
    path, _, argument = place.partition(":")
    get_config = _module(shipped_configs.find(path)).get_config
    return get_config(argument) if argument else get_config()


def _module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("xlt_flax_named_config", path)
    if spec is None or spec.loader is None:
        raise UserError(f"--config: {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
