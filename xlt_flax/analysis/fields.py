"""A run's config as the report says it."""

import re
from collections.abc import Mapping

Config = Mapping[str, object]  # a run's fields by their full names, "train.batch_size"

OF_SECOND_STAGE = ("protocol", "init_checkpoint")  # which a run without a source has no use for


def model_name(config: Config) -> str:
    """A model's name without the place where it lies."""
    return re.split(r"[/\\:]", str(config.get("model.name", "")).rstrip("/"))[-1]


def shown(value: object) -> str:
    """A field's value as a person writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
