"""On a GPU a run says whether its bits come again, and XLA is started so that they do."""

import logging
import os

import jax
import pytest

from xlt_flax.config import base
from xlt_flax.errors import UserError
from xlt_flax.training import determinism
from xlt_flax.training.determinism import FLAG, announce


@pytest.mark.parametrize(
    ("backend", "asked", "flags", "said"),
    [
        ("cpu", False, "", ""),
        ("cpu", True, "", ""),
        ("gpu", False, "", "bits may differ"),
        ("gpu", True, f"--xla_dump_to=d {FLAG}", "costs"),
    ],
)
def test_what_is_said(monkeypatch, caplog, backend, asked, flags, said):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    monkeypatch.setenv("XLA_FLAGS", flags)
    config = base()
    config.deterministic = asked
    determinism._say.cache_clear()
    with caplog.at_level(logging.INFO, "xlt_flax"):
        announce(config)
        announce(config)  # of the next run of a sweep
    assert len(caplog.records) == bool(said)
    assert said in caplog.text


@pytest.mark.parametrize("flags", ["", "--xla_gpu_deterministic_ops=false"])
def test_it_is_not_promised_where_xla_was_started_without(monkeypatch, flags):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setenv("XLA_FLAGS", flags)
    config = base()
    config.deterministic = True
    with pytest.raises(UserError, match="XLA_FLAGS"):
        announce(config)


@pytest.mark.parametrize(
    ("asked", "flags"), [(True, f"--xla_dump_to=d {FLAG}"), (False, "--xla_dump_to=d")]
)
def test_a_command_line_starts_xla_so(monkeypatch, asked, flags):
    from xlt_flax import cli

    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=d")
    monkeypatch.setattr(cli.processes, "join", lambda command: None)
    monkeypatch.setattr(cli.signals, "take_over", lambda: None)
    config = base()
    config.deterministic, config.train.compilation_cache = asked, False
    cli.start_jax(config, "main")
    assert os.environ["XLA_FLAGS"] == flags
