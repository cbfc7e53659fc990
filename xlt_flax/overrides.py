"""--config.FIELD=VALUE for command lines that read the rest of a config from a workdir."""

from collections.abc import Mapping, Sequence

from absl import flags
from ml_collections import ConfigDict

from xlt_flax.config import resolve
from xlt_flax.config_checks import validate
from xlt_flax.config_fields import known_fields
from xlt_flax.stored_config import flat


def define_field_flags(fields: Sequence[str]) -> dict[str, flags.FlagHolder]:
    """Defines --config.FIELD=VALUE for a command line that reads the rest from a workdir.

    Args:
      fields: of the config, such as "model.name"; texts or whole numbers.
    """
    defaults = known_fields()
    holders: dict[str, flags.FlagHolder] = {}
    for field in fields:
        define = flags.DEFINE_integer if isinstance(defaults[field], int) else flags.DEFINE_string
        help_string = f"config.{field} in place of the workdir's."
        holders[field] = define(f"config.{field}", None, help_string)
    return holders


def given(holders: Mapping[str, flags.FlagHolder]) -> dict[str, str | int]:
    """{field: value} of those fields of `define_field_flags` that the command line gives."""
    return {field: flag.value for field, flag in holders.items() if flag.value is not None}


def given_anew(config: ConfigDict, values: Mapping[str, str | int]) -> ConfigDict:
    """A workdir's config with some fields given anew, {field: value}, paths made absolute; locked.

    Raises:
      UserError: a value cannot be.
    """
    if not values:
        return config
    changed = ConfigDict(config.to_dict())
    changed.update_from_flattened_dict(values)
    validate(changed)
    resolved = flat(resolve(changed).to_dict())
    changed.update_from_flattened_dict({field: resolved[field] for field in values})
    return changed.lock()
