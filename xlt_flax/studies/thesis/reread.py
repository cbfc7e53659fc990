"""The thesis's published cells, read again: what they show, computed from reported.ACCURACY.

    python -c "from xlt_flax.studies.thesis import reread; print(*reread.sentences(), sep='\\n')"

Exact permutation tests take mixtures as they come; the thesis has one seed, so nothing here knows
how much another seed would change. That is for a study with draws to say (configs/diversity.py).
"""

from dataclasses import dataclass

import numpy as np

from xlt_flax.analysis import statistics
from xlt_flax.analysis.languages import language_name
from xlt_flax.data.sources.webis_cls10.languages import LANGUAGE_OF_LETTER
from xlt_flax.studies.diversity.contrasts import delta_key, letters_of
from xlt_flax.studies.thesis import reported
from xlt_flax.studies.thesis.contrasts import zero_shot_contrasts

_MIXTURES = {group.label: group.runs for group in reported.ZERO_SHOT_GROUPS}
_GERMAN = "D"


@dataclass(frozen=True)
class Presence:
    """Mixtures with a language against those without: means, the nearest two, and exact p."""

    mean_with: float
    mean_without: float
    least_with: float
    most_without: float
    counts: tuple[int, int]
    test: statistics.Exact

    @property
    def worth(self) -> float:
        return self.mean_with - self.mean_without


@dataclass(frozen=True)
class Slope:
    """Accuracy by one more language, least squares: the slope and its standard error, shares."""

    slope: float
    error: float


@dataclass(frozen=True)
class Delta:
    """1:1:1 with a language's share held fixed, and what the language's presence alone predicts.

    Attributes:
      value: the thesis's, a share.
      predicted: were German's presence all that matters, by Presence.worth.
    """

    language: str
    value: float
    predicted: float


@dataclass(frozen=True)
class Line:
    """A question, and what the published cells say to it."""

    question: str
    answer: str


def presence(letter: str = _GERMAN) -> Presence:
    """The twelve zero-shot mixtures of tables 4.1 to 4.3, by whether a language is in them."""
    names = [name for runs in _MIXTURES.values() for name in runs]
    with_it = [reported.ACCURACY[name] for name in names if letters_of(name)[letter]]
    without = [reported.ACCURACY[name] for name in names if not letters_of(name)[letter]]
    return Presence(
        float(np.mean(with_it)),
        float(np.mean(without)),
        min(with_it),
        max(without),
        (len(with_it), len(without)),
        statistics.permutation_test(with_it, without),
    )


def diversity() -> tuple[float, statistics.Exact]:
    """1:1:1 less 3:0, and the permutation test of its six mixtures."""
    triple, single = ([reported.ACCURACY[n] for n in _MIXTURES[s]] for s in ("1:1:1", "3:0"))
    return float(np.mean(triple) - np.mean(single)), statistics.permutation_test(triple, single)


def pairs_without(letter: str = _GERMAN) -> tuple[float, float]:
    """Mean of the 2:1 mixtures without a language, and of its two languages alone."""
    means = []
    for shape in ("2:1", "3:0"):
        names = [name for name in _MIXTURES[shape] if not letters_of(name)[letter]]
        means.append(float(np.mean([reported.ACCURACY[name] for name in names])))
    return means[0], means[1]


def slope(beside: str | None = None) -> Slope:
    """Points by one more language over the twelve mixtures, alone or with a presence beside it."""
    names = [name for runs in _MIXTURES.values() for name in runs]
    columns = [np.ones(len(names)), np.array([len(letters_of(name)) for name in names], float)]
    if beside:
        columns.append(np.array([letters_of(name)[beside] > 0 for name in names], float))
    design = np.stack(columns, axis=1)
    accuracies = np.array([reported.ACCURACY[name] for name in names])
    fitted, *_ = np.linalg.lstsq(design, accuracies, rcond=None)
    rest = accuracies - design @ fitted
    variance = rest @ rest / (len(names) - design.shape[1])
    return Slope(
        float(fitted[1]), float(np.sqrt(variance * np.linalg.inv(design.T @ design)[1, 1]))
    )


