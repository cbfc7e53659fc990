"""A line below a notebook's cell that is written anew in place, for bars."""

import sys
from typing import Any


class Line:
    """A file that bars write to: what is written takes the place of what was."""

    def __init__(self) -> None:
        from IPython.display import display

        self._shown: Any = display(_as_text(""), raw=True, display_id=True)

    def write(self, text: str) -> int:
        if said := text.strip("\r\n"):  # those go to a line's begin, or end it
            self._shown.update(_as_text(said), raw=True)
        return len(text)

    def flush(self) -> None:
        """What is written is shown already."""


def is_notebook() -> bool:
    """Whether this process is a notebook's kernel. (IPython on a terminal is none.)"""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _as_text(line: str) -> dict[str, str]:
    return {"text/plain": line}
