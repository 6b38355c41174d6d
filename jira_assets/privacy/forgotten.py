"""Who is forgotten: whatever is fetched of these people later is redacted before it is stored.

`forgotten.json`, beside the raw log, says what they are recognised by: keyed digests of account ids, names
and addresses, so that the file itself names nobody, and the ids of the issues that they created. Where there
are keys it is sealed. A mark among the months says that there is such a file: its loss is an error.
"""

import fcntl
import hmac
import os
import re
import secrets
import unicodedata
import zlib
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
from upath import UPath

from jira_assets.files import local, make_folder_anywhere, replaced
from jira_assets.privacy.errors import PrivacyError
from jira_assets.privacy.keyring import NO_KEYS, Keyring, key_id_of
from jira_assets.privacy.rewriting import Rewritten

WORD = re.compile(r"[^\W_]+")

_PLACE = "forgotten.json"
_MARK = ".forgotten"
_TOMBSTONE = re.compile(r"forgotten-[0-9a-f]{12}")
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_FIRST_WORDS = 1 << 16
# What Jira calls those who are no longer there. It stands for many, so it must not be looked for.
_NOBODY = frozenset({"former user", "unknown user", "anonymous user", "deleted user"})


class Name(msgspec.Struct, frozen=True, order=True):
    """A full name. ``first`` is a short digest of its first word: most words begin no name.

    ``is_turned`` is that of one in another order than it was found in.
    """

    first: int
    words: int
    digest: str
    is_turned: bool = False


class Person(msgspec.Struct, frozen=True):
    """Somebody who is forgotten, and called ``tombstone`` instead. ``length`` is that of the account id."""

    tombstone: str
    account: str
    length: int
    is_distinctive: bool
    names: frozenset[Name] = frozenset()
    addresses: frozenset[str] = frozenset()
    issues: frozenset[str] = frozenset()


class Forgotten(msgspec.Struct, frozen=True):
    """All of them. ``salt`` is the key of the digests."""

    salt: bytes
    people: tuple[Person, ...] = ()

    @classmethod
    def empty(cls) -> "Forgotten":
        return cls(secrets.token_bytes(32))

    def digest(self, kind: str, text: str) -> str:
        """Says nothing about a text to who has not the salt, and little to who has."""
        return hmac.digest(self.salt, f"{kind}:{text}".encode(errors="replace"), "sha256").hex()[:32]

    def fingerprint(self, word: str) -> int:
        """Of a name's first word: one of so few that it tells of no word what it was."""
        return zlib.crc32(self.salt + word.encode(errors="replace")) % _FIRST_WORDS

    def tombstone(self, account_id: str) -> str | None:
        """What an account is called instead; None for those who are not forgotten."""
        digest = self.digest("account", account_id)
        return next((person.tombstone for person in self.people if person.account == digest), None)

    def with_account(self, account_id: str) -> "Forgotten":
        """With another account, if it is one."""
        if self.tombstone(account_id) is not None:
            return self
        tombstone = f"forgotten-{secrets.token_hex(6)}"
        digest = self.digest("account", account_id)
        person = Person(tombstone, digest, len(account_id), _is_distinctive(account_id))
        return Forgotten(self.salt, (*self.people, person))

    def with_traces(self, found: Mapping[str, "Traces"]) -> "Forgotten":
        """With what people, by their tombstones, can be recognised by; the same object if all is known."""
        people = tuple(self._person(person, found.get(person.tombstone)) for person in self.people)
        return self if people == self.people else Forgotten(self.salt, people)

    def _person(self, person: Person, found: "Traces | None") -> Person:
        if found is None:
            return person
        straight = {words for name in found.names for words in full_names(name)}
        turned = {each for words in straight for each in _turned(words)} - straight
        names = {self._name(words, is_turned=words in turned) for words in straight | turned}
        addresses = {self.digest("address", address.casefold()) for address in found.addresses}
        return msgspec.structs.replace(
            person,
            names=person.names | names,
            addresses=person.addresses | addresses,
            issues=person.issues | found.issues,
        )

    def _name(self, words: tuple[str, ...], *, is_turned: bool) -> Name:
        digest = self.digest("name", " ".join(words))
        return Name(self.fingerprint(words[0]), len(words), digest, is_turned)


@dataclass(slots=True)
class Traces:
    """What somebody can be recognised by beside the account id, as it was found."""

    names: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    issues: set[str] = field(default_factory=set)

    def call(self, name: str) -> None:
        """Somebody is called so. Customers of a service desk often have no name but their address."""
        (self.addresses if "@" in name else self.names).add(name.strip())

    def add(self, other: "Traces") -> None:
        self.names |= other.names
        self.addresses |= other.addresses
        self.issues |= other.issues


