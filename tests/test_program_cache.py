"""A damaged entry of JAX's compilation cache is removed once, and written anew."""

import logging
import os
import time
import warnings
import zlib

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from xlt_flax.program_cache import remove_damaged, repair_when_unreadable

WHOLE = zlib.compress(os.urandom(5000))


@pytest.fixture
def entry(tmp_path):
    """entry(content, age in seconds): a file of the cache."""

    def make(content, age=3600, name="jit_f-1-cache"):
        path = tmp_path / name
        path.write_bytes(content)
        os.utime(path, (time.time() - age,) * 2)
        return path

    return make


@pytest.mark.parametrize(
    ("content", "age", "removed"),
    [
        (WHOLE, 3600, False),
        (WHOLE[:-1], 3600, True),
        (WHOLE[: len(WHOLE) // 2], 3600, True),
        (b"", 3600, True),
        (b"\0" * 100, 3600, True),
        (WHOLE[:-1], 0, False),  # it may be being written
    ],
)
def test_what_is_damaged_is_removed_and_nothing_else(entry, caplog, content, age, removed):
    path, other = entry(content, age), entry(WHOLE, name="jit_g-1-cache")
    lock = entry(b"", name=".lockfile")
    with caplog.at_level(logging.WARNING, "xlt_flax"):
        assert remove_damaged(path.parent) == removed
    assert path.exists() != removed
    assert other.exists()
    assert lock.exists()
    assert len(caplog.records) == removed


@pytest.fixture
def kept(tmp_path):
    """Where JAX keeps all programs while a test lasts."""
    values = {
        "jax_compilation_cache_dir": str(tmp_path),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
    }
    before = {name: getattr(jax.config, name) for name in values}
    for those in (values, before):
        for name, value in those.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        if those is values:
            yield tmp_path


def test_jax_finds_again_what_was_cut(kept, entry, monkeypatch, caplog):
    """The program is compiled anew, once, and its entry is whole."""
    told = []
    monkeypatch.setattr(warnings, "showwarning", lambda *args: told.append(str(args[0])))
    repair_when_unreadable(kept)

    def compile_anew():
        jax.clear_caches()
        jax.jit(lambda x: x * 3 + 1)(1.0).block_until_ready()
        (path,) = kept.glob("jit__lambda*-cache")
        return path

    with warnings.catch_warnings():  # which are seen each time
        warnings.simplefilter("always")
        path = compile_anew()
        whole = path.read_bytes()
        entry(whole[: len(whole) // 2], name=path.name)
        assert zlib.decompress(compile_anew().read_bytes())
        warnings.warn("another", stacklevel=1)
    assert told == ["another"]
    assert "removed damaged programs" in caplog.text
