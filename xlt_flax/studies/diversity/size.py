"""How many draws and seeds a study of diversity needs."""

from xlt_flax.analysis import power
from xlt_flax.analysis.contrasts import Contrast
from xlt_flax.analysis.judged import Judged
from xlt_flax.analysis.measured import measure
from xlt_flax.analysis.results import Results
from xlt_flax.errors import UserError
from xlt_flax.studies.diversity.contrasts import DIVERSITY, diversity_contrasts
from xlt_flax.studies.diversity.mixtures import diversity_mixtures

_DOCUMENTS = 2000  # of a Webis-CLS-10 test set


def needed(effect: float, sd: float | None, documents: int | None, pilot: Results | None) -> str:
    """The answer for people: what it takes to see 1:1:1 and 3:0 differ.

    Args:
      effect: points that are to be seen.
      sd: a run's standard deviation over draws and seeds, points; None: the pilot's.
      documents: that judge; None: as many as in the pilot, or 2,000.
      pilot: a finished study, for its components of variance; None: those of simulated worlds.

    Raises:
      UserError: numbers are missing or cannot be, or the pilot has none.
    """
    (contrast,) = _contrasts([mixture.name for mixture in diversity_mixtures()])
    if pilot is None:
        if sd is None:
            raise UserError("--plan: give --sd=POINTS, or a pilot's folder in --workdir")
        return power.plan(
            power.Parts(contrast, sd, _DOCUMENTS if documents is None else documents), effect
        )
    measured = [measure(own, pilot.runs, Judged(pilot)) for own in _contrasts(pilot.names())]
    parts = power.parts_of_pilot(contrast, next(iter(measured), None), sd, documents)
    return power.plan(parts, effect)


def _contrasts(names: list[str]) -> list[Contrast]:
    """1:1:1 - 3:0, where there are mixtures for it."""
    return [each for each in diversity_contrasts(names) if each.key == DIVERSITY]
