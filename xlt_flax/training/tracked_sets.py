"""Test sets that are evaluated while a run trains (`eval.languages`)."""

from dataclasses import dataclass

import numpy as np
from ml_collections import ConfigDict

from xlt_flax.config import evaluated_in_training
from xlt_flax.data.documents import Documents
from xlt_flax.data.known import Known
from xlt_flax.data.selection import Selection
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.audited import of_earlier_runs
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.phases import Phase, evaluation_phase
from xlt_flax.training.plan import Plan
from xlt_flax.workdir import Workdir


@dataclass(frozen=True)
class TrackedSet:
    """The test set of a language.

    Attributes:
      phase: its evaluation.
      seen: bool[documents], which of them the run or one before it trains or validates on.
    """

    phase: Phase
    seen: np.ndarray


def tracked_sets(
    config: ConfigDict,
    workdir: Workdir,
    inputs: Inputs,
    plan: Plan,
    vocabulary: Vocabulary,
    chosen: Selection,
    tests: dict[str, Documents],
) -> dict[str, TrackedSet]:
    """What a run evaluates along with each validation, by language; mostly nothing.

    Args:
      config: of the run.
      workdir: of the run.
      inputs: what the config names.
      plan: of the run.
      vocabulary: the rows that its train state holds.
      chosen: what it trains and validates on.
      tests: test documents by language, those of `eval.languages` among them.

    Raises:
      UserError: the data of an earlier run is not there.
    """
    languages = evaluated_in_training(config)
    if not languages:
        return {}
    earlier = of_earlier_runs(config, inputs.corpus, workdir) or Known()
    known = Known.all_of([Known.of(chosen.train, chosen.validation), earlier])

    def tracked(documents: Documents) -> TrackedSet:
        phase = evaluation_phase(config, inputs, plan, vocabulary, documents)
        return TrackedSet(phase, known.marks(documents))

    return {name: tracked(tests[name]) for name in languages}
