"""The words of a command line: what some stand for, and what was probably meant by those that
belong to no flag.

absl leaves such words to the program, and stops reading flags at the first one.
"""

import re
import shlex
from collections.abc import Sequence
from itertools import pairwise, takewhile

from absl import flags

from xlt_flax.errors import UserError

_DASHES = tuple("‐‑‒–—―−")  # what editors and web pages make of a hyphen
_TRUTH = ("true", "false", "yes", "no", "t", "f", "y", "n", "1", "0")


def of_config(line: Sequence[str]) -> list[str]:
    """The words of a command line that are --config and its fields, with their values."""
    found: list[str] = []
    for before, word in pairwise(["", *line]):
        is_value = bool(found) and found[-1] == before and "=" not in before and word[:1] != "-"
        if is_value or word.startswith(("--config", "-config")):
            found.append(word)
    return found


def left_over(argv: Sequence[str], rest: Sequence[str], values: flags.FlagValues) -> str | None:
    """What to say of words that are left over; None if there are none.

    Args:
      argv: the command line, with the program's name.
      rest: of argv, without the program's name, what belongs to no flag, in order.
      values: the flags.
    """
    places = _places(argv, rest)
    if not places:
        return None
    first = places[0]
    words = [argv[first]]
    meant = _misspelled_flag(words[0], values)
    if meant is None:
        following = takewhile(lambda place: place in places, range(first + 1, len(argv)))
        after = (argv[place] for place in following)
        words += takewhile(lambda word: _misspelled_flag(word, values) is None, after)
        meant = _value_of(argv, first, words, values)
    return _describe(words, meant)


def misspelled(argv: Sequence[str], values: flags.FlagValues) -> list[str]:
    """What to say of each word that is nearly a flag, whatever else is wrong."""
    loose = (
        word
        for before, word in pairwise(argv)
        if word[:1] in _DASHES or not (word.startswith("-") or before.startswith("-"))
    )
    meant = ((word, _misspelled_flag(word, values)) for word in loose)
    return [_describe([word], flag) for word, flag in meant if flag]


def parse_shard(text: str) -> tuple[int, int]:
    """(index, count) of "I/N".

    Raises:
      UserError: it is not two numbers with I below N.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    index, count = map(int, match.groups()) if match else (0, 0)
    if index >= count:
        raise UserError(f"--shard={text}: give I/N, such as 0/4, 1/4, 2/4 and 3/4 for four shards")
    return index, count


def _describe(words: Sequence[str], meant: str | None) -> str:
    way_out = "values are given as --flag=VALUE, and quoted if there are spaces in them"
    return f"{' '.join(words)}: belongs to no flag; {f'was {meant} meant?' if meant else way_out}"


def _misspelled_flag(word: str, values: flags.FlagValues) -> str | None:
    """`–seeds=50` and `config.seed=51` as flags; None if it is neither."""
    name = word.lstrip("".join(_DASHES) + "-")
    if not name:
        return None
    if word[:1] in _DASHES or ("=" in name and name.split("=")[0].split(".")[0] in values):
        return f"--{name}"
    return None


def _places(argv: Sequence[str], rest: Sequence[str]) -> list[int]:
    """Where in argv the words are: those that are values of flags stand before what is left."""
    places: list[int] = []
    end = len(argv)
    for word in reversed(rest):
        end = max(i for i in range(1, end) if argv[i] == word)
        places.insert(0, end)
    return places


def _value_of(
    argv: Sequence[str], first: int, words: Sequence[str], values: flags.FlagValues
) -> str | None:
    """The flag before the words, with them as its value; None if they come before all flags."""
    before = next((i for i in range(first - 1, 0, -1) if argv[i].startswith("-")), None)
    if before is None:
        place = "config" if "config" in values else "workdir"
        return f"--{place}={shlex.quote(words[0])}" if place in values else None
    name, _, value = argv[before].lstrip("-").partition("=")
    if name not in values:
        return None
    flag = values[name]
    given = [value] if value else list(argv[before + 1 : first])
    if flag.boolean:
        return f"--{name}={words[0]}" if words[0].lower() in _TRUTH else None
    if isinstance(flag, flags.MultiFlag) or isinstance(flag.parser, flags.ListParser):
        parts = [part for word in (*given, *words) for part in word.split(",") if part]
        return f"--{name}={shlex.quote(','.join(parts))}"
    return shlex.quote(f"--{name}={' '.join((*given, *words))}")
