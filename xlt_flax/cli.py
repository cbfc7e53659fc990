"""What every command line shares: flags to config, errors to one line and an exit code."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from absl import app, flags
from ml_collections import ConfigDict, config_flags

from xlt_flax import console, program_cache, shipped_configs, signals, usage, words
from xlt_flax.config import resolve
from xlt_flax.config_checks import validate
from xlt_flax.config_fields import unknown_field
from xlt_flax.errors import RunError, UserError
from xlt_flax.failures import explain
from xlt_flax.training import processes
from xlt_flax.training.determinism import FLAG
from xlt_flax.wrong_flags import in_words, missing_flags, wrong_flags

log = logging.getLogger("xlt_flax")


Main = Callable[[Sequence[str]], int | None]


def run(main: Main) -> NoReturn:
    """Runs a command line's `main(argv)` and exits: 0 done, 1 failed, 2 a user's mistake, 128 + n
    told to stop by signal n. Words that belong to no flag are refused: `argv` holds the program's
    name alone."""
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
      UserError: the file is broken, or a field's value cannot be.
    """
    config, name = read_config(holder)
    validate(config)
    return resolve(config), name


def read_config(holder: flags.FlagHolder) -> tuple[ConfigDict, str]:
    """The config as the file and the flags give it, and the file's name.

    Raises:
      UserError: the file is broken.
    """
    path = config_flags.get_config_filename(flags.FLAGS[holder.name]).split(":")[0]
    config = holder.value
    try:
        config.to_dict()  # a file that raises is only asked for its error now
    except UserError:
        raise
    except Exception as error:
        raise _broken_config(path, _line_of_file(error, path), error) from None
    return config, Path(path).stem


def _parse(argv: list[str]) -> list[str]:
    values = flags.FLAGS
    if usage.is_asked(argv[1:]):
        _show_help(values)
    values.set_gnu_getopt(True)  # else what follows a word that is left over is not read
    try:
        wrong = [*words.misspelled(argv, values), *wrong_flags(argv, values)]
        if wrong := [*wrong, *missing_flags(argv, values, wrong)]:
            raise UserError(*wrong)
        if "config" in values:
            argv = shipped_configs.with_found_config(argv)
        rest = values(argv)[1:]
    except UserError as error:
        _fail(error)
    except Exception as error:
        _fail(_wrong_line(argv, error))
    if told := words.left_over(argv, rest, values):
        _fail(UserError(told))
    return argv[:1]


def _show_help(values: flags.FlagValues) -> NoReturn:
    console.start()  # whoever reads it may leave (`| head`)
    print(usage.of_program(sys.modules["__main__"].__doc__ or "", values))
    sys.exit(0)


def _wrong_line(argv: list[str], error: Exception) -> UserError:
    """What was wrong with the flags, or with the config file that their fields were looked up in.

    Raises:
      Exception: neither; a mistake of ours.
    """
    path = _config_path(argv)
    if path and (line := _line_of_file(error, path)):
        return _broken_config(path, line, error)
    if isinstance(error, AttributeError | KeyError):  # a name that config_flags does not find
        return UserError(unknown_field(str(error).strip("\"'")))
    if isinstance(error, flags.Error | TypeError | ValueError):
        return UserError(in_words(error, Path(argv[0]).stem))
    raise error


def _config_path(argv: list[str]) -> str | None:
    """The file that --config names, without its mixture; None if it names none."""
    following = [*argv[1:], ""]
    for word, value in zip(argv, following, strict=True):
        name, equals, given = word.lstrip("-").partition("=")
        if word.startswith("-") and name == "config":
            return (given if equals else value).split(":")[0]
    return None


def _line_of_file(error: BaseException, path: str) -> int | None:
    """The line of a file at which an error was raised or that is no Python; None if elsewhere."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.lineno if os.path.abspath(error.filename) == os.path.abspath(path) else None
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if os.path.abspath(f.filename) == os.path.abspath(path)]
    return lines[-1] if lines else None


def _broken_config(path: str, line: int | None, error: Exception) -> UserError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    where = f"{path}:{line}" if line else path
    return UserError(f"--config: {where} does not load: {reason}")


def _guarded(main: Main, argv: Sequence[str]) -> int:
    console.start()
    signals.listen()
    try:
        return main(argv) or 0
    except SystemExit as stop:
        if signals.requested():
            print(f"xlt_flax: stopped by {signals.name()}", file=sys.stderr, flush=True)
        if signals.requested() or processes.are_several():
            print(end="", flush=True)
            os._exit(signals.exit_code(stop))  # another exit waits for other threads' compilations
        raise
    except (UserError, RunError) as error:
        _fail(error)
    except Exception as error:
        if explained := explain(error):
            _fail(explained)
        if not processes.are_several():
            raise
        traceback.print_exc()
        os._exit(1)


def _fail(error: UserError | RunError) -> NoReturn:
    """Ends with a line for each mistake. Where others wait for this process, they are told of its
    end only if it does not say goodbye: JAX's own exit waits for them, and they for it."""
    for line in str(error).splitlines():
        print(f"xlt_flax: {line}", file=sys.stderr, flush=True)
    if processes.are_several():
        os._exit(error.exit_code)
    sys.exit(error.exit_code)


def start_jax(config: ConfigDict, command: str) -> None:
    """Says where compiled programs are kept, and joins the other hosts; before a device is used.

    Raises:
      UserError: the environment half says which hosts, or `command` is none for several.
    """
    if config.deterministic:
        given = os.environ.get("XLA_FLAGS", "").split()
        os.environ["XLA_FLAGS"] = " ".join([*given, FLAG])
    if config.train.compilation_cache:
        folder = Path(config.data.data_dir, "xlt_flax_compiled")
        _set_jax("jax_compilation_cache_dir", str(folder))
        _set_jax("jax_persistent_cache_min_compile_time_secs", 0.1)  # 1 by default
        if _may_write(folder):
            program_cache.repair_when_unreadable(folder)
        else:
            log.info("%s is read-only: programs that are not in it are compiled each time", folder)
            warnings.filterwarnings(
                "ignore", "Error (reading|writing) persistent compilation cache"
            )
    processes.join(command)
    signals.take_over()


def without_device() -> None:
    """Keeps JAX to the CPU, for programs that are compiled for what is not there."""
    _set_jax("jax_platforms", "cpu")
    # What libtpu would ask a TPU's host about, and wait for.
    os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")
    os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")


def _set_jax(name: str, value: str | float) -> None:
    """Gives JAX an option, and does not import it for that: a run may be done already."""
    if "jax" in sys.modules:
        import jax

        jax.config.update(name, value)
    else:
        os.environ[name.upper()] = str(value)


def _may_write(folder: Path) -> bool:
    """Whether this process may write in a folder, or may make it."""
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    return os.access(there, os.W_OK | os.X_OK)
