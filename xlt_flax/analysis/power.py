"""How many draws and seeds a study needs: the least difference that it would see.

A study sees a true difference in 80% of its repetitions, with 95% intervals, when the difference is
2.8 standard errors (1.96 + .84). For a contrast of weights w in each of R draws with S seeds,
judged on N documents, in points:

    2.8 sqrt(sum(w^2) sd^2 / (R S) + 10^4 (a + b / (R S)) / N)

The sum is 2/3 for three runs against three. sd is a run's standard deviation, over draws and seeds,
in points. a is the variance over documents of the contrast's mean on a document, b that of one
draw's and one seed's contrast on it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from xlt_flax.analysis.contrasts import Contrast
from xlt_flax.analysis.measured import DRAWS, Measured
from xlt_flax.analysis.statistics import t_quantiles
from xlt_flax.errors import UserError

SEEN = 2.8  # standard errors: 95% intervals leave out 0 in 80% of all studies
_ROWS = (3, 5, 8, 10, 15, 20, 40)  # draws
_COLUMNS = (1, 2, 3, 5)  # seeds
_MOST = 10_000  # draws times seeds: no study has more


@dataclass(frozen=True)
class Parts:
    """What a plan takes for granted.

    Attributes:
      contrast: whose difference is to be seen.
      sd: of a run, over draws and seeds, points.
      documents: that judge.
      a, b: variances over documents, see above.
      origin: where a and b come from, in words.
    """

    contrast: Contrast
    sd: float
    documents: int = 2000
    a: float = 0.0104
    b: float = 0.066
    origin: str = "worlds simulated in November 2026"

    def least(self, draws: int, seeds: int) -> float:
        """The least true difference that is seen in 80% of all studies, in points."""
        runs = draws * seeds
        over_runs = self.contrast.squares * self.sd**2 / runs
        over_documents = 1e4 * (self.a + self.b / runs) / self.documents
        return SEEN * math.sqrt(over_runs + over_documents)


def parts_of_pilot(
    contrast: Contrast, measured: Measured | None, sd: float | None, documents: int | None
) -> Parts:
    """Takes a and b, and sd and documents where they are not given, from a finished study.

    Args:
      contrast: whose difference is to be seen.
      measured: that contrast in the pilot; None where the pilot has no runs for it.
      sd, documents: as they are to be; None: as in the pilot.

    Raises:
      UserError: the pilot has no two blocks of the contrast.
    """
    estimate = measured.estimate if measured else None
    if measured is None or estimate is None or estimate.components is None:
        raise UserError(
            f"--workdir: a pilot needs two finished blocks (draws or seeds) of {contrast.key}; "
            "leave --workdir out and give --sd"
        )
    found, units = estimate.components, [len(block) for block in measured.blocks.members]
    seeds = sum(units) / len(units)
    one_draw = "" if measured.blocks.kind == DRAWS else " (how draws differ, one draw cannot say)"
    return Parts(
        contrast,
        sd=100 * math.sqrt(seeds * found.blocks / contrast.squares) if sd is None else sd,
        documents=documents or estimate.documents,
        a=found.documents,
        b=seeds * found.rest,
        origin=f"the pilot's {measured.blocks.basis}{one_draw}",
    )


def plan(parts: Parts, effect: float) -> str:
    """The answer for people: a table of least differences, and what `effect` points need.

    Raises:
      UserError: a number that cannot be.
    """
    if not (0 <= parts.sd < math.inf and 0 < effect < math.inf and parts.documents > 1):
        raise UserError("--plan: wants --sd of 0 or more, --effect above 0, --documents above 1")
    return "\n".join(_lines(parts, effect))


def _lines(parts: Parts, effect: float) -> Iterator[str]:
    squares = Fraction(parts.contrast.squares).limit_denominator(100)
    key = parts.contrast.key
    yield f"Least difference, in points, that {key} shows with 80% power (95% intervals)"
    yield ""
    yield "draws  " + "".join(f"{f'{seeds} seed' + 's' * (seeds > 1):>9}" for seeds in _COLUMNS)
    for draws in _ROWS:
        least = (f"{parts.least(draws, seeds):9.2f}" for seeds in _COLUMNS)
        yield f"{draws:>5}  " + "".join(least)
    yield ""
    yield _needed(parts, effect)
    yield ""
    yield (
        f"{SEEN} sqrt(({squares}) {parts.sd:.3g}^2 / (draws x seeds) + 10^4 ({parts.a:.3g} + "
        f"{parts.b:.3g} / (draws x seeds)) / {parts.documents:,}); a run's standard deviation is "
        f"{parts.sd:.3g} points, {parts.a:.3g} and {parts.b:.3g} come from {parts.origin}."
    )
    yield (
        f"{SEEN} is for many blocks: over 3 draws, whose interval has about 2 degrees of freedom, "
        f"the difference must be {_times(2)} times as large, over 5 {_times(4)} times."
    )


def _times(df: int) -> str:
    """How much wider than the normal's quantiles those of t are."""
    return f"{t_quantiles(df) / SEEN:.1f}"


def _needed(parts: Parts, effect: float) -> str:
    """How many draws times seeds make `effect` visible."""
    floor = SEEN * math.sqrt(1e4 * parts.a / parts.documents)
    enough = next((n for n in range(2, _MOST) if parts.least(n, 1) <= effect), None)
    if enough is None:
        return (
            f"{_points(effect)} cannot be seen on {parts.documents:,} documents: however many the "
            f"draws and seeds, {floor:.2f} is the least. Take more test documents."
        )
    return (
        f"{_points(effect)}: draws x seeds of at least {enough}: {enough} draws with one seed, "
        f"or {_ceil(enough, 2)} with two, {_ceil(enough, 3)} with three. Draws before seeds: only "
        "over draws does the answer hold for other documents."
    )


def _points(effect: float) -> str:
    return f"{effect:g} point{'' if effect == 1 else 's'}"


def _ceil(number: int, by: int) -> int:
    return -(-number // by)
