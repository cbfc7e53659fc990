"""The two ways in which a command ends badly, and the exit code of each."""


class UserError(Exception):
    """A wrong flag, config or input: one line that says what to do. Exit code 2.

    Args:
      lines: one for each mistake; mostly there is one.
    """

    exit_code = 2

    def __init__(self, *lines: str):
        super().__init__("\n".join(lines))


class RunError(Exception):
    """A failure while running (loss not finite, no space left): one line. Exit code 1."""

    exit_code = 1
