"""What training, evaluation and benchmarks all begin with: tokenizer, model shape and corpus."""

from dataclasses import dataclass
from pathlib import Path

import jax
from ml_collections import ConfigDict
from transformers import BertConfig

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.padding import PaddedLayout
from xlt_flax.modeling import loading
from xlt_flax.modeling.padded import make_padded_forward
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.metrics import best_validation, read_metrics
from xlt_flax.training.step import Forward
from xlt_flax.workdir import Workdir


@dataclass(frozen=True)
class Setup:
    """A config's tokenizer, model shape and corpus, before any weights."""

    config: ConfigDict
    tokenizer: object
    model_config: BertConfig
    corpus: Corpus

    def forward(self) -> Forward:
        return make_padded_forward(self.model_config, self.config.model.dtype)

    def layout(self, documents_per_batch: int) -> PaddedLayout:
        return PaddedLayout(
            max_length=self.config.data.max_length,
            documents_per_batch=documents_per_batch,
            devices=jax.device_count(),
            pad_token_id=self.tokenizer.pad_token_id,
        )

    def initial_params(self) -> dict:
        """The weights that training starts from, on the host.

        Raises:
          UserError: `init_from` or `model.name` does not have them.
        """
        config = self.config
        if config.init_from:
            return best_params(Workdir(config.init_from))
        if config.model.init == "random":
            return loading.random_weights(self.model_config, config.seed)
        return loading.pretrained_weights(config.model.name, self.model_config, config.seed)


def load_setup(config: ConfigDict) -> Setup:
    """Reads what a config names.

    Raises:
      UserError: the model's folder or the data is not as it should be.
    """
    tokenizer = loading.load_tokenizer(config.model.name)
    model_config = loading.load_config(
        config.model.name, config.model.dropout, config.data.max_length, tokenizer
    )
    corpus = Corpus(
        dataset=config.data.dataset,
        domain=config.data.domain,
        manual_dir=Path(config.data.manual_dir),
        data_dir=Path(config.data.data_dir),
        tokenizer=tokenizer,
        max_length=config.data.max_length,
    )
    return Setup(config, tokenizer, model_config, corpus)


def best_step(workdir: Workdir) -> int | None:
    """The step of the lowest validation loss; None if nothing was validated."""
    best = best_validation(read_metrics(workdir.metrics))
    return None if best is None else best["step"]


def best_params(workdir: Workdir) -> dict:
    """The weights of a workdir's best checkpoint, on the host.

    Raises:
      UserError: there is no such workdir, or it has no checkpoint.
    """
    workdir.read_config()
    checkpoints = Checkpoints(workdir.checkpoints)
    return checkpoints.restore_params(checkpoints.find("best", best_step(workdir)))
