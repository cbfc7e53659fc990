"""What is said to people of an evaluation."""

from xlt_flax.data.long_documents import WINDOWS

_HEADER = "language  accuracy  majority  macro-F1    loss  documents  checkpoint"


class Results(dict[str, dict]):
    """{language: what eval/<language>.json holds}; as text, a row each, and below it what must be
    known of it."""

    def __str__(self) -> str:
        return table(self)


def table(results: dict[str, dict]) -> str:
    """A row for each language, and below it what must be known of it."""
    rows = [_row(language, result) for language, result in results.items()]
    remarks = [
        f"{language}: {remark}"
        for language, result in results.items()
        for remark in (
            *sets_in_words(result),
            seen_in_words(result),
            _long_in_words(result),
            *result["problems"],
        )
    ]
    notes = dict.fromkeys(result["note"] for result in results.values() if "note" in result)
    return "\n".join([_HEADER, *rows, *remarks, *notes])


def _row(language: str, result: dict) -> str:
    accuracy, majority, macro_f1 = (
        f"{number_in_words(result[name]):>8}" for name in ("accuracy", "majority", "macro_f1")
    )
    return (
        f"{language:<8}  {accuracy}  {majority}  {macro_f1}  {number_in_words(result['loss']):>6}  "
        f"{result['n']:9d}  {result['checkpoint']} ({result['checkpoint_step']})"
    )


def sets_in_words(scores: dict) -> list[str]:
    """What must be known where documents may have several labels; [] where they have one."""
    if scores.get("confusion", []) is not None:
        return []
    micro_f1 = number_in_words(scores["micro_f1"])
    return [f"micro-F1 {micro_f1}; accuracy is the share of documents whose whole set is right"]


def seen_in_words(scores: dict) -> str:
    """Says how many of the judged documents were trained on, and what the others give.

    Args:
      scores: with `n`, `seen`, `accuracy_unseen` and `unlabeled`, as eval/<language>.json has them.
    """
    line = f"{scores['seen']:,} of {scores['n']:,} documents were trained on or validated on"
    if scores["unlabeled"]:
        line += f"; {scores['unlabeled']:,} more have no label and are not judged"
    if not scores["seen"]:
        return line
    if scores["accuracy_unseen"] is None:
        return f"{line}: none is left to judge the model by"
    return f"{line}; accuracy without them {scores['accuracy_unseen']:.4f}"


def _long_in_words(result: dict) -> str:
    return long_in_words(result["longer"], result["max_length"], result["long"])


def long_in_words(longer: int | None, length: int, long: str) -> str:
    """Says what became of documents that the model cannot read at once.

    Args:
      longer: how many there are; None: it is not known.
      length: tokens that the model reads.
      long: "truncate" or "windows".
    """
    reads = f"the {length:,} tokens that the model reads"
    if longer is None:
        return f"documents longer than {reads} were cut; how many, older token stores do not say"
    if not longer:
        return f"none is longer than {reads}"
    if long == WINDOWS:
        return f"{longer:,} are longer than {reads}, and were read in windows that overlap"
    many = f"{longer:,} are longer than {reads}, and were cut there"
    return f"{many} (--long=windows reads all of them)"


def number_in_words(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
