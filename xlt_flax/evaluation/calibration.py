"""Temperature scaling (Guo et al. 2017, On calibration of modern neural networks)."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_RANGE = 20.0  # temperatures from 1/20 to 20


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The T for which softmax(logits / T) has the lowest mean log loss; labels stay as predicted.

    Args:
      logits: float[documents, classes], but for a constant of each document.
      labels: int[documents], the true ones.
    """
    rows, bound = np.arange(len(labels)), np.log(_RANGE)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=-1)[rows, labels].mean())

    found = minimize_scalar(loss, bounds=(-bound, bound), method="bounded")
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0
