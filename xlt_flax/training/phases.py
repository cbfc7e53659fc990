"""Documents as a step takes them: what training, validation, evaluation and benchmarks put together
in the same way."""

from dataclasses import dataclass, replace

import optax
from ml_collections import ConfigDict

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.layout.slots import Layout
from xlt_flax.errors import UserError
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.objectives import Objective, find_objective
from xlt_flax.training.plan import Plan, evaluation_layout, train_layout
from xlt_flax.training.step import Step, make_eval_step, make_train_step


@dataclass(frozen=True)
class Phase:
    """Training or evaluation of documents.

    Attributes:
      documents: with tokens renumbered as the rows of the word embedding that are held.
      layout: of their batches.
      step: what is done with a batch.
      objective: of the step's losses.
      labels: the model's outputs; several of a document where the objective says so.
    """

    documents: Documents
    layout: Layout
    step: Step
    objective: Objective
    labels: LabelSet


def training_phase(
    config: ConfigDict,
    inputs: Inputs,
    plan: Plan,
    vocabulary: Vocabulary,
    documents: Documents,
    optimizer: optax.GradientTransformation,
) -> Phase:
    """
    Args:
      config: of the run.
      inputs: what it names.
      plan: of the run.
      vocabulary: the rows that its train state holds.
      documents: as they were selected.
      optimizer: of the run.
    """
    objective = _objective(config, inputs)
    layout = train_layout(config, plan, *_numbers(inputs, vocabulary, objective))
    step = make_train_step(plan.forward, optimizer, config.seed, objective, config.model.tf32)
    labels = replace(inputs.labels, several=objective.SEVERAL)
    return Phase(documents.renumbered(vocabulary.row_of), layout, step, objective, labels)


def evaluation_phase(
    config: ConfigDict,
    inputs: Inputs,
    plan: Plan,
    vocabulary: Vocabulary,
    documents: Documents,
) -> Phase:
    """Arguments as of `training_phase`."""
    objective = _objective(config, inputs)
    layout = evaluation_layout(config, plan, *_numbers(inputs, vocabulary, objective))
    step = make_eval_step(plan.forward, objective, config.model.tf32)
    labels = replace(inputs.labels, several=objective.SEVERAL)
    return Phase(documents.renumbered(vocabulary.row_of), layout, step, objective, labels)


def _objective(config: ConfigDict, inputs: Inputs) -> Objective:
    """
    Raises:
      UserError: documents may have more labels than it allows.
    """
    objective = find_objective(config.train.objective)
    if inputs.labels.several and not objective.SEVERAL:
        raise UserError(
            f"config.train.objective is {config.train.objective!r}, but documents of "
            f"{config.data.dataset} may have several labels: give multi_label"
        )
    return objective


def _numbers(
    inputs: Inputs, vocabulary: Vocabulary, objective: Objective
) -> tuple[int, int | None]:
    """The padding token's number where the rows of `vocabulary` are held; and how many labels
    there are, if documents may have several."""
    pad_token = int(vocabulary.row_of[inputs.base.tokenizer.pad_token_id])
    return pad_token, len(inputs.labels) if objective.SEVERAL else None
