"""What can go wrong with encrypted data. Messages name keys by their ids; they hold no key and no value."""

_VARIABLE = "JIRA_ENCRYPTION_KEYS"


class PrivacyError(Exception):
    """Something cannot be encrypted or decrypted."""


class MalformedKeys(PrivacyError):
    """The keys are not written as they have to be. ``problem`` and ``remedy`` are two parts of a sentence."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"the list of encryption keys {problem}. {remedy}.")
        self.problem = problem
        self.remedy = remedy


class NoKey(PrivacyError):
    """Something that must be encrypted cannot be, because there is no key at all."""

    def __init__(self) -> None:
        super().__init__(f"{_VARIABLE} is not set. Make a key with `jira-assets keys new` and put it there.")


class UnknownKey(PrivacyError):
    """Data are encrypted with a key that we were not given."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"data are encrypted with the key {key_id!r}, which is not in {_VARIABLE}. Add it there, "
            "behind the key that writes; it can be left out once `jira-assets keys rotate` has retired it."
        )
        self.key_id = key_id


class WrongKey(PrivacyError):
    """A key has the id of the one that data are encrypted with, but is another."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"the key {key_id!r} in {_VARIABLE} is not the one that data are encrypted with. "
            "Restore that one, and give a new key an id of its own."
        )
        self.key_id = key_id


class NotProtected(PrivacyError):
    """What should be decrypted is not encrypted."""

    def __init__(self, value: str) -> None:
        super().__init__(
            f"a value of {len(value)} characters is no protected value. Give it whole, as the table has it."
        )


class Tampered(PrivacyError):
    """Encrypted data are not what was written, or not where it was written."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} cannot be decrypted: it was changed, cut short or moved since it was written. "
            "Restore it from a backup."
        )
        self.what = what


class NotSealed(Tampered):
    """Something is not encrypted where everything is: whoever can write there may have forged it."""

    def __init__(self, what: str) -> None:
        PrivacyError.__init__(
            self,
            f"{what} is not encrypted, and everything else is. Whoever can write there may have forged it: "
            "remove it. If it is yours, `jira-assets keys rotate --accept-plain` encrypts it.",
        )
        self.what = what
