"""Finds people who are forgotten in texts: their account ids, addresses and full names.

All that is known of them are digests. So texts are taken apart into what could be one of these, and most
words of most texts are known, after a while, to be none.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

from jira_assets.privacy.forgotten import WORD, Forgotten, Person, folded

NOBODY = "[forgotten]"
"""What stands in texts for names and addresses."""

_LONGEST_GAP = 3  # characters between the words of a name: `Sommer, Maria`
_LONGEST_BEFORE = 40  # characters of the word before a name
_WITHIN_NAME = re.compile(r"[\s._-]{1,3}")
_WITHIN_TURNED = re.compile(r"[\s,_-]{1,3}")
_INITIAL = re.compile(r"[ \u00a0][^\W\d_](?:\.|(?!\w))")
_NAME_BEFORE = re.compile(r"(?<!\w)[A-Z\u00c0-\u00de]\w* \Z")
_NAME_AFTER = re.compile(r" [A-Z\u00c0-\u00de]\w")
_KEPT = 200_000  # words that begin no name
_ESCAPED_MARK = re.compile(r"\\(?:[^u]|u00[01][0-9A-Fa-f])", re.DOTALL)
_DIGITS = re.compile("[0-9]+")
_AT = re.compile("@|%40")
_BESIDE_ADDRESSES = frozenset("<>()[]{}\"',;:|/\\?&=@*")
_AROUND_ADDRESSES = "_~+-.!`^"
_COUNTRY = re.compile("[a-z]{2,3}")
_LONGEST_HALF = 254  # characters of an address, RFC 5321
_ID_START = re.compile("(?<![0-9A-Za-z])[0-9A-Za-z]")
_COLON = re.compile("%3a", re.IGNORECASE)


class TraceFinder:
    """Finds what these people can be recognised by. Keep it: it gets quicker. Threads may share it."""

    def __init__(self, forgotten: Forgotten) -> None:
        self._forgotten = forgotten
        self.created = frozenset(issue for person in forgotten.people for issue in person.issues)
        self._accounts = {person.account: person for person in forgotten.people}
        names = [name for person in forgotten.people for name in person.names]
        names.sort(key=lambda name: not name.is_turned)  # what is a name as it is needs no comma
        self._names = {name.digest: name.is_turned for name in names}
        self._firsts = {name.first for name in names}
        self._lengths = sorted({name.words for name in names}, reverse=True)
        self._addresses = {address for person in forgotten.people for address in person.addresses}
        self._id_lengths = sorted({p.length for p in forgotten.people if p.is_distinctive}, reverse=True)
        self._has_words = not all(person.is_distinctive for person in forgotten.people)
        shortest = min(self._id_lengths, default=None)
        # A colon may be written as %3A in an address.
        self._long = None if shortest is None else re.compile(rf"[0-9A-Za-z:_%-]{{{shortest},}}")
        self._known: dict[str, Person | None] = {}
        self._harmless: set[str] = set()

    def person(self, account_id: object) -> Person | None:
        """Whose account an id is, if that person is forgotten."""
        if not isinstance(account_id, str):
            return None
        try:
            return self._known[account_id]
        except KeyError:
            if len(self._known) >= _KEPT:
                self._known.clear()
            digest = self._forgotten.digest("account", account_id)
            found = self._known[account_id] = self._accounts.get(digest)
            return found

    def ids_may_be_in_json(self, payload: bytes) -> bool:
        """Whether some account's id may be in encoded JSON: ids have nothing that JSON would escape."""
        return self._has_words or self._id_is_in(payload.decode(errors="replace"))

    def may_be_in_json(self, payload: bytes) -> bool:
        """Whether it is worth to decode it, and to look closely; a wrong yes is rare."""
        text = _ESCAPED_MARK.sub(" ", payload.decode(errors="replace"))
        if self._has_words or "\\" in text:  # what is left of them are letters
            return True
        return self.may_be_in(text)

    def issue_may_be_in_json(self, payload: bytes) -> bool:
        """Whether it may show an issue that somebody created: ids of other things are as short."""
        return not self.created.isdisjoint(_DIGITS.findall(payload.decode(errors="replace")))

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth to look closely; a wrong yes is rare."""
        if self._id_is_in(text):
            return True
        if self._addresses and ("@" in text or "%40" in text) and any(self._addresses_in(text)):
            return True
        return any(True for _ in self._names_in(_composed(text)))

    def without(self, text: str) -> str:
        """The text without them; the same object if they are not in it."""
        if not self.may_be_in(text):
            return text
        text = self.without_ids(text)
        if self._addresses:
            text = _without(text, self._addresses_in(text))
        composed = _composed(text)
        shortened = _without(composed, self._names_in(composed))
        return text if shortened == composed else shortened

    def without_ids(self, text: str) -> str:
        """The text without their account ids; names and addresses, which others may share, stay."""
        return text if self._long is None else self._long.sub(lambda match: self._without_ids(match[0]), text)

    def _id_is_in(self, text: str) -> bool:
        if self._long is None:
            return False
        return any(True for token in set(self._long.findall(text)) for _ in self._ids_in(token))

    def _ids_in(self, token: str) -> Iterator[tuple[int, int, Person]]:
        """Where ids begin and end in a token: at its ends, or at what is neither a letter nor a digit."""
        plain = _COLON.sub(":", token)
        after = 0
        for match in _ID_START.finditer(plain):
            start = match.start()
            for length in self._id_lengths if start >= after else ():
                end = start + length
                if end <= len(plain) and not plain[end : end + 1].isalnum():
                    person = self.person(plain[start:end])
                    if person is not None:
                        after = end
                        yield start, end, person
                        break

    def _without_ids(self, token: str) -> str:
        found = list(self._ids_in(token))
        if not found:
            return token
        token = _COLON.sub(":", token)
        for start, end, person in reversed(found):
            token = token[:start] + person.tombstone + token[end:]
        return token

    def _addresses_in(self, text: str) -> Iterator[tuple[int, int]]:
        after = 0
        for match in _AT.finditer(text):
            start = max(after, _start_of_half(text, match.start()))
            domain = text[match.end() : _end_of_half(text, match.end())].rstrip(_AROUND_ADDRESSES)
            for begin in dict.fromkeys((start, _without_marks(text, start, match.start()))):
                length = self._domain_length(text[begin : match.start()], domain)
                if length:
                    after = match.end() + length
                    yield begin, after
                    break

    def _domain_length(self, name: str, domain: str) -> int:
        """How much of what stands behind an @ belongs to an address of theirs; 0 if it is none."""
        while name and domain:
            if self._forgotten.digest("address", f"{name}@{domain}".casefold()) in self._addresses:
                return len(domain)
            domain, _, last = domain.rpartition(".")
            if _COUNTRY.fullmatch(last):  # it was another domain, and no sentence that begins without a blank
                break
        return 0

    def _names_in(self, text: str) -> Iterator[tuple[int, int]]:
        firsts = self._firsts_in(text) if self._names else ()
        if not firsts:
            return
        any_first = "|".join(map(re.escape, sorted(firsts)))
        after = 0
        for match in re.finditer(rf"(?<![^\W_])(?:{any_first})(?![^\W_])", text):
            if match.start() < after:
                continue
            end = self._name_end(text, list(islice(WORD.finditer(text, match.start()), self._lengths[0] + 1)))
            if end is not None:
                after = end
                yield match.start(), after

    def _name_end(self, text: str, words: list[re.Match[str]]) -> int | None:
        """Where the name ends that begins with these words, if one does: the longest."""
        for length in self._lengths:
            window = words[:length]
            if len(window) == length and _is_close(window):
                is_turned = self._turned(window)
                if is_turned is False:
                    return window[-1].end()
                if is_turned and _is_apart(text, window):
                    initial = _INITIAL.match(text, window[-1].end())
                    return initial.end() if initial else window[-1].end()
            longer = words[: length + 1]
            for at in range(1, length) if len(longer) > length and _is_close(longer) else ():
                is_middle = _is_middle_name(text, longer[at - 1], longer[at], longer[at + 1])
                if is_middle and self._turned([*longer[:at], *longer[at + 1 :]]) is False:
                    return longer[-1].end()
        return None

    def _firsts_in(self, text: str) -> set[str]:
        """The words of a text that names may begin with."""
        words = set(WORD.findall(text)) - self._harmless
        found = {word for word in words if self._forgotten.fingerprint(folded(word)) in self._firsts}
        if len(self._harmless) >= _KEPT:
            self._harmless.clear()
        self._harmless |= words - found
        return found

    def _turned(self, words: Iterable[re.Match[str]]) -> bool | None:
        """Whether these words are a name in another order; None if they are no name."""
        written = " ".join(folded(word[0]) for word in words)
        return self._names.get(self._forgotten.digest("name", written))


def _composed(text: str) -> str:
    """Letters and their accents as one character each, so that words end where they seem to."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _start_of_half(text: str, at: int) -> int:
    """Where what stands before an @ begins."""
    start = at
    while start > max(0, at - _LONGEST_HALF) and _may_be_in_address(text[start - 1]):
        start -= 1
    return start


