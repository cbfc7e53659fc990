"""Paths as users give them: a folder of this machine, or one line that says what else it is."""

import errno
import os
import re
from pathlib import Path

from xlt_flax.errors import UserError

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")  # gs://, and gs:/ as Path makes of it


def local_path(text: str | Path, what: str) -> Path:
    """An absolute path.

    Args:
      text: as it was given; `~` is somebody's home.
      what: the flag or field, for the message.

    Raises:
      UserError: it is a URL, or begins with the home of somebody who has none.
    """
    if url := _URL.match(str(text)):
        way_out = (
            "leave out file://"
            if url[1].lower() == "file"
            else "mount the bucket (gcsfuse, s3fs), or work in a local folder and copy that"
        )
        raise UserError(
            f"{what} is {str(text)!r}, a URL, and files are read and written on this machine's "
            f"file systems alone: {way_out}"
        )
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise UserError(f"{what} is {str(text)!r}, but there is no such home") from None


def local_folder(text: str | Path, what: str) -> Path:
    """An absolute path of a folder, or of one that can be made.

    Raises:
      UserError: it cannot be one.
    """
    path = local_path(text, what)
    try:
        above = next(part for part in (path, *path.parents) if os.path.lexists(part))
        os.stat(path)
    except FileNotFoundError:
        if above.is_symlink():
            raise UserError(f"{what}: {above} is a link to nothing: give a folder") from None
    except NotADirectoryError:
        pass
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
        raise UserError(f"{what}: {path}: {error.strerror}: give another folder") from None
    except ValueError as error:  # a null character
        raise UserError(f"{what} is {str(text)!r}: {error}: give a folder") from None
    if not above.is_dir():
        raise UserError(f"{what}: {above} is a file: give a folder")
    return path
