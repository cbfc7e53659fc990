"""How tables print accuracies, and what must stand beside them.

No accuracy stands alone: its table says what always guessing the majority class would get, how
often texts repeat in what it was trained on, and marks those that were trained on what they judge.
"""

from collections.abc import Sequence

import numpy as np

from xlt_flax.analysis.cells import Cell, GroupMean
from xlt_flax.analysis.formats import NOTHING, plural, share, share_interval, span, with_sd
from xlt_flax.analysis.measured import ONE_SEED
from xlt_flax.analysis.remarks import SEEN
from xlt_flax.analysis.results import Run

COLUMNS = ("Accuracy", "95% interval", "Seeds")
DOCUMENTS_ONLY = "¹"  # marks an interval that knows of no other seed
REPEATS = ("Repeats", "Val. in train")  # columns beside the accuracies
REPEATS_TOLD = (
    "Repeats: training documents whose text occurred before. Val. in train: validation documents "
    "that stand in the training set. Both go with the mixture: texts repeat within a language."
)


def accuracy_cells(cell: Cell) -> tuple[str, str, str]:
    """The cells of COLUMNS."""
    accuracy = with_sd(cell.mean, cell.sd) + (SEEN if cell.seen else "")
    return accuracy, interval_cell(cell), _seeds(cell)


def interval_cell(number: Cell | GroupMean) -> str:
    return share_interval(number.interval) + (DOCUMENTS_ONLY if number.basis == ONE_SEED else "")


def _seeds(cell: Cell) -> str:
    """Runs that are finished of those there should be, and over how many draws."""
    done, expected = len(cell.seeds), max(len(cell.expected), len(cell.seeds))
    text = str(done) if done == expected else f"{done} of {expected}"
    return f"{text}, {plural(len(cell.draws), 'draw')}" if len(cell.draws) > 1 else text


def notes(cells: Sequence[Cell], numbers: Sequence[Cell | GroupMean]) -> list[str]:
    """What a reader must know of some cells, and of the numbers that stand with them."""
    return [
        *(f"{cell.name}: {note}" for cell in cells for note in cell.notes),
        *_majority(cells),
        *_documents_only(numbers),
        REPEATS_TOLD,
    ]


def _majority(cells: Sequence[Cell]) -> list[str]:
    known = [cell.majority for cell in cells if cell.majority is not None]
    return [f"Majority class {span(known, share)}: the accuracy of always saying the more frequent "
            "class."] if known else []  # fmt: skip


def _documents_only(numbers: Sequence[Cell | GroupMean]) -> list[str]:
    if not any(number.basis == ONE_SEED for number in numbers):
        return []
    return [f"{DOCUMENTS_ONLY} {ONE_SEED}; the interval holds its seed and draw fixed."]


def repeats(runs: Sequence[Run]) -> tuple[str, str]:
    """The cells of REPEATS for one mixture: repeats go with the treatment, so they stand by it."""
    audits = [run.audit for run in runs if run.audit]
    return (
        span([audit.within_train for audit in audits]),
        span([audit.train_validation for audit in audits]),
    )


def mean_repeats(mixtures: Sequence[Sequence[Run]]) -> tuple[str, str]:
    """The same for a mean row: means over mixtures of the mean over their runs."""
    audits = [[run.audit for run in runs if run.audit] for runs in mixtures]
    return (
        _mean([[audit.within_train for audit in each] for each in audits]),
        _mean([[audit.train_validation for audit in each] for each in audits]),
    )


def _mean(values: Sequence[Sequence[int | None]]) -> str:
    known = [[value for value in each if value is not None] for each in values]
    if not all(known):
        return NOTHING
    return f"{np.mean([np.mean(each) for each in known]):.1f}"