def deltas() -> tuple[Delta, ...]:
    """1:1:1 with each language's share held fixed, German first."""
    worth = presence().worth
    languages = {delta_key(language): language for language in LANGUAGE_OF_LETTER.values()}
    found = []
    for contrast in zero_shot_contrasts(reported.ACCURACY):
        if contrast.key in languages:
            german = {name: float(letters_of(name)[_GERMAN] > 0) for name in contrast.weights}
            found.append(
                Delta(
                    languages[contrast.key],
                    contrast.of(reported.ACCURACY),
                    worth * contrast.of(german),
                )
            )
    return tuple(found)


def after_j1() -> tuple[float, float, str]:
    """1:1:1 less 3:0 after J1; the same without the run that J1 did not change; and its name."""
    groups = {group.label: group.runs for group in reported.AFTER_J1_GROUPS}
    unchanged = [
        name
        for name in groups["3:0"]
        if reported.ACCURACY[name] == reported.ACCURACY[name.removesuffix(reported.AFTER_J1)]
    ]
    (broken,) = unchanged
    triple = np.mean([reported.ACCURACY[name] for name in groups["1:1:1"]])
    single = np.mean([reported.ACCURACY[name] for name in groups["3:0"]])
    rest = np.mean([reported.ACCURACY[name] for name in groups["3:0"] if name != broken])
    return float(triple - single), float(triple - rest), broken


def best_singles() -> tuple[str, ...]:
    """For each language the group that is best on the Japanese test set, table 5.1."""
    best: dict[str, str] = {}
    for name in reported.SINGLE_GROUPS.runs:
        if reported.ACCURACY[name] > reported.ACCURACY.get(best.get(name[0], ""), 0):
            best[name[0]] = name
    return tuple(best.values())


def lines() -> tuple[Line, ...]:
    """What the cells show, one line a question."""
    return (_german(), _diversity(), _by_language(), _shares(), _chosen())


def sentences() -> list[str]:
    return [f"{line.question} {line.answer}" for line in lines()]


def _german() -> Line:
    found = presence()
    return Line(
        "German, or diversity?",
        f"Each of the {found.counts[0]} mixtures with German (least {_share(found.least_with)}) "
        f"beats each of the {found.counts[1]} without (most {_share(found.most_without)}): "
        f"{_share(found.mean_with)} against {_share(found.mean_without)}, exact p = "
        f"{_p(found.test)}.",
    )


def _diversity() -> Line:
    gain, test = diversity()
    two, alone = pairs_without()
    return Line(
        "Does 1:1:1 beat 3:0?",
        f"By {_points(gain)} points, exact p = {_p(test)}, "
        f"{'' if test.p <= test.least else 'not '}the least that three against three can give; "
        f"2:1 without German, {_share(two)}, lies {'below' if two < alone else 'above'} English "
        f"and French alone, {_share(alone)}.",
    )


def _by_language() -> Line:
    alone, beside = slope(), slope(_GERMAN)
    return Line(
        "What is one more language worth?",
        f"{_points(alone.slope)} ± {_points(alone.error)[1:]} points by least squares; with "
        f"German's presence beside it {_points(beside.slope)} ± {_points(beside.error)[1:]}.",
    )


def _shares() -> Line:
    found = deltas()
    values, predicted = (
        ", ".join(f"{_points(value)} ({language_name(each.language)})" for each, value in pairs)
        for pairs in ([(d, d.value) for d in found], [(d, d.predicted) for d in found])
    )
    return Line(
        "And with one language's share held fixed?",
        f"1:1:1 gains {values} points; were German's presence all, {predicted}.",
    )


def _chosen() -> Line:
    gain, rest, broken = after_j1()
    return Line(
        "Does diversity last after J1?",
        f"1:1:1 − 3:0 is {_points(gain)} points; without {broken}, which J1 left as it was, "
        f"{_points(rest)}. And {reported.BEST_SINGLES.key} is made of the groups that are best on "
        f"the Japanese test set itself ({', '.join(best_singles())}).",
    )


def _share(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")


def _p(test: statistics.Exact) -> str:
    return f"{test.p:.3f}".removeprefix("0")


def _points(value: float) -> str:
    text = f"{round(100 * value, 8):+.2f}".replace("-", "−")  # 1.625, not 1.6250000000000002
    return "0" if text[1:] == "0.00" else text
