"""Command lines in processes of their own that need not import anything.

`Forked` and `run` stand for `subprocess.Popen` and `subprocess.run` of `python -m xlt_flax.NAME`.
Importing JAX and TensorFlow takes longer than most tests' training; here it is done once, by
`fork_server.py`. One test of each command line still starts it as users do. Elsewhere than on Linux
all are started so.
"""

import ctypes
import functools
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

SERVER = Path(__file__).with_name("fork_server.py")
PR_SET_CHILD_SUBREAPER = 36


class Forked(subprocess.Popen):
    """A process like Popen's, of [sys.executable, "-m", module, *arguments].

    Args:
      arguments: the command.
      prelude: Python that the process executes before it begins.
      options: Popen's cwd, env, text, and where input, output and error go.
    """

    def __init__(self, arguments, prelude="", **options):
        self._prelude = prelude
        super().__init__(arguments, **options)

    def _execute_child(self, *given):
        if sys.platform != "linux":
            return super()._execute_child(*given)
        args, _, _, _, _, cwd, env, *others = given
        _, module_flag, module, *arguments = args
        assert module_flag == "-m", args
        request = {
            "module": module,
            "arguments": arguments,
            "prelude": self._prelude,
            "directory": str(cwd or os.getcwd()),
            "environment": dict(os.environ if env is None else env),
        }
        pipes = others[3:9]  # of input, output and error, each to read and to write; -1: inherited
        files = [pipes[0], pipes[3], pipes[5]]
        files = [number if file == -1 else file for number, file in enumerate(files)]
        try:
            line, _ = _server()
            socket.send_fds(line, [json.dumps(request).encode()], files)
            self.pid = int(line.recv(100))
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)


@functools.cache
def _server() -> tuple[socket.socket, subprocess.Popen]:
    """The server, which ends when this process does, and the line to it."""
    # What it forks is orphaned at once, and so a child of this process, which may wait for it.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, SERVER, str(there.fileno())]
    process = subprocess.Popen(command, pass_fds=[there.fileno()])
    there.close()
    return here, process


def run(arguments, **options) -> subprocess.CompletedProcess:
    """Runs it to its end; what it printed is in the result, as text."""
    pipe = subprocess.PIPE
    with Forked(arguments, stdout=pipe, stderr=pipe, text=True, **options) as process:
        output, error = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, output, error)
