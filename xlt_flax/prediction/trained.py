"""A trained model, ready to predict: that of a workdir, or of a folder that any program wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ml_collections import ConfigDict

from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.layout.slots import Layout
from xlt_flax.data.tokenization import Tokenized, Tokenizer, tokenize, tokenizer_digest
from xlt_flax.errors import UserError
from xlt_flax.evaluation.predictions import Predictions, predict
from xlt_flax.evaluation.sets import as_held
from xlt_flax.modeling.base_model import BaseModel
from xlt_flax.modeling.encoders import Params
from xlt_flax.training.objectives import find_objective
from xlt_flax.training.phases import Phase
from xlt_flax.training.plan import Plan, plan_evaluation, stream_layout
from xlt_flax.training.step import make_eval_step, put_on_devices


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model.

    Attributes:
      config: how documents are read and logits computed: `data.max_length`, `data.drop_commas`,
        `data.long`, `model`, `train.objective`, `eval.batch_size`, `eval.weights`; no other field
        is asked for.
      base: its shape and tokenizer.
      labels: the names of its outputs, in their order; `several`: of a document.
      digest: sha256; models of equal ones predict the same.
      params: on the devices, in what `eval.weights` says, with the whole word embedding.
      plan: of its forward pass.
      step: of the checkpoint that it is; None of a folder.
    """

    config: ConfigDict
    base: BaseModel
    labels: LabelSet
    digest: str
    params: Params
    plan: Plan
    step: int | None = None

    @property
    def tokenizer(self) -> Tokenizer:
        return self.base.tokenizer

    @property
    def max_length(self) -> int:
        """Tokens that it reads of a document, special ones counted."""
        return int(self.config.data.max_length)

    @property
    def long(self) -> str:
        """What became of longer documents as it was trained: "truncate" or "windows"."""
        return str(self.config.data.long)

    def tokenize(self, texts: Sequence[tuple[str, ...]], windows: bool) -> Tokenized:
        """Texts, or pairs of them, as the model reads them; arguments as of `tokenize`."""
        commas = self.config.data.drop_commas
        return tokenize(texts, self.tokenizer, self.max_length, commas, windows)

    def layout(self, lengths: np.ndarray) -> Layout:
        """Of batches of a stream of documents whose first ones have these lengths."""
        pad_token = self.tokenizer.pad_token_id
        labels = len(self.labels) if self.labels.several else None
        return stream_layout(self.config, self.plan, pad_token, labels, lengths)

    def predict(
        self,
        documents: Documents,
        layout: Layout,
        progress: Callable[[int], object] = lambda documents: None,
    ) -> list[Predictions]:
        """What it says of documents, part after part, in their order; `progress` is told how many
        each batch held."""
        objective = find_objective(self.config.train.objective)
        step = make_eval_step(self.plan.forward, objective, self.config.model.tf32)
        phase = Phase(documents, layout, step, objective, self.labels)
        return [*predict(phase, self.params, progress)]


def make_trained(
    config: ConfigDict, base: BaseModel, names: Sequence[str], params: Params, weights: str
) -> Trained:
    """
    Args:
      config, base: as of `Trained`.
      names: of the labels.
      params: float32 on the host, with the whole word embedding.
      weights: a digest of them.
    """
    several = find_objective(config.train.objective).SEVERAL
    labels = replace(LabelSet(tuple(names)), several=several)
    plan = plan_evaluation(config, base)
    facts = _facts(config, base, labels, weights)
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    held = put_on_devices(as_held(params, config.eval.weights))
    return Trained(config, base, labels, digest, held, plan)


def require_labels(names: Sequence[str], place: object) -> None:
    """
    Raises:
      UserError: there are fewer than two labels, or one twice.
    """
    if len(names) < 2 or len(set(names)) < len(names):
        raise UserError(
            f"{place} has {len(names)} classes, {len(set(names))} of them different: it is no "
            "classifier (config.json names them under id2label)"
        )


def _facts(config: ConfigDict, base: BaseModel, labels: LabelSet, weights: str) -> dict:
    """What predictions depend on."""
    model = config.model
    return {
        "weights": weights,
        "labels": labels.names,
        "tokenizer": tokenizer_digest(base.tokenizer),
        "computed": [model.dtype, model.tf32, model.pooling, config.train.objective],
        "held": config.eval.weights,
        "read": [config.data.max_length, config.data.drop_commas],
    }
