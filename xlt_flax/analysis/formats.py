"""Numbers as the report prints them."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from xlt_flax.analysis.statistics import Interval

NOTHING = "—"
LEAST_P = 0.001  # smaller ones are told no nearer


def share(value: float | None) -> str:
    """.7310: an accuracy."""
    if value is None:
        return NOTHING
    text = f"{value:.4f}"
    return text[1:] if text.startswith("0.") else text


def mean_share(values: Iterable[float | None]) -> str:
    """The mean of those that are known."""
    known = [value for value in values if value is not None]
    return share(float(np.mean(known))) if known else NOTHING


def points(value: float | None) -> str:
    """A difference of shares in percentage points, signed: +3.25."""
    if value is None:
        return NOTHING
    text = f"{100 * value:+.2f}".replace("-", "−")
    return "0.00" if text[1:] == "0.00" else text


def possible(interval: Interval) -> Interval:
    """An accuracy's interval without what no share can be: Student's t does not know of that."""
    return Interval(max(interval.low, 0.0), min(interval.high, 1.0))


def share_interval(interval: Interval | None) -> str:
    if interval is None:
        return NOTHING
    interval = possible(interval)
    return f"{share(interval.low)} – {share(interval.high)}"


def points_interval(interval: Interval | None) -> str:
    if interval is None:
        return NOTHING
    return f"{points(interval.low)} to {points(interval.high)}"


def p_value(p: float | None) -> str:
    if p is None:
        return NOTHING
    if p < LEAST_P:
        return "< .001"
    return share(round(p, 3))[:4] if p < 0.9995 else "1"


def with_sd(mean: float | None, sd: float | None) -> str:
    return share(mean) if sd is None else f"{share(mean)} ± {share(sd)}"


def count(value: int | None) -> str:
    """2,000."""
    return NOTHING if value is None else f"{value:,}"


def span(
    values: Sequence[int | None] | Sequence[float | None],
    shown: Callable[..., str] = count,
) -> str:
    """One value, or the least and the greatest; what is unknown is left out."""
    known = [value for value in values if value is not None]
    if not known:
        return NOTHING
    low, high = shown(min(known)), shown(max(known))
    return low if low == high else f"{low}–{high}"


def listed(names: Sequence[str]) -> str:
    """Names, each once, the first six of many."""
    names = list(dict.fromkeys(names))
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:6])} and more"


def plural(number: int, noun: str) -> str:
    """2 runs, 1 run."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
