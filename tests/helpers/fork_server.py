"""A process that has imported what takes long, and forks whenever a command is to start.

    python fork_server.py FD

FD is a socket of whole messages. Each asks for one command, in JSON: "module" and "arguments" as
after `python -m`, "directory", "environment", and "prelude", Python that is executed before; its
standard input, output and error come along as open files. The answer is the command's process id.
Whoever asks must adopt orphans (`forks.py`).
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import socket
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
# They use no device and start no thread, which a fork would lose, and define no flags.
IMPORTS = (
    "xlt_flax.studies.runner",
    "xlt_flax.data.webis_cls10",
    "xlt_flax.analysis.written",
)
REFUSED = 2  # what a program ends with that has done nothing


class Ending:
    """Of this process: what it ends with, once that is known."""

    code: object = None

    def hasten(self) -> None:
        """Where nothing was done, does not take apart what was imported: that would copy it all,
        and take three times as long as the refusal."""
        if self.code == REFUSED:
            with contextlib.suppress(OSError):  # the interpreter goes on, and tells of it
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(REFUSED)


def serve(connection: socket.socket) -> dict | None:
    """Forks as often as it is asked to.

    Returns:
      What a forked process is asked for, in that process; None in this one when nobody asks more.
    """
    while True:
        message, files, *_ = socket.recv_fds(connection, 1 << 20, 3)
        if not message:
            return None
        read, write = os.pipe()
        between = os.fork()
        if not between:
            if pid := os.fork():
                os.write(write, str(pid).encode())
                os._exit(0)
            for inherited in (read, write):
                os.close(inherited)
            connection.close()
            return json.loads(message) | {"files": files}
        os.waitpid(between, 0)  # from here on its child is the asking process's
        connection.send(os.read(read, 100))
        for ours in (read, write, *files):
            os.close(ours)


def become(request: dict) -> None:
    """Makes this process what `python -m` would have started."""
    for number, file in enumerate(request["files"]):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None  # is found anew
    unbuffered = "PYTHONUNBUFFERED" in os.environ
    # New streams: those of this process remember what their files were.
    sys.stdin = os.fdopen(0)
    sys.stdout = os.fdopen(1, "w")
    sys.stdout.reconfigure(line_buffering=unbuffered, write_through=unbuffered)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")
    sys.path[0] = request["directory"]
    sys.argv[1:] = request["arguments"]
    exec(request["prelude"], {})
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def main() -> None:
    ending = Ending()
    atexit.register(ending.hasten)  # before all others, so that it is called after them
    connection = socket.socket(fileno=int(sys.argv[1]))
    sys.path[0] = str(ROOT)
    importlib.import_module("xlt_flax.console").quiet_libraries()
    for name in IMPORTS:
        importlib.import_module(name)
    gc.freeze()  # a collection would write to the memory that all share, and so copy it
    if request := serve(connection):
        try:
            become(request)
        except SystemExit as end:
            ending.code = end.code
            raise


if __name__ == "__main__":
    main()
