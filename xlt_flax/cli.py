"""What every command line shares: flags to config, errors to one line and an exit code, logging."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import app, flags
from absl import logging as absl_logging
from ml_collections import ConfigDict, config_flags

from xlt_flax import signals
from xlt_flax.config import base, resolve, validate
from xlt_flax.errors import RunError, UserError
from xlt_flax.failures import explain
from xlt_flax.stored_config import flat

log = logging.getLogger("xlt_flax")


def run(main) -> None:
    """Runs a command line's `main(argv)` and exits: 0 done, 1 failed, 2 a user's mistake, 143 or
    130 told to stop by SIGTERM or SIGINT."""
    app.run(lambda argv: _guarded(main, argv), flags_parser=_parse)


def define_config_flag() -> flags.FlagHolder:
    """Defines --config=FILE.py[:MIXTURE] and its --config.field=value overrides."""
    holder = config_flags.DEFINE_config_file(
        "config", help_string="Config file, such as configs/mix_111.py[:E2D2F2]."
    )
    flags.mark_flag_as_required("config")
    return holder


def load_config(holder: flags.FlagHolder) -> tuple[ConfigDict, str]:
    """The checked config with absolute paths, and the name of the file that it came from.

    Raises:
      UserError: the file is missing or broken, or a field's value cannot be.
    """
    config, name = read_config(holder)
    validate(config)
    return resolve(config), name


def read_config(holder: flags.FlagHolder) -> tuple[ConfigDict, str]:
    """The config as the file and the flags give it, and the file's name.

    Raises:
      UserError: the file is missing or broken.
    """
    path = config_flags.get_config_filename(flags.FLAGS[holder.name]).split(":")[0]
    if not Path(path).is_file():
        raise UserError(f"--config: there is no file {path}")
    config = holder.value
    try:
        config.to_dict()  # a file that raises is only asked for its error now
    except UserError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"--config: {path} does not load: {reason}") from None
    return config, Path(path).stem


def define_field_flags(fields: Sequence[str]) -> dict[str, flags.FlagHolder]:
    """Defines --config.FIELD=VALUE for a command line that reads the rest from a workdir.

    Args:
      fields: of the config, such as "model.name"; texts or whole numbers.
    """
    defaults = flat(base().to_dict())
    define = {str: flags.DEFINE_string, int: flags.DEFINE_integer}
    return {
        field: define[type(defaults[field])](
            f"config.{field}", None, f"config.{field} in place of the workdir's."
        )
        for field in fields
    }


def given(holders: Mapping[str, flags.FlagHolder]) -> dict[str, str | int]:
    """{field: value} of those fields of `define_field_flags` that the command line gives."""
    return {field: flag.value for field, flag in holders.items() if flag.value is not None}


def given_anew(config: ConfigDict, holders: Mapping[str, flags.FlagHolder]) -> ConfigDict:
    """A workdir's config with the fields that the command line gives, paths made absolute; locked.

    Raises:
      UserError: a value cannot be.
    """
    values = given(holders)
    if not values:
        return config
    changed = ConfigDict(config.to_dict())
    changed.update_from_flattened_dict(values)
    validate(changed)
    resolved = flat(resolve(changed).to_dict())
    changed.update_from_flattened_dict({field: resolved[field] for field in values})
    return changed.lock()


def _parse(argv):
    try:
        return flags.FLAGS(argv)
    except UserError as error:
        _fail(error)
    except flags.UnrecognizedFlagError as error:
        _fail(UserError(_unknown_flag(error)))
    except (flags.Error, AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, AttributeError | KeyError):  # a name that config_flags does not find
            field = str(error).strip("\"'")
            error = f"the config has no field {field}; xlt_flax/config.py lists all"
        _fail(UserError(" ".join(str(error).split())))


def _unknown_flag(error: flags.UnrecognizedFlagError) -> str:
    """What is wrong, in one line; of a config's field, which ones this command line takes."""
    asks_for_a_field = error.flagname.split(".")[0] == "config"
    taken = sorted(f"--{name}" for name in flags.FLAGS if name.startswith("config."))
    if not asks_for_a_field or "config" in flags.FLAGS or not taken:
        return " ".join(str(error).split())
    command = Path(sys.argv[0]).stem
    return f"--{error.flagname}: {command} reads the workdir's config and takes only " + ", ".join(
        taken
    )


def _guarded(main, argv) -> int:
    _start_logging()
    signals.listen()
    try:
        return main(argv) or 0
    except SystemExit as stop:
        if signals.requested():
            print(f"xlt_flax: stopped by {signals.name()}", file=sys.stderr, flush=True)
        if signals.requested() or _one_of_several_hosts():
            sys.stdout.flush()
            os._exit(stop.code)  # any other exit waits for the compilations of other threads
        raise
    except (UserError, RunError) as error:
        _fail(error)
    except Exception as error:
        if explained := explain(error):
            _fail(explained)
        if not _one_of_several_hosts():
            raise
        traceback.print_exc()
        os._exit(1)


def _fail(error: UserError | RunError):
    print(f"xlt_flax: {error}", file=sys.stderr, flush=True)
    if _one_of_several_hosts():
        os._exit(error.exit_code)
    sys.exit(error.exit_code)


def _one_of_several_hosts() -> bool:
    """Whether others wait for this process. They are told of its end only if it does not say
    goodbye: JAX's own exit waits for them, and they for it."""
    jax = sys.modules.get("jax")
    return bool(jax) and jax.distributed.is_initialized() and jax.process_count() > 1


def _start_logging() -> None:
    """Plain lines on stderr; the libraries below speak of problems only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    absl_logging.set_verbosity(absl_logging.FATAL)  # Orbax logs what it raises, with its traceback
    sys.unraisablehook = _leave_out_echoes


def _leave_out_echoes(unraisable) -> None:
    """Of a read or write that failed, and was told of, Orbax's other files print this as well."""
    if "Event loop is closed" not in str(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)


def start_jax(config: ConfigDict) -> None:
    """Sets precision and compilation cache, and joins the other hosts; before a device is used."""
    import jax

    from xlt_flax.training import hosts

    if config.train.compilation_cache:
        folder = Path(config.data.data_dir, "xlt_flax_compiled")
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)  # 1 by default
        if not _may_write(folder):
            log.info("%s is read-only: programs that are not in it are compiled each time", folder)
            warnings.filterwarnings(
                "ignore", "Error (reading|writing) persistent compilation cache"
            )
    if not config.model.tf32:
        jax.config.update("jax_default_matmul_precision", "highest")
    hosts.join()
    signals.take_over()


def _may_write(folder: Path) -> bool:
    """Whether this process may write in a folder, or may make it."""
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    return os.access(there, os.W_OK | os.X_OK)
