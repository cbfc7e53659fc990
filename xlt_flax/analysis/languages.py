"""Accuracy by language: of every run, on every language that it was judged on."""

from collections.abc import Sequence
from dataclasses import dataclass

from xlt_flax.analysis.results import Evaluation, Results, finished_of

# Those of the corpora that such studies are made on; any other is called by its code.
NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "sw": "Swahili",
    "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True)
class LanguageCell:
    """One run's results on one language, a value for each finished run of the name.

    Attributes:
      accuracies: shares.
      documents, seen: judged, and trained or validated on; None where it was not recorded.
      accuracies_unseen: over the documents that were not; None where there is none.
      majority: share of the most frequent class, None where unknown.
    """

    accuracies: tuple[float, ...]
    documents: tuple[int | None, ...]
    seen: tuple[int | None, ...]
    accuracies_unseen: tuple[float | None, ...]
    majority: tuple[float | None, ...]


def language_name(code: str) -> str:
    """Its English name; the code itself where it has none here."""
    return NAMES.get(code, code)


def languages_listed(codes: Sequence[str]) -> str:
    """ "Japanese", "Japanese and Korean", "Japanese, Korean and Thai"."""
    *first, last = map(language_name, codes)
    return f"{', '.join(first)} and {last}" if first else last


def by_language(results: Results) -> dict[str, dict[str, LanguageCell]]:
    """Language -> run name -> results."""
    found: dict[str, dict[str, list[Evaluation]]] = {}
    for run in finished_of(results.runs):
        for language, evaluation in run.evaluations.items():
            found.setdefault(language, {}).setdefault(run.name, []).append(evaluation)
    return {
        language: {
            name: LanguageCell(
                accuracies=tuple(e.accuracy for e in evaluations),
                documents=tuple(e.documents for e in evaluations),
                seen=tuple(e.seen for e in evaluations),
                accuracies_unseen=tuple(e.accuracy_unseen for e in evaluations),
                majority=tuple(e.majority for e in evaluations),
            )
            for name, evaluations in names.items()
        }
        for language, names in sorted(found.items())
    }
