"""What the runs of a sweep share: tokenizer, token stores, and compiled programs.

A program is compiled for shapes: those of batches, and that of the word embedding. A run by itself
makes them for its own documents; here they are made once, for the documents of all runs together,
so that every run finds the programs of the first. Results do not depend on them, but for rounding;
they are made of all that one draw gives the whole sweep, so a run has the very same numbers
whatever shard, seeds, draws or --only brought it about.

Draws share programs where shapes agree, and nothing else. One vocabulary for all that can be drawn
would be the same for all, but larger: 29,900 rows instead of 17,200, where 3 x 132 documents of 64
tokens are drawn of each language's 4,000 (music, XLM-R's vocabulary).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import jax
import numpy as np
import optax
from ml_collections import ConfigDict

from xlt_flax.data import selection
from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.shapes import PackingPlan
from xlt_flax.data.layout.slots import Layout
from xlt_flax.data.mixture import parse_mixture
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training.plan import Setup, load_setup
from xlt_flax.training.sources import Start
from xlt_flax.training.step import Forward


@dataclass
class _Draw:
    """What the runs of one draw share.

    Attributes:
      split_seed: of the draw.
      documents: of all its runs: training, validation and test.
      train_lengths: int64[training documents].
    """

    split_seed: int
    documents: list[Documents]
    train_lengths: np.ndarray
    vocabulary: Vocabulary | None = None
    plan: PackingPlan | None = None


@dataclass
class _Shared:
    """Made on first use; one object for all runs.

    Attributes:
      groups: of all runs, as one mixture.
      steps: updates of all runs together, of one draw and seed.
    """

    groups: str
    steps: int
    draw: _Draw | None = None  # the one last used: runs of a draw follow each other
    forward: Forward | None = None
    optimizers: dict = field(default_factory=dict)  # by the length of the schedule
    drawn: tuple[int, dict] | None = None  # the seed last used, and its initial weights


@dataclass(frozen=True)
class SharedSetup(Setup):
    """A run's Setup, with all that does not depend on the run taken from `shared`."""

    shared: _Shared = field(kw_only=True)

    def of(self, config: ConfigDict) -> "SharedSetup":
        """The setup of another run: its seed, draw, mixture, init_from and protocol may differ."""
        return replace(self, config=config, start=Start())

    def _model_params(self) -> dict:
        seed = self.config.seed
        if self.shared.drawn is None or self.shared.drawn[0] != seed:
            self.shared.drawn = seed, super()._model_params()
        else:
            self.require_recorded_model()
        return jax.tree.map(np.copy, self.shared.drawn[1])  # training may reuse what it is given

    def vocabulary(self, documents: list[Documents]) -> Vocabulary:
        draw = self._draw()
        if draw.vocabulary is None:
            draw.vocabulary = super().vocabulary(draw.documents)
        return draw.vocabulary

    def forward(self) -> Forward:
        if self.shared.forward is None:
            self.shared.forward = super().forward()
        return self.shared.forward

    def optimizer(self) -> optax.GradientTransformation:
        is_constant = self.config.train.schedule == "constant"
        length = () if is_constant else (self.steps_per_epoch, self.total_steps)
        if length not in self.shared.optimizers:
            self.shared.optimizers[length] = super().optimizer()
        return self.shared.optimizers[length]

    def layout(self, documents: Documents | None, pad_token: int) -> Layout:
        layout = super().layout(documents, pad_token)
        if isinstance(layout, PackedLayout):
            layout.evaluation_lengths = np.concatenate([d.lengths for d in self._draw().documents])
        return layout

    def _plan(self, lengths: np.ndarray, steps: int) -> PackingPlan:
        draw = self._draw()
        if draw.plan is None:
            draw.plan = super()._plan(draw.train_lengths, self.shared.steps)
        return draw.plan

    def _draw(self) -> _Draw:
        """Of this run.

        Raises:
          UserError: data is not as it should be, or the groups cannot be drawn.
        """
        data = self.config.data
        if self.shared.draw is None or self.shared.draw.split_seed != data.split_seed:
            chosen = selection.select(self.corpus, self.shared.groups, data)
            test = selection.test_documents(self.corpus, data.target_language)
            documents = [chosen.train, chosen.validation, test]
            self.shared.draw = _Draw(data.split_seed, documents, chosen.train.lengths)
        return self.shared.draw


def share_setup(config: ConfigDict, mixtures: Iterable[str], steps: int) -> SharedSetup:
    """The setup of a sweep, before any of its runs.

    Args:
      config: what all runs have in common.
      mixtures: of all runs, those of other shards included: what is shared must not depend on
        which process a run falls to.
      steps: updates of all runs together, of one draw and seed.

    Raises:
      UserError: model or data is not as it should be, or a mixture cannot be drawn.
    """
    groups = dict.fromkeys(group.name for name in mixtures for group in parse_mixture(name))
    shared = _Shared("".join(groups), steps)
    setup = SharedSetup(**vars(load_setup(config)), shared=shared)
    setup._draw()  # draws differ in which documents they have, not in whether there are enough
    return setup