def _end_of_half(text: str, at: int) -> int:
    end = at
    while end < min(len(text), at + _LONGEST_HALF) and _may_be_in_address(text[end]):
        end += 1
    return end


def _may_be_in_address(character: str) -> bool:
    return character not in _BESIDE_ADDRESSES and not character.isspace()


def _without_marks(text: str, start: int, end: int) -> int:
    """Where an address begins that something is wrapped around, such as what makes it italic."""
    while start < end and text[start] in _AROUND_ADDRESSES:
        start += 1
    return start


def _is_close(words: list[re.Match[str]]) -> bool:
    return all(later.start() - earlier.end() <= _LONGEST_GAP for earlier, later in pairwise(words))


def _is_middle_name(text: str, before: re.Match[str], word: re.Match[str], after: re.Match[str]) -> bool:
    """Whether a word is written as a name, or an initial, between those of another."""
    gaps = (text[before.end() : word.start()], text[word.end() : after.start()])
    return word[0][0].isupper() and all(map(_WITHIN_NAME.fullmatch, gaps))


def _is_apart(text: str, words: list[re.Match[str]]) -> bool:
    """Whether a name in another order is one: neither the end of a sentence and the beginning of the next,
    nor the end of a name and the beginning of another, as in `John Doe, Jane Roe`.
    """
    gaps = [text[one.end() : other.start()] for one, other in pairwise(words)]
    goes_on = _NAME_BEFORE.search(text, max(0, words[0].start() - _LONGEST_BEFORE), words[0].start())
    is_list = goes_on is not None and _NAME_AFTER.match(text, words[-1].end()) is not None
    return all(map(_WITHIN_TURNED.fullmatch, gaps)) and not is_list


def _without(text: str, found: Iterable[tuple[int, int]]) -> str:
    pieces, after = [], 0
    for start, end in found:
        pieces += [text[after:start], NOBODY]
        after = end
    return "".join([*pieces, text[after:]]) if pieces else text
