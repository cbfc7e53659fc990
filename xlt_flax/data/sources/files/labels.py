"""The labels of a data set: those of its training files, under the names that it gives them."""

import re
from collections.abc import Iterable, Sequence

from xlt_flax.data.sources.files.description import LABELLED, Description
from xlt_flax.data.sources.files.survey import Survey
from xlt_flax.errors import UserError

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def training_labels(description: Description, surveys: Sequence[Survey]) -> tuple[str, ...]:
    """All labels, in the order that is given, or sorted: numbers as numbers, before other names.

    Args:
      description: of the data set.
      surveys: of all its training splits.

    Raises:
      UserError: there are none, or they are not those that are given.
    """
    found = {label for one in surveys for label in renamed(description, one).values()}
    given = description.labels
    if not surveys and not given:
        raise UserError(
            f"{description.place}: there are no training files, which labels are taken from: name "
            'them, labels = ["…", "…"] in a TOML file'
        )
    if surveys and (unused := [label for label in given if label not in found]):
        raise UserError(
            f"{description.place}: labels has {unused[0]!r}, which no training file has: leave it "
            "out, or train on it"
        )
    for one in surveys if given else ():
        require_known(description, one, given)
    if surveys and not found:
        raise UserError(
            f"{description.place}: column {description.label!r} of the training files is empty, "
            "which labels are taken from: label some documents"
        )
    return given or tuple(sorted(found, key=_order))


def have_several(description: Description, surveys: Iterable[Survey]) -> bool:
    """Whether documents may have several labels, or none; arguments as of `training_labels`."""
    return bool(description.labels_separator) or any(one.first_list for one in surveys)


def require_one_each(description: Description, split: str, survey: Survey) -> None:
    """Refuses documents of several labels; and of none, unless they are to be predicted alone.

    Raises:
      UserError: names the first one.
    """
    if survey.first_several:
        raise UserError(
            f"{survey.first_several}: column {description.label!r} has several labels, and those "
            "of training files have one each: give one, or training files with lists, too"
        )
    if survey.first_without and split in LABELLED:
        raise UserError(
            f"{survey.first_without}: column {description.label!r} is empty, and {split} documents "
            "need a label: give it one, or list the file under [unlabeled]"
        )


def renamed(description: Description, survey: Survey) -> dict[str, str]:
    """{label as a split's files have it: its name}.

    Raises:
      UserError: the description renames labels, and not this one.
    """
    if not description.rename:
        return {label: label for label in survey.labels}
    for label, where in survey.labels.items():
        if label not in description.rename:
            raise UserError(
                f"{where}: column {description.label!r} is {label!r}, which rename in "
                f"{description.place} does not list: list it, or take its rows out"
            )
    return {label: description.rename[label] for label in survey.labels}


def require_known(description: Description, survey: Survey, labels: Iterable[str]) -> None:
    """Refuses a split with a label that there is none of to train on.

    Raises:
      UserError: names the first row that has it.
    """
    known = {*labels}
    for label, name in renamed(description, survey).items():
        if name not in known:
            source = "labels lists" if description.labels else "training files have"
            raise UserError(
                f"{survey.labels[label]}: column {description.label!r} is {label!r}, and the "
                f"{source} no such label, but {', '.join(sorted(known, key=_order)[:20])}"
            )


def _order(name: str) -> tuple[bool, float, str]:
    is_number = _NUMBER.fullmatch(name) is not None
    return not is_number, float(name) if is_number else 0.0, name
