"""Digests of what a checkpoint holds, to notice any bit that came back another."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

_THREADS = 4  # hashing is faster than disks only if several cores do it


def digest(tree: Any) -> str:
    """sha256 of a tree of arrays: of names, types, shapes and values."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    with ThreadPoolExecutor(_THREADS) as threads:
        digests = list(threads.map(_leaf_digest, (leaf for _, leaf in leaves)))
    whole = hashlib.sha256()
    for (path, _), leaf_digest in zip(leaves, digests, strict=True):
        whole.update(f"{jax.tree_util.keystr(path)} {leaf_digest}\n".encode())
    return whole.hexdigest()


def _leaf_digest(leaf: Any) -> str:
    array = np.ascontiguousarray(leaf)
    values = hashlib.sha256(array.reshape(-1).view(np.uint8).data).hexdigest()
    return f"{array.dtype} {np.shape(leaf)} {values}"
