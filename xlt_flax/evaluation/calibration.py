"""How a model's probabilities are brought nearer to how often it is right.

Pure numbers: nothing in here knows a model or a file.
"""

import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_LOG_BOUNDS = (math.log(0.01), math.log(100.0))  # of the temperature


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that logits are divided by so that their mean log loss is the least (Guo et
    al. 2017, On calibration of modern neural networks, section 4.2). It changes no prediction.

    The loss has one minimum in log T: it is convex in 1/T.

    Args:
      logits: float[n, classes], of documents that were not trained on.
      labels: int[n], the number of the class of each.

    Returns:
      From .01 to 100; 1 where no other is better.

    Raises:
      ValueError: there are no documents, or a logit is not a finite number.
    """
    logits = np.asarray(logits, np.float64)
    if not len(logits) or not np.isfinite(logits).all():
        raise ValueError("a temperature is fitted to finite logits of one document or more")
    places = np.arange(len(logits)), np.asarray(labels)

    def loss(log_temperature: float) -> float:
        chances = log_softmax(logits * math.exp(-log_temperature), axis=-1)
        return -float(chances[places].mean())

    found = minimize_scalar(loss, bounds=_LOG_BOUNDS, method="bounded", options={"xatol": 1e-6})
    return math.exp(found.x) if found.fun < loss(0.0) else 1.0
