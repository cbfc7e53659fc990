"""A line of JSON as an object."""

import json
from typing import Any

from xlt_flax.errors import UserError


def object_of(line: str | bytes, where: str, such_as: str) -> dict[str, Any]:
    """
    Args:
      line: of a file.
      where: it stands, for messages.
      such_as: what a line may be.

    Raises:
      UserError: it is no object, or is not UTF-8.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise UserError(f"{where}: is no object: give one a line, {such_as}")
    return record
