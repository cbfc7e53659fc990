"""Names of mixtures, and the parts that they stand for.

A mixture is made of languages, `en+de`, or of groups, `E1D1F1` (section 4.1 of the thesis):

- An amount is a language's labelled documents: all, `en`; so many, `en:2000`; or a share of
  `config.data.budget`, `en:67%`. How they are drawn: data/language_parts.
- A group is one of several disjoint draws of one size from its language's pool (data/drawing).
  Which language a letter stands for is the data set's affair (data/sources).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from string import ascii_uppercase

from xlt_flax.errors import UserError

LANGUAGES = "languages"  # the shape of a mixture that is not of groups
_LANGUAGE = "[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*"
_AMOUNT = re.compile(rf"({_LANGUAGE})(?::(?:([1-9][0-9]*)|([0-9]+(?:\.[0-9]+)?)%))?")


@dataclass(frozen=True)
class Group:
    """One group of a mixture's name: the letter of its language, and its number counted from 1."""

    letter: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.letter}{self.number}"


@dataclass(frozen=True)
class Amount:
    """Labelled documents of one language.

    Attributes:
      name: as the mixture spells it.
      language: of the documents.
      count: how many; None: see `percent`.
      percent: of `config.data.budget`; None: all of them, unless there is a count.
    """

    name: str
    language: str
    count: int | None = None
    percent: Fraction | None = None


@dataclass(frozen=True)
class Part:
    """What a mixture takes of one language.

    Attributes:
      name: as the mixture spells it.
      language: of its documents.
      number: parts of one language and size are disjoint where their numbers differ; from 1.
      train, validation: how many documents it has of each.
    """

    name: str
    language: str
    number: int
    train: int
    validation: int


def parse_mixture(
    name: str,
    letters: Iterable[str] = ascii_uppercase,
    languages: Sequence[str] | None = None,
) -> list[Group] | list[Amount]:
    """The groups, or the amounts, that a mixture's name lists; the empty name has none.

    Args:
      name: such as "E1D1F1" or "en:2000+de".
      letters: of groups that a data set has; any, where it does not matter which one it is.
      languages: that it has; None: any.

    Raises:
      UserError: the name is made of neither, or names a group or a language twice, or one that
        there is not.
    """
    known = "".join(letters)
    if re.fullmatch(f"([{known}][1-9])*" if known else "", name):
        groups = [Group(letter, int(number)) for letter, number in re.findall("(.)(.)", name)]
        _require_once(name, [group.name for group in groups])
        return groups
    spelled = [_AMOUNT.fullmatch(part) for part in name.split("+")]
    amounts = [_amount(part) for part in spelled if part]
    if len(amounts) < len(spelled):
        raise _no_mixture(name, known)
    for amount in amounts:
        if languages is not None and amount.language not in languages:
            raise UserError(
                f"config.mixture {name!r} names {amount.language}: give one of "
                f"{', '.join(languages)}"
            )
    _require_once(name, [amount.language for amount in amounts])
    return amounts


def parts_of_groups(
    groups: Iterable[Group], letters: Mapping[str, str], train: int, validation: int
) -> list[Part]:
    """The parts of a mixture of groups.

    Args:
      groups: of the mixture.
      letters: of the data set, {letter: language}.
      train, validation: documents of each group.
    """
    return [
        Part(group.name, letters[group.letter], group.number, train, validation) for group in groups
    ]


def documents_of_groups(parts: Sequence[Group] | Sequence[Amount], each: int) -> int:
    """How many documents a mixture of groups has, `each` of a group.

    Raises:
      ValueError: it is of languages, so only the data says how many.
    """
    if any(isinstance(part, Amount) for part in parts):
        raise ValueError("how many documents a language has is not known from its name")
    return len(parts) * each


def counts_of(amounts: Sequence[Amount], budget: int) -> dict[str, int | None]:
    """How many labelled documents each language is to have; None: all that it has.

    Shares of the budget are made whole by largest remainder: they are never more than one document
    from the exact share, and together as many as the shares' sum, rounded.

    Args:
      amounts: of a mixture.
      budget: `config.data.budget`, documents; 0: there is none.

    Raises:
      UserError: there are shares and no budget; or they are more than all of it, or none of it.
    """
    exact = {a.language: a.percent * budget / 100 for a in amounts if a.percent is not None}
    _require_shares(amounts, budget)
    counts = {language: int(share) for language, share in exact.items()}
    short = round(sum(exact.values())) - sum(counts.values())
    for language in sorted(exact, key=lambda one: counts[one] - exact[one])[:short]:
        counts[language] += 1
    if none := [language for language, count in counts.items() if not count]:
        raise UserError(
            f"config.data.budget of {budget} documents leaves none for {none[0]}: raise it, or the "
            "language's share in config.mixture"
        )
    return {a.language: counts.get(a.language, a.count) for a in amounts}


def mixture_shape(parts: Sequence[Group] | Sequence[Amount]) -> str:
    """How many groups each language has, most first: `3:0`, `2:1`, `1:1:1`, or `1` for one group;
    LANGUAGES of a mixture that is not of groups.

    The target language's groups count as any other; configs say which shapes they take.
    """
    letters = [part.letter for part in parts if isinstance(part, Group)]
    if len(letters) < len(parts):
        return LANGUAGES
    counts = sorted(Counter(letters).values(), reverse=True)
    return "3:0" if counts == [3] else ":".join(map(str, counts))


def _amount(spelled: re.Match[str]) -> Amount:
    language, count, percent = spelled.groups()
    return Amount(
        spelled[0], language, int(count) if count else None, Fraction(percent) if percent else None
    )


def _require_once(name: str, parts: Iterable[str]) -> None:
    if repeated := [part for part, count in Counter(parts).items() if count > 1]:
        raise UserError(f"config.mixture {name!r} names {repeated[0]} more than once")


def _require_shares(amounts: Sequence[Amount], budget: int) -> None:
    shares = [amount for amount in amounts if amount.percent is not None]
    if shares and not budget:
        raise UserError(
            f"config.mixture names {shares[0].name}, but config.data.budget does not say of how "
            "many documents: set it"
        )
    if sum(amount.percent or 0 for amount in shares) > 100:
        raise UserError(
            f"config.mixture {'+'.join(amount.name for amount in amounts)!r} shares out more than "
            "100% of config.data.budget: lower the shares"
        )


def _no_mixture(name: str, known: str) -> UserError:
    one_of = "a letter" if known == ascii_uppercase else f"one of {', '.join(known) or 'none'}"
    return UserError(
        f"config.mixture {name!r} is neither a list of languages such as en:2000+de+fr:33%, nor of "
        f"groups such as E1D1F1: a group is {one_of} and a number from 1 to 9"
    )
