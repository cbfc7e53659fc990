"""What a study's contrasts come to: every one measured, its tests corrected family by family."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xlt_flax.analysis import statistics
from xlt_flax.analysis.contrasts import Contrast
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.measured import Measured, measure
from xlt_flax.analysis.results import Run


@dataclass(frozen=True)
class Family:
    """Contrasts whose tests are corrected together, and the stage of training they are of."""

    stage: str
    contrasts: tuple[Contrast, ...]


@dataclass(frozen=True)
class Effect:
    """A contrast of the study.

    Attributes:
      measured: the contrast, with its estimate where there is one.
      stage: which family of tests it belongs to.
      adjusted: p of its sign flip by Tarone's and Holm's rules over its stage; None also where so
        few blocks can never reject.
      reported: what the study that these runs repeat has reported, a share; None for nothing.
    """

    measured: Measured
    stage: str
    adjusted: float | None
    reported: float | None

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
        return self.measured.contrast.words


def measure_families(
    families: Iterable[Family],
    runs: Iterable[Run],
    judged: Judged,
    reported: Mapping[str, float],
) -> tuple[Effect, ...]:
    """Measures every contrast.

    Args:
      families: of contrasts.
      runs: those that a contrast does not name are passed over.
      judged: the finished runs' predictions.
      reported: a contrast's key -> what is known of it from elsewhere.
    """
    runs = list(runs)
    return tuple(
        effect for family in families for effect in _family(family, runs, judged, reported)
    )


def _family(
    family: Family, runs: list[Run], judged: Judged, reported: Mapping[str, float]
) -> list[Effect]:
    found = [measure(contrast, runs, judged) for contrast in family.contrasts]
    adjusted = statistics.tarone_holm(
        [each.test.p if each.test else None for each in found],
        [each.test.least if each.test else 0.0 for each in found],
    )
    return [
        Effect(each, family.stage, p, reported.get(each.contrast.key))
        for each, p in zip(found, adjusted, strict=True)
    ]
