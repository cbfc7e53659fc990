"""The model that a config names, before any training: its weights, and what identifies it."""

import hashlib
import json

from ml_collections import ConfigDict
from transformers import BertConfig, PreTrainedTokenizerFast

from xlt_flax.errors import UserError
from xlt_flax.modeling import weights
from xlt_flax.modeling.vocabulary import WORD_EMBEDDING
from xlt_flax.training.digests import digest
from xlt_flax.workdir import Workdir

# What the model computes from its weights, and how it draws those that no file holds.
_SHAPE = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
    "initializer_range",
)
_OF_WEIGHTS = ("name", "revision", "init", "head_sd")  # fields that the weights depend on


class BaseModel:
    """A model's folder or hub id.

    Args:
      model: the config's `model` (name, revision, init).
      shape: of `modeling.weights.load_config`.
      tokenizer: of `modeling.weights.load_tokenizer`.
    """

    def __init__(self, model: ConfigDict, shape: BertConfig, tokenizer: PreTrainedTokenizerFast):
        self._model, self.shape, self.tokenizer = model, shape, tokenizer
        self._digest: str | None = None

    @property
    def revision(self) -> str | None:
        """The commit of a hub id, where it is known; None of a folder."""
        return getattr(self.shape, "_commit_hash", None)

    def is_of(self, model: ConfigDict) -> bool:
        """Whether a config's `model` names this one, with weights that are drawn alike."""
        return all(self._model[name] == model[name] for name in _OF_WEIGHTS)

    def params(self, seed: int) -> dict:
        """FlaxBertForSequenceClassification's tree, float32 on the host; `seed` draws what no file
        holds.

        Raises:
          UserError: the weights cannot be had, or do not fit the shape.
        """
        if self._model.init == "random":
            return weights.random_weights(self.shape, seed, self._model.head_sd)
        stored = self._stored_weights()
        self._digest = self._digest_of(stored)
        return weights.complete_weights(stored, self.shape, seed, self._model.head_sd)

    def digest(self) -> str:
        """sha256 of the shape and of the weights that files hold; what is drawn is a function of
        shape and seed, the same wherever it is drawn but for rounding, so it does not count.

        A model without files costs nothing here; another is loaded, unless `params` did so before.

        Raises:
          UserError: the weights cannot be had, or do not fit the shape.
        """
        if self._digest is None:
            is_drawn = self._model.init == "random"
            self._digest = self._digest_of({} if is_drawn else self._stored_weights())
        return self._digest

    def require_fit(self, params: dict, rows: int, owner: Workdir) -> None:
        """Refuses a model whose weights have other names or shapes than a run's.

        Args:
          params: the run's weights, with any rows of the word embedding.
          rows: of its full word embedding.
          owner: the run.

        Raises:
          UserError: they differ.
        """
        own = weights.flat_shapes(weights.weight_shapes(self.shape))
        runs = weights.flat_shapes(params)
        runs[WORD_EMBEDDING] = (rows, *runs.get(WORD_EMBEDDING, ())[1:])
        differ = sorted(path for path in own.keys() | runs if own.get(path) != runs.get(path))
        if differ:
            raise UserError(
                f"config.model.name: {self._model.name} does not fit {owner.path}: its "
                f"{differ[0]} is {own.get(differ[0])}, the run's {runs.get(differ[0])}: give the "
                "model that it was made from"
            )

    def _stored_weights(self) -> dict:
        return weights.stored_weights(self._model.name, self.shape, self._model.revision)

    def _digest_of(self, stored: dict) -> str:
        shape = {name: getattr(self.shape, name) for name in _SHAPE}
        facts = {"shape": shape, "weights": digest(stored)}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
