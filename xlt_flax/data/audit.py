"""What a run's data is, and where its parts overlap: the content of `audit.json`."""

from collections.abc import Iterator, Sequence

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.known import Known
from xlt_flax.data.language_sampling import epoch_counts
from xlt_flax.data.selection import Selection

_NAMED = 8  # classes or languages in a line
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)


def audit(
    selection: Selection,
    test: Documents,
    target_language: str,
    max_length: int,
    earlier: Known | None = None,
    temperature: float = 1.0,
) -> dict:
    """Counts documents, labels, token lengths and repeats of a run: a pure function of documents.

    Repeats are the same documents (see data/known): within one data set, those of equal normalised
    texts. A count is of documents on the right-hand side of its name: for `train_test`, how many
    test documents have a text that training or validation has seen. Of `within_train` and
    `within_test`, they are those whose text occurred before.

    Labels are counted by name, one document for each that it has; `unlabeled` says how many have
    none, where there are such. Lists of ids are sequences, read from the stores when written.

    Args:
      selection: what the run trains and validates on.
      test: what it is judged by.
      target_language: of `test`.
      max_length: tokens at which documents are cut.
      earlier: what the runs that it started from trained or validated on; None: it started from a
        model. `source_test`, `source_train` and `source_validation` are this run's documents that
        are among these.
      temperature: of the languages (see data/language_sampling): `languages` has what an epoch
        shows of each.
    """
    train, validation = selection.train, selection.validation
    duplicates = {
        "within_train": len(_repeats(train)),
        "within_test": _listed(test, _repeats(test)),
        "train_validation": _listed(validation, Known.of(train).marks(validation)),
        "train_test": _listed(test, Known.of(train, validation).marks(test)),
    }
    parts = {"train": train, "validation": validation, "test": test}
    if earlier is not None:
        for name in ("test", "train", "validation"):
            duplicates[f"source_{name}"] = _listed(parts[name], earlier.marks(parts[name]))
    return {
        "target_language": target_language,
        "groups": _groups(selection),
        "languages": _languages(train, temperature),
        "classes": _classes(train, selection.labels),
        "splits": {
            name: _split(documents, selection.labels, max_length)
            for name, documents in parts.items()
        },
        "duplicates": duplicates,
    }


def summary(report: dict) -> str:
    """The audit in one line, for the log."""
    documents = {name: split["documents"] for name, split in report["splits"].items()}
    duplicates = report["duplicates"]
    line = (
        f"data: {documents['train']} training, {documents['validation']} validation and "
        f"{documents['test']} {report['target_language']} test documents; repeated texts: "
        f"{duplicates['within_train']} within training, "
        f"{duplicates['train_validation']['documents']} in training and validation, "
        f"{duplicates['train_test']['documents']} in training and test, "
        f"{duplicates['within_test']['documents']} within test"
    )
    if "source_test" in duplicates:
        line += (
            f"; the runs before this one had {duplicates['source_train']['documents']} of its "
            f"training, {duplicates['source_validation']['documents']} of its validation and "
            f"{duplicates['source_test']['documents']} of the test documents"
        )
    return line


def imbalance(report: dict) -> list[str]:
    """What the audit says of classes and languages in training, in lines for the log: none of a run
    on nothing."""
    return [*_classes_in_words(report), *_languages_in_words(report["languages"])]


def _classes_in_words(report: dict) -> Iterator[str]:
    classes, total = report["classes"], report["splits"]["train"]["documents"]
    if not classes["largest"]:
        return
    largest, smallest = (
        f"{one['label']} ({one['documents']:,}, {one['documents'] / total:.1%})"
        for one in (classes["largest"], classes["smallest"])
    )
    line = f"classes: largest {largest}, smallest {smallest} of the training documents"
    if classes["largest"] == classes["smallest"]:
        line = f"classes: {classes['largest']['documents']:,} training documents of each"
    if without := classes["without_documents"]:
        line += f"; {len(without):,} without any: {_some(without)}"
    yield line


def _languages_in_words(languages: dict) -> Iterator[str]:
    """Nothing where all are shown as often as they are there."""
    if all(one["per_epoch"] == one["documents"] for one in languages.values()):
        return
    total = sum(map(_documents, languages.values()))
    shown = [
        f"{name} {one['share']:.1%} (of the documents {one['documents'] / total:.1%})"
        for name, one in sorted(languages.items(), key=lambda item: -item[1]["share"])
    ]
    yield f"languages of an epoch, by config.data.language_temperature: {_some(shown)}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _languages(train: Documents, temperature: float) -> dict:
    """Of each language: its training documents, how many an epoch shows, and its share of these."""
    names, totals = np.unique(train.languages, return_counts=True)
    shown = epoch_counts(totals, temperature).tolist()
    return {
        name: {"documents": total, "per_epoch": count, "share": round(count / len(train), 4)}
        for name, total, count in zip(names.tolist(), totals.tolist(), shown, strict=True)
    }


def _classes(train: Documents, labels: LabelSet) -> dict:
    """How far the training documents' classes differ in size: the largest, and the smallest that
    has any; of equals, the first. Both are None where there are no documents."""
    totals = dict(zip(labels.names, train.label_totals(len(labels)).tolist(), strict=True))
    held = [{"label": name, "documents": total} for name, total in totals.items() if total]
    return {
        "largest": max(held, key=_documents, default=None),
        "smallest": min(held, key=_documents, default=None),
        "without_documents": [name for name, total in totals.items() if not total],
    }


def _documents(counted: dict) -> int:
    return counted["documents"]


def _groups(selection: Selection) -> dict:
    groups: dict[str, dict] = {}
    begins = {"train": 0, "validation": 0}
    for part in selection.parts:
        groups[part.name] = {}
        for name, documents, size in (
            ("train", selection.train, part.train),
            ("validation", selection.validation, part.validation),
        ):
            own = documents.take(np.arange(begins[name], begins[name] + size))
            begins[name] += size
            groups[part.name][name] = {
                "documents": size,
                **_labels(own, selection.labels),
                "ids": own.ids,
            }
    return groups


def _split(documents: Documents, labels: LabelSet, max_length: int) -> dict:
    lengths = documents.lengths
    quantiles = np.quantile(lengths, _QUANTILES) if len(lengths) else np.zeros(len(_QUANTILES))
    return {
        "documents": len(documents),
        **_labels(documents, labels),
        "token_lengths": {
            "mean": round(float(lengths.mean()), 2) if len(lengths) else 0.0,
            **{f"{q:g}": float(v) for q, v in zip(_QUANTILES, quantiles, strict=True)},
            "at_max_length": int((lengths == max_length).sum()),
        },
    }


def _labels(documents: Documents, labels: LabelSet) -> dict:
    totals = documents.label_totals(len(labels)).tolist()
    without = int((documents.label_counts == 0).sum())
    return {
        "labels": dict(zip(labels.names, totals, strict=True)),
        **({"unlabeled": without} if without else {}),
    }


def _repeats(documents: Documents) -> np.ndarray:
    """int64[…]: those whose text occurred before."""
    _, first = np.unique(documents.digests, return_index=True)
    return np.setdiff1d(np.arange(len(documents)), first)


def _listed(documents: Documents, which: np.ndarray) -> dict:
    """How many documents `which` picks (bool[documents], or indices), and their ids."""
    chosen = documents.take(np.arange(len(documents))[which])
    return {"documents": len(chosen), "ids": chosen.ids}
