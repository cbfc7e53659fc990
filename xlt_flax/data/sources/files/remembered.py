"""What was read from files, kept beside the token stores, so that a second start reads none."""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from xlt_flax import files
from xlt_flax.errors import UserError

Answer = TypeVar("Answer", str, dict)
_SETTLED = 2.0  # seconds: a file as young may be written again without a new time or size


@dataclass(frozen=True)
class Memory:
    """Answers in a folder, a small file each.

    Attributes:
      root: the folder.
    """

    root: Path

    def sha256(self, path: Path) -> str:
        """The digest of a file's bytes, taken once for a path, size and time of change.

        Raises:
          UserError: the file is missing, or cannot be read.
        """
        if known := self.known_sha256(path):
            return known
        state = _state(path)
        digest = _digest(path)
        return self._kept(state, digest) if _is_settled(state) else digest

    def known_sha256(self, path: Path) -> str | None:
        """The same if it has been taken."""
        answer = self._read(_state(path))
        return answer if isinstance(answer, str) else None

    def answer(self, question: dict, find: Callable[[], dict]) -> dict:
        """The answer to a question that has one answer for ever; found once."""
        answer = self.known_answer(question)
        return self._kept(question, find()) if answer is None else answer

    def known_answer(self, question: dict) -> dict | None:
        answer = self._read(question)
        return answer if isinstance(answer, dict) else None

    def _read(self, question: object) -> object:
        try:
            held = json.loads(self._place(question).read_text("utf-8"))
            return held["answer"] if held["question"] == _as_stored(question) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # it is found anew

    def _kept(self, question: object, answer: Answer) -> Answer:
        with contextlib.suppress(OSError):  # a folder that is not for this user to write in
            files.write_json(self._place(question), {"question": question, "answer": answer})
        return answer

    def _place(self, question: object) -> Path:
        key = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
        return self.root / f"{key[:20]}.json"


def _as_stored(question: object) -> object:
    """As JSON gives it back: tuples are lists."""
    return json.loads(json.dumps(question))


def _state(path: Path) -> list:
    """A file's place, size and time of change in nanoseconds."""
    try:
        state = os.stat(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    return [str(path.absolute()), state.st_size, state.st_mtime_ns]


def _is_settled(state: list) -> bool:
    return time.time() - state[2] / 1e9 > _SETTLED


def _digest(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:  # which says nothing about the file
        raise
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from None
