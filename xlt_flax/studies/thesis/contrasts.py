"""The thesis's contrasts: of diversity, before and after J1, and what J1 and source stages give."""

from collections.abc import Iterable
from dataclasses import replace

from xlt_flax.analysis.contrasts import Contrast, equal_weights, less
from xlt_flax.analysis.effects import Family
from xlt_flax.studies.diversity.contrasts import diversity_contrasts
from xlt_flax.studies.diversity.report import ZERO_SHOT
from xlt_flax.studies.thesis import reported

AFTER_J1, J1 = "after J1", "J1"  # stages, beside ZERO_SHOT
J1_STAGE = "after J1 - before"
SOURCE_STAGE = "J1 after a source stage - J1 alone"

_CHOSEN = reported.BEST_SINGLES.runs  # its groups were chosen by what they get on the test set


def families(names: Iterable[str]) -> list[Family]:
    """Every contrast for which there are runs, by stage."""
    names = list(names)
    return [
        Family(ZERO_SHOT, tuple(zero_shot_contrasts(names))),
        Family(AFTER_J1, tuple(after_j1_contrasts(names))),
        Family(J1, tuple(j1_contrasts(names))),
    ]


def zero_shot_contrasts(names: Iterable[str]) -> list[Contrast]:
    return diversity_contrasts(names, left_out=_CHOSEN)


def after_j1_contrasts(names: Iterable[str]) -> list[Contrast]:
    """What diversity is worth to the runs that went on with J1."""
    end = reported.AFTER_J1
    mixtures = [name.removesuffix(end) for name in names if name.endswith(end)]
    return [
        replace(
            contrast,
            key=f"{contrast.key}, {AFTER_J1}",
            weights={name + end: weight for name, weight in contrast.weights.items()},
            label=contrast.words,
        )
        for contrast in zero_shot_contrasts(mixtures)
    ]


def j1_contrasts(names: Iterable[str]) -> list[Contrast]:
    """What the J1 stage gives to mixtures, and what a source stage gives to J1."""
    names = list(names)
    after = [name for name in names if name.endswith(reported.AFTER_J1)]
    pairs = [(name, name.removesuffix(reported.AFTER_J1)) for name in after]
    pairs = [(one, other) for one, other in pairs if other in names]
    gain = less(
        equal_weights([one for one, _ in pairs]), equal_weights([other for _, other in pairs])
    )
    alone = [name for name in reported.J1_ALONE.runs if name in names]
    found = [
        Contrast(J1_STAGE, gain),
        Contrast(SOURCE_STAGE, less(equal_weights(after), equal_weights(alone))),
    ]
    return [contrast for contrast in found if contrast.weights]


def of_the_thesis() -> dict[str, float]:
    """Every contrast that the thesis's mixtures give, of its own accuracies."""
    return {
        contrast.key: contrast.of(reported.ACCURACY)
        for family in families(reported.ACCURACY)
        for contrast in family.contrasts
    }
