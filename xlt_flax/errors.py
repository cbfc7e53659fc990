"""The two ways in which a command ends badly, and the exit code of each."""


class UserError(Exception):
    """A wrong flag, config or input: one line that says what to do. Exit code 2."""

    exit_code = 2


class RunError(Exception):
    """A failure while running (loss not finite, no space left): one line. Exit code 1."""

    exit_code = 1
