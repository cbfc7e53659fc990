"""Zero-shot cross-lingual transfer in JAX: fine-tune on languages with labels, use on one without."""

__version__ = "0.1.0"
