"""What diversity, J1 and the source stage are worth: every contrast of a study, measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from xlt_flax.analysis import contrasts, statistics
from xlt_flax.analysis.contrasts import Contrast
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.measured import Measured, measure
from xlt_flax.analysis.results import Run, Sweep
from xlt_flax.studies.thesis import reported

ZERO_SHOT, AFTER_J1, J1 = "zero-shot", "after J1", "J1"


@dataclass(frozen=True)
class Effect:
    """A contrast of the study, and the thesis's.

    Attributes:
      measured: the contrast, with its estimate where there is one.
      stage: which family of tests it belongs to.
      adjusted: p of its sign flip by Tarone's and Holm's rules over its stage; None also where so
        few blocks can never reject.
      thesis: the thesis's own, a share; None where the target language is another.
    """

    measured: Measured
    stage: str
    adjusted: float | None
    thesis: float | None

    @property
    def key(self) -> str:
        return self.measured.contrast.key

    @property
    def difference(self) -> float | None:
        """A share; None while it cannot be computed."""
        return self.measured.estimate.mean if self.measured.estimate else None

    @property
    def label(self) -> str:
        """The contrast in words, without its stage."""
        key = self.key.removesuffix(contrasts.AFTER_J1)
        if language := contrasts.language_of(key):
            return f"1:1:1, {language_name(language)}'s share held fixed"
        return key.replace(" - ", " − ")


def all_effects(sweep: Sweep, judged: Judged) -> tuple[Effect, ...]:
    """Every contrast for which the sweep has, or will have, the mixtures."""
    names = sweep.names()
    families = (
        (ZERO_SHOT, contrasts.diversity_contrasts(names)),
        (AFTER_J1, contrasts.diversity_contrasts(names, after_j1=True)),
        (J1, contrasts.j1_contrasts(names)),
    )
    known = contrasts.of_the_thesis() if sweep.target_language == reported.TARGET_LANGUAGE else {}
    return tuple(
        effect
        for stage, family in families
        for effect in _family(stage, family, sweep.runs, judged, known)
    )


def _family(
    stage: str, family: Sequence[Contrast], runs: Sequence[Run], judged: Judged, known: dict
) -> list[Effect]:
    found = [measure(contrast, runs, judged) for contrast in family]
    adjusted = statistics.tarone_holm(
        [each.test.p if each.test else None for each in found],
        [each.test.least if each.test else 0.0 for each in found],
    )
    return [
        Effect(each, stage, p, known.get(each.contrast.key))
        for each, p in zip(found, adjusted, strict=True)
    ]
