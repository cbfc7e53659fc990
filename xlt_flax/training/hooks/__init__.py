"""What is done around the steps of a run: each hook one thing, called at the same moments."""

from xlt_flax.training import processes
from xlt_flax.training.hooks.bar import Bar
from xlt_flax.training.hooks.base import Hook
from xlt_flax.training.hooks.compilations import Compilations
from xlt_flax.training.hooks.languages import Languages
from xlt_flax.training.hooks.records import Records
from xlt_flax.training.hooks.saves import Saves, Stop
from xlt_flax.training.hooks.slow_steps import SlowSteps
from xlt_flax.training.hooks.trackers import Trackers
from xlt_flax.training.hooks.validation import Validation
from xlt_flax.training.run import Run


def hooks_of(run: Run) -> list[Hook]:
    """All hooks of a run, in the order in which they are called."""
    bar, records = Bar(run), Records(run)
    compilations = Compilations(run, bar)
    slow_steps = SlowSteps(compilations)
    validation = Validation(run, records, compilations, bar)
    saves = Saves(run, records, slow_steps)
    trackers = [Trackers(run, bar)] if processes.is_first() else []
    judges = [validation, Languages(run, records, bar)]
    hooks = [bar, *trackers, records, compilations, slow_steps, *judges, saves, Stop(run, saves)]
    records.readers = hooks
    return hooks
