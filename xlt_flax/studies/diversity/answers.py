"""What the study of diversity says first: what diversity is worth."""

from collections.abc import Sequence

from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.formats import listed, points
from xlt_flax.analysis.measured import DOCUMENTS, DRAWS, ONE_SEED
from xlt_flax.analysis.sentences import difference, equals
from xlt_flax.analysis.statistics import LEVEL
from xlt_flax.analysis.study_report import Answer
from xlt_flax.studies.diversity.contrasts import DIVERSITY, delta_key, share_fixed

_GERMAN = "de"
CLEAN = delta_key(_GERMAN)  # were German's presence all, this alone would be 0
_FIXED = f"with {share_fixed(_GERMAN)}"


def what_diversity_is_worth(effects: Sequence[Effect]) -> Answer | None:
    """The report's first sentence; None where no contrast of diversity can be taken.

    German's share held fixed (delta_de) decides, since German alone can make 1:1:1 - 3:0 and the
    other deltas. Over draws, an interval above 0 says that diversity is worth something, one below
    0 that it costs something, any other that there is no evidence. Seeds of one draw speak of its
    groups alone, and one seed of its own runs: neither can tell.

    Args:
      effects: of one stage.
    """
    known = {effect.key: effect for effect in effects if effect.difference is not None}
    clean, whole = known.get(CLEAN), known.get(DIVERSITY)
    decisive = clean or whole
    if decisive is None:
        return None
    if decisive.measured.blocks.kind != DRAWS:
        answer = _one_draw(decisive)
    elif clean is None:
        answer = _without_the_clean_test(decisive)
    else:
        answer = _over_draws(clean, whole)
    return answer._replace(said=f"{answer.said}{_doubts(decisive)}.")


def _one_draw(effect: Effect) -> Answer:
    blocks = effect.measured.blocks
    if blocks.kind == DOCUMENTS:
        over = ONE_SEED
    else:
        over = f"{blocks.basis}, its groups of documents held fixed"
    subject = "1:1:1 − 3:0" if effect.key == DIVERSITY else f"{_FIXED}, it"
    return Answer(
        "What diversity is worth cannot be told from one draw",
        f"{subject} is {difference(effect)} ({over})",
    )


def _without_the_clean_test(effect: Effect) -> Answer:
    return Answer(
        "What diversity is worth cannot be told from German's presence without 2:1 mixtures",
        f"1:1:1 − 3:0 is {difference(effect)}",
    )


def _over_draws(clean: Effect, whole: Effect | None) -> Answer:
    estimate = clean.measured.taken
    low, high = estimate.interval
    beside = ""
    if whole is not None:
        beside = f"; 1:1:1 − 3:0, in which German's own part is, is {difference(whole)}"
    if low > 0:
        return Answer("", f"Diversity is worth {difference(clean)} {_FIXED}{beside}")
    if high < 0:
        said = f"it is worth {difference(clean)} {_FIXED}{beside}"
        return Answer("Diversity costs", said)
    least = points(estimate.detectable).lstrip("+")
    seen = f"this study could have seen {least} points (80% power)"
    return Answer(
        f"No evidence that diversity is worth anything {_FIXED}",
        f"{difference(clean)}; {seen}{beside}",
    )


def _doubts(effect: Effect) -> str:
    """The exact test where it cannot agree, and broken models."""
    measured, text = effect.measured, ""
    low, high = measured.taken.interval
    test, zero_within = measured.test, low <= 0 <= high
    if test and not zero_within and test.p > LEVEL:
        least = f", the least that {measured.blocks.basis} can give" if test.p <= test.least else ""
        text += f" (exact sign flip: p {equals(test.p)}{least})"
    if measured.problems:
        text += f"; models with problems are in it: {listed(measured.problems)}"
    return text
