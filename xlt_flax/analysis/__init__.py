"""From finished runs to tables, figures and statistics. Imports neither JAX nor TensorFlow."""
