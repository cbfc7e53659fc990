"""Zero-shot cross-lingual transfer in JAX: fine-tune where there are labels, use where not."""

__version__ = "0.1.0"
