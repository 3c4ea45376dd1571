"""Errors that a person can act on."""


class GridmartError(Exception):
    """A refusal or failure that says its cause and the next step; the command line prints both."""

    def __init__(self, cause: str, next_step: str = "", exit_code: int = 1) -> None:
        super().__init__(f"{cause}\n{next_step}".strip())
        self.cause = cause
        self.next_step = next_step
        self.exit_code = exit_code
