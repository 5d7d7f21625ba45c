"""The one exception that is meant for the person who supplied the input."""


class InputError(ValueError):
    """A request that cannot be served as it stands: one line with what, where and what is allowed.

    Commands print the line and exit with code 2; library callers may catch it as a ValueError.
    Line breaks that come with a quoted value are replaced by blanks, so that it stays one line.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))
