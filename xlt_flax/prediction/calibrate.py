"""A temperature for a trained model, fitted where there are labels: on its validation documents."""

from dataclasses import dataclass, replace

import numpy as np
from ml_collections import ConfigDict
from scipy.special import softmax

from xlt_flax.data import selection
from xlt_flax.errors import UserError
from xlt_flax.evaluation.calibration import fit_temperature
from xlt_flax.evaluation.predictions import as_rows
from xlt_flax.evaluation.scores import Scores, scores_of
from xlt_flax.prediction.classify import Classified
from xlt_flax.prediction.trained import Trained
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.kept_base import with_kept_base
from xlt_flax.workdir import Workdir

_LEAST = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Calibration:
    """What a temperature does to the documents that it was fitted on.

    Attributes:
      temperature: what logits are divided by.
      before, after: scores without and with it.
    """

    temperature: float
    before: Scores
    after: Scores

    def notes(self) -> list[str]:
        """What a model card says of it."""
        return [
            "## Calibration",
            "",
            f"The logits are divided by {self.temperature:.4f} (Guo et al. 2017), fitted on the "
            f"{self.before.n} documents of the languages with labels that validated the run, and "
            "on no test document. There, the mean log loss was "
            f"{self.before.loss:.4f} and is {self.after.loss:.4f}, the calibration error "
            f"{self.before.ece:.4f} and {self.after.ece:.4f}. Labels stay the same.",
        ]


def calibrate(model: Trained, workdir: Workdir, config: ConfigDict) -> Calibration:
    """
    Args:
      model: a checkpoint of the run.
      workdir: of the run.
      config: of the run, with places that may be given anew.

    Raises:
      UserError: the model gives several labels; the data of the run is not there, or nothing
        validated it.
    """
    if model.labels.several:
        raise UserError("--calibrate: one temperature is of models that give one label")
    inputs = open_inputs(with_kept_base(workdir, config))
    documents = selection.select(inputs.corpus, config.mixture, config.data).validation
    if not len(documents):
        raise UserError(f"--calibrate: no documents validated {workdir.path}")
    documents = documents.through(0)  # as any program reads a long one that opens the folder
    parts = model.predict(documents, model.layout(documents.lengths))
    probabilities = np.concatenate([part.probabilities for part in parts])
    true = np.concatenate([part.true for part in parts])
    logits = np.log(np.clip(probabilities, _LEAST, 1))  # but for a constant of each document
    temperature = fit_temperature(logits, true.argmax(-1))
    before = Classified(probabilities, _said(logits), np.zeros(len(documents), bool))
    after = replace(before, probabilities=softmax(logits / temperature, axis=-1))
    scores = (_scores(model, part, true) for part in (before, after))
    return Calibration(temperature, *scores)


def _said(logits: np.ndarray) -> np.ndarray:
    return as_rows(logits.argmax(-1), logits.shape[1])


def _scores(model: Trained, part: Classified, true: np.ndarray) -> Scores:
    return scores_of([part.judged(true, several=False)], model.labels)
