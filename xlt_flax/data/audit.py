"""What a run's data is, and where its parts overlap: the content of `audit.json`."""

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.known import Known
from xlt_flax.data.selection import Selection

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)


def audit(
    selection: Selection,
    test: Documents,
    target_language: str,
    max_length: int,
    earlier: Known | None = None,
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
