"""What a study says, in plain sentences: what diversity is worth first."""

from collections.abc import Sequence

from xlt_flax.analysis import contrasts
from xlt_flax.analysis.effects import J1, ZERO_SHOT, Effect
from xlt_flax.analysis.formats import NOTHING, p_value, points
from xlt_flax.analysis.measured import DOCUMENTS, DRAWS, ONE_SEED, SEEDS
from xlt_flax.analysis.statistics import LEVEL

CLEAN = contrasts.delta_key("de")  # were German's presence all, this alone would be 0


def what_diversity_is_worth(effects: Sequence[Effect]) -> str | None:
    """The report's first sentence; None where no contrast of diversity can be taken.

    German's share held fixed (delta_de) decides, since German alone can make 1:1:1 - 3:0 and the
    other deltas. Over draws, an interval above 0 says that diversity is worth something, one below
    0 that it costs something, any other that there is no evidence. Seeds of one draw speak of its
    groups alone, and one seed of its own runs: neither can tell.
    """
    known = {e.key: e for e in effects if e.stage == ZERO_SHOT and e.difference is not None}
    clean, whole = known.get(CLEAN), known.get(contrasts.DIVERSITY)
    decisive = clean or whole
    if decisive is None:
        return None
    if decisive.measured.blocks.kind != DRAWS:
        text = _one_draw(decisive)
    elif clean is None:
        text = _without_the_clean_test(whole)
    else:
        text = _over_draws(clean)
        if whole is not None:
            text += f"; 1:1:1 − 3:0, in which German's own part is, is {_number(whole)}"
    return text + _doubts(decisive) + "."


def _one_draw(effect: Effect) -> str:
    kind = effect.measured.blocks.kind
    if kind == DOCUMENTS:
        over = ONE_SEED
    else:
        over = f"{effect.measured.blocks.basis}, its groups of documents held fixed"
    return (
        f"What diversity is worth cannot be told from one draw: {_subject(effect)} is "
        f"{_number(effect)} ({over})"
    )


def _without_the_clean_test(effect: Effect) -> str:
    return (
        f"What diversity is worth cannot be told from German's presence without 2:1 mixtures: "
        f"1:1:1 − 3:0 is {_number(effect)}"
    )


def _over_draws(effect: Effect) -> str:
    low, high = effect.measured.interval
    if low > 0:
        return f"Diversity is worth {_number(effect)} with German's share held fixed"
    if high < 0:
        return f"Diversity costs: it is worth {_number(effect)} with German's share held fixed"
    least = points(effect.measured.estimate.detectable).lstrip("+")
    return (
        f"No evidence that diversity is worth anything with German's share held fixed: "
        f"{_number(effect)}; this study could have seen {least} points (80% power)"
    )


def _subject(effect: Effect) -> str:
    return "1:1:1 − 3:0" if effect.key == contrasts.DIVERSITY else f"with {effect.label[7:]}, it"


def _number(effect: Effect) -> str:
    low, high = effect.measured.interval
    return f"{points(effect.difference)} points [{points(low)}, {points(high)}]"


def _doubts(effect: Effect) -> str:
    """The exact test where it cannot agree, and broken models."""
    measured, text = effect.measured, ""
    test, zero_within = measured.test, measured.interval.low <= 0 <= measured.interval.high
    if test and not zero_within and test.p > LEVEL:
        least = f", the least that {measured.blocks.basis} can give" if test.p <= test.least else ""
        text += f" (exact sign flip: p {_equals(test.p)}{least})"
    if measured.problems:
        text += f"; models with problems are in it: {', '.join(measured.problems)}"
    return text


def of_effect(effect: Effect) -> str:
    """One contrast in a sentence; its difference is known."""
    low, high = effect.measured.interval
    sure = "above zero" if low > 0 else "below zero" if high < 0 else "zero is within it"
    stage = "" if effect.stage == J1 else f", {effect.stage}"
    blocks, test = effect.measured.blocks, effect.measured.test
    text = f"{effect.label}{stage}: {_number(effect)}, {blocks.basis}; {sure}"
    if blocks.kind == SEEDS:
        text += f", {blocks.holds_fixed} held fixed"
    if test:
        text += f"; sign flip p {_equals(test.p)}"
        if test.p <= test.least and test.least > LEVEL:
            text += f", the least that {blocks.basis} can give"
    if blocks.lacking:
        text += "; what is not complete is left out"
    if effect.thesis is not None:
        text += f". The thesis: {points(effect.thesis)}"
    return f"{text}."


def _equals(p: float) -> str:
    text = p_value(p)
    return text if text.startswith("<") or text == NOTHING else f"= {text}"