class ForgottenList:
    """The list in the folder of the raw log. Any number of processes of a machine may use it at once."""

    def __init__(self, root: UPath, keyring: Keyring = NO_KEYS) -> None:
        self.path = root / "forgotten.json"
        self._mark = root / "issues" / _MARK
        self.keyring = keyring

    def read(self) -> Forgotten | None:
        """None while nobody is forgotten. Raises OSError, and PrivacyError if the file is damaged or lost."""
        try:
            stored = self.path.read_bytes()
        except FileNotFoundError:
            self._miss()
            return None
        try:
            return msgspec.json.decode(self.keyring.unseal(stored, _PLACE), type=Forgotten)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise PrivacyError(
                f"{self.path}, which says who is forgotten, is damaged. Restore it from a backup: without it "
                "what was forgotten would come back."
            ) from None

    def _miss(self) -> None:
        """Raises PrivacyError if somebody was forgotten, though there is no file."""
        if self._mark.exists():
            raise PrivacyError(
                f"{self.path}, which says who is forgotten, is gone. Restore it from a backup: without it "
                "what was forgotten would come back. If nobody is to be forgotten any more, remove "
                f"{self._mark}."
            )

    def key_id(self) -> str | None:
        """Of the key that has sealed it; None if none has. Raises OSError and Tampered."""
        return key_id_of(self.path.read_bytes(), _PLACE)

    def rewrite(self) -> Rewritten:
        """Seals the file with the key that writes."""
        done = Rewritten()
        with self._locked():
            forgotten = self.read()
            if forgotten is not None:
                done.seen = 1
                if self.key_id() != self.keyring.writing:
                    self._write(forgotten)
                    done.resealed = 1
        return done

    def identity(self) -> Hashable:
        """Changes with the file; None while there is none. Raises PrivacyError if it was lost."""
        on_disk = local(self.path)
        try:
            if on_disk is None:  # what object stores say of times differs, and is not exact
                return self.path.read_bytes()
            status = on_disk.stat()
        except FileNotFoundError:
            self._miss()
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def add(self, account_id: str) -> str:
        """Durable when this returns. Returns what the account is called from now on."""
        with self._locked():
            before = self.read() or Forgotten.empty()
            after = before.with_account(account_id)
            if after is not before:
                self._write(after)
        return after.tombstone(account_id) or ""

    def learn(self, found: Mapping[str, Traces]) -> None:
        """Note by what people can be recognised. Durable when this returns."""
        if not found:
            return
        with self._locked():
            before = self.read()
            after = before and before.with_traces(found)
            if after is not None and after is not before:
                self._write(after)

    def _write(self, forgotten: Forgotten) -> None:
        content = msgspec.json.encode(forgotten, order="deterministic")
        with replaced(self.path) as staged:
            staged.write_bytes(self.keyring.seal(content, _PLACE))
        make_folder_anywhere(self._mark.parent)
        with replaced(self._mark) as staged:
            staged.touch()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Between reading and writing, nobody else may write. Object stores have no locks."""
        make_folder_anywhere(self.path.parent)
        on_disk = local(self.path.parent)
        if on_disk is None:
            yield
            return
        descriptor = os.open(on_disk, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def is_tombstone(account_id: str | None) -> bool:
    """Whether an account id is what somebody who is forgotten is called instead."""
    return account_id is not None and _TOMBSTONE.fullmatch(account_id) is not None


def folded(word: str) -> str:
    """A word as it is compared."""
    return word.lower() if word.isascii() else unicodedata.normalize("NFC", word.casefold())


def full_names(name: str) -> Iterable[tuple[str, ...]]:
    """The ways in which texts may call someone of this name, in words: none if it is a single word, which
    may be an ordinary one.
    """
    plain = " ".join(_ASIDE.sub(" ", name).split())
    last, comma, first = plain.partition(", ")
    for written in {name, plain, f"{first} {last}" if comma else plain}:
        words = tuple(map(folded, WORD.findall(unicodedata.normalize("NFC", written))))
        if len(words) > 1 and len(written.split()) > 1 and " ".join(words) not in _NOBODY:
            yield words
            without_initials = tuple(word for word in words if len(word) > 1 or not word.isascii())
            if 1 < len(without_initials) < len(words):
                yield without_initials


def _turned(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """A name with its last words first, however many of them are the family's."""
    return (words[at:] + words[:at] for at in range(1, len(words)))


def _is_distinctive(account_id: str) -> bool:
    """Whether an id is no word, so that it can be looked for in texts: those of Jira Server may be names."""
    return bool(re.fullmatch(r"(?=.*[0-9])(?=.*[A-Za-z:])[0-9A-Za-z:_-]{8,128}", account_id, re.ASCII))
