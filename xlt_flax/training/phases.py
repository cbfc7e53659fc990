"""Documents as a step takes them: what training, validation, evaluation and benchmarks put together
in the same way."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
import optax
from ml_collections import ConfigDict

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.language_sampling import SampledOrder
from xlt_flax.data.layout.slots import Layout
from xlt_flax.data.order import DatasetOrder
from xlt_flax.data.selection import Selection
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.class_weights import class_weights_of
from xlt_flax.training.inputs import Inputs
from xlt_flax.training.objectives import Objective, find_objective
from xlt_flax.training.plan import Plan, evaluation_layout, train_layout
from xlt_flax.training.step import Step, Weighting, make_eval_step, make_train_step


@dataclass(frozen=True)
class Phase:
    """Training or evaluation of documents.

    Attributes:
      documents: with tokens renumbered as the rows of the word embedding that are held.
      layout: of their batches.
      step: what is done with a batch.
      objective: of the step's losses.
      labels: see `predicted_labels`.
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
    objective = find_objective(config.train.objective)
    layout = train_layout(config, plan, *_numbers(inputs, vocabulary, objective))
    labels = predicted_labels(config, inputs)
    weighting = _weighting(config, labels, documents)
    step = make_train_step(
        plan.forward, optimizer, config.seed, objective, config.model.tf32, weighting
    )
    return Phase(documents.renumbered(vocabulary.row_of), layout, step, objective, labels)


def evaluation_phase(
    config: ConfigDict,
    inputs: Inputs,
    plan: Plan,
    vocabulary: Vocabulary,
    documents: Documents,
) -> Phase:
    """Arguments as of `training_phase`."""
    objective = find_objective(config.train.objective)
    layout = evaluation_layout(config, plan, *_numbers(inputs, vocabulary, objective))
    step = make_eval_step(plan.forward, objective, config.model.tf32)
    labels = predicted_labels(config, inputs)
    return Phase(documents.renumbered(vocabulary.row_of), layout, step, objective, labels)


def order_of(config: ConfigDict, chosen: Selection) -> DatasetOrder:
    """Which documents each update of a run learns from."""
    order = {
        "ids": chosen.train.ids,
        "languages": chosen.languages,
        "batch_size": config.train.batch_size,
        "mixing": config.data.mixing,
        "seed": config.seed,
    }
    temperature = config.data.language_temperature
    if temperature == 1:
        return DatasetOrder(**order)
    return SampledOrder(**order, temperature=temperature)


def _weighting(config: ConfigDict, labels: LabelSet, documents: Documents) -> Weighting | None:
    """What the config's run weighs its training documents by; None: all count the same."""
    totals = documents.label_totals(len(labels))
    weights = class_weights_of(config.train.class_weights, labels, totals)
    if weights is None and not config.train.label_smoothing:
        return None
    even = np.ones(len(labels), np.float32)
    smoothing = jnp.float32(config.train.label_smoothing)
    return Weighting(jnp.asarray(even if weights is None else weights), smoothing)


def predicted_labels(config: ConfigDict, inputs: Inputs) -> LabelSet:
    """The outputs of a run's model; several of a document where its objective says so."""
    return replace(inputs.labels, several=find_objective(config.train.objective).SEVERAL)


def _numbers(
    inputs: Inputs, vocabulary: Vocabulary, objective: Objective
) -> tuple[int, int | None]:
    """The padding token's number where the rows of `vocabulary` are held; and how many labels
    there are, if documents may have several."""
    pad_token = int(vocabulary.row_of[inputs.base.tokenizer.pad_token_id])
    return pad_token, len(inputs.labels) if objective.SEVERAL else None
