"""Which versions of itself, Python and other packages a run is made with."""

import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

import xlt_flax

# What may change numbers, or must be at hand to get them again.
_PACKAGES = (
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "transformers",
    "tokenizers",
    "safetensors",
    "huggingface-hub",
    "numpy",
    "ml_collections",
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-datasets",
)


def installed_versions() -> dict[str, str]:
    """{package: version} of what is installed; {"xlt_flax": …, "python": …} first."""
    found = {"xlt_flax": xlt_flax.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):  # of TensorFlow's two names, one is installed
            found[package] = version(package)
    return found
