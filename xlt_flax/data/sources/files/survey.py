"""A split read once before anything is made of it: whether it is whole, and what labels it has."""

from collections.abc import Mapping
from dataclasses import dataclass

from xlt_flax.data.sources.files.description import Description
from xlt_flax.data.sources.files.records import Record, records
from xlt_flax.errors import UserError

_MOST_LABELS = 10_000  # what has more is a column of something else


@dataclass(frozen=True)
class Survey:
    """What there is in a split.

    Attributes:
      documents: how many.
      empty: those of no text.
      labels: {label as the files have it: where its first document is}.
      first_list, first_several, first_without: where the first document is whose labels are a list;
        that has several; that has none. "": there is none such, or labels are not read.
    """

    documents: int
    empty: int
    labels: Mapping[str, str]
    first_list: str
    first_several: str
    first_without: str


def survey(description: Description, language: str, split: str) -> Survey:
    """Reads a split to its end; holds a number an id in memory, where ids are given.

    Raises:
      UserError: a file is not as it should be, there is no document, or two ids are the same.
    """
    documents, empty, labels, ids = 0, 0, dict[str, str](), set[int]()
    firsts = dict.fromkeys(("first_list", "first_several", "first_without"), "")
    for record in records(description, language, split):
        documents += 1
        empty += not "".join(record.texts).strip()
        if split != "unlabeled":
            _note_labels(labels, firsts, description, record)
        if description.id:
            _require_new(record, ids, description, language, split)
    if not documents:
        files = " and ".join(str(file.path) for file in description.files[language, split])
        raise UserError(f"{files}: holds no document: leave out the {language} {split} split")
    return Survey(documents, empty, labels, **firsts)


def _note_labels(
    labels: dict[str, str], firsts: dict[str, str], description: Description, record: Record
) -> None:
    for label in record.labels:
        if label not in labels:
            labels[label] = record.where
            _require_few(labels, description, record)
    is_so = (record.is_list, len(record.labels) > 1, not record.labels)
    for name, applies in zip(firsts, is_so, strict=True):
        if applies and not firsts[name]:
            firsts[name] = record.where


def _require_few(labels: Mapping[str, str], description: Description, record: Record) -> None:
    if len(labels) > _MOST_LABELS:
        raise UserError(
            f"{record.where}: column {description.label!r} has more than {_MOST_LABELS:,} "
            "different values: is it the label? (label = … in a TOML file)"
        )


def _require_new(
    record: Record, ids: set[int], description: Description, language: str, split: str
) -> None:
    """Of ids, their hashes are held; where one comes again, the files say whether the id does."""
    if not record.id.strip():
        raise UserError(f"{record.where}: column {description.id!r} is empty: give it an id")
    number = hash(record.id)
    if number in ids:
        for earlier in records(description, language, split):
            if earlier.where == record.where:
                break
            if earlier.id == record.id:
                raise UserError(
                    f"{record.where}: column {description.id!r} is {record.id!r}, as in "
                    f"{earlier.where}: an id is one document's of its language and split"
                )
    ids.add(number)
