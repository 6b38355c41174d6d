"""What can go wrong with a demonstration."""


class DemoError(Exception):
    """The demonstration cannot start or go on. The message says why, and what to do."""
