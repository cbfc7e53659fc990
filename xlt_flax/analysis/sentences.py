"""Effects in plain sentences."""

from xlt_flax.analysis.agreement import Agreement
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.formats import LEAST_P, p_value, points
from xlt_flax.analysis.measured import SEEDS
from xlt_flax.analysis.statistics import LEVEL
from xlt_flax.analysis.study_report import Answer


def of_effect(effect: Effect, stage: str, source: str = "") -> Answer:
    """One contrast in a sentence; its difference is known.

    Args:
      effect: which.
      stage: said beside its label; "" where the label says it.
      source: whose the reported number is.
    """
    low, high = effect.measured.taken.interval
    sure = "above zero" if low > 0 else "below zero" if high < 0 else "zero is within it"
    blocks, test = effect.measured.blocks, effect.measured.test
    text = f"{difference(effect)}, {blocks.basis}; {sure}"
    if blocks.kind == SEEDS:
        text += f", {blocks.holds_fixed} held fixed"
    if test:
        text += f"; sign flip p {equals(test.p)}"
        if test.p <= test.least and test.least > LEVEL:
            text += f", the least that {blocks.basis} can give"
    if blocks.lacking:
        text += "; what is not complete is left out"
    if effect.reported is not None:
        text += f". {source}: {points(effect.reported)}"
    return Answer(f"{effect.label}, {stage}" if stage else effect.label, f"{text}.")


def difference(effect: Effect) -> str:
    """+1.00 points [+.50, +1.50]"""
    low, high = effect.measured.taken.interval
    return f"{points(effect.difference)} points [{points(low)}, {points(high)}]"


def equals(p: float) -> str:
    return p_value(p) if p < LEAST_P else f"= {p_value(p)}"


def of_agreement(agreement: Agreement, source: str) -> Answer:
    """How the cells agree with the reported numbers of `source`."""
    cells = f"{agreement.cells} cells" if agreement.cells > 1 else "one cell"
    text = f"{points(agreement.mean_difference)} points on average"
    if agreement.rank_correlation is not None:
        text += f"; rank correlation {agreement.rank_correlation:+.2f}".replace("-", "−")
    if agreement.seed_sd is not None:
        inside = agreement.cells - len(agreement.outside)
        text += (
            f"; {inside} of its numbers are where one more seed would fall (95%, seeds spread by "
            f"{100 * agreement.seed_sd:.2f} points)"
        )
    return Answer(f"Against {source}, over {cells}", f"{text}.")
