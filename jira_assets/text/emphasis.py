"""The marks of texts in Markdown: bold, italic, struck through, sub- and superscript, code and links.

Markdown has its own idea of where marks may begin and end: ``** bold**`` is not bold, nor is the middle of
``a**"b"**c``. So blanks at the ends of a mark are moved out of it, and where asterisks would not be
understood, HTML takes their place, which Markdown allows.

The rules: https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis
"""

import re
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from jira_assets.text.links import ends_in_picture_sign, link, safe
from jira_assets.text.nodes import first_string

Mark: TypeAlias = tuple[str, str]  # kind, and target of a link
Run: TypeAlias = tuple[frozenset[Mark], str]

CODE: Mark = ("code", "")
STRONG: Mark = ("strong", "")

# From the outermost to the innermost, where two begin and end together. Colours, alignment and underlines are
# left out; subscripts are not, for H<sub>2</sub>O is not H2O, and 10<sup>3</sup> is not 103.
_KINDS = ("link", "strong", "em", "strike", "sub", "sup")
_DELIMITERS = {"strong": "**", "em": "*", "strike": "~~"}
_TAGS = {"strong": "strong", "em": "em", "strike": "del", "sub": "sub", "sup": "sup"}

_PUNCTUATION = frozenset("!\"#$%&'()+,-./:;<=>?@[]^`{|}")  # save for what delimits
_DELIMITING = frozenset("*_~\\")


def marks_of(marks: object) -> frozenset[Mark]:
    """Of the marks of a node, the ones that Markdown can express."""
    found: set[Mark] = set()
    for mark in marks if isinstance(marks, list) else ():
        kind = mark.get("type") if isinstance(mark, dict) else None
        if kind == "subsup":
            kind = first_string(mark.get("attrs"), "type")
        if kind == "link":
            if (target := safe(first_string(mark.get("attrs"), "href"))) and not _links(found):
                found.add((kind, target))
        elif kind == "code" or (isinstance(kind, str) and kind in _TAGS):
            found.add((kind, ""))
    return frozenset(found)


def _links(marks: set[Mark]) -> bool:
    return any(kind == "link" for kind, _ in marks)


class _Word(NamedTuple):
    """A text without blanks at its ends, the blanks before it, and its marks."""

    gap: str
    text: str
    marks: frozenset[Mark]


def emphasised(before: str, runs: list[Run], after: str) -> str:
    """The marked texts of a line in Markdown, between these characters ("" at the ends of the line)."""
    if len(runs) == 1:
        return _alone(before, *runs[0], after)
    words, last_gap = _words(runs)
    ends = _ends(words)
    line = _Line(before, words, last_gap or after)
    for index, word in enumerate(words):
        line.close(index - 1)
        line.pieces.append(word.gap)
        line.open(index, ends[index])
        line.pieces.append(word.text)
    line.close(len(words) - 1)
    return "".join([*line.pieces, last_gap])


def _alone(before: str, marks: frozenset[Mark], text: str, after: str) -> str:
    """A marked text next to none, as most are."""
    gap, text, last_gap = _trimmed(marks, text)
    if not text:
        return gap
    nested = [mark for mark in marks if mark != CODE]
    if len(nested) > 1:
        nested.sort(key=_nesting, reverse=True)
    if nested and nested[-1][0] == "link":
        before = after = ""  # a bracket is
    delimits = _can_delimit("" if gap else before, text[0], opened=len(nested), closed=0)
    delimits = delimits and _can_delimit((last_gap or after)[:1], text[-1], opened=len(nested), closed=0)
    for mark in nested:
        opener, closer = _delimiters(mark, delimits=delimits)
        text = link(text, mark[1]) if mark[0] == "link" else opener + text + closer
    return gap + text + last_gap


def _trimmed(marks: frozenset[Mark], text: str) -> tuple[str, str, str]:
    """The blanks before a text, the text without them, and the blanks after it. Those of code are its own."""
    if CODE in marks and text:
        return "", code_span(text), ""
    if not (trimmed := text.strip()):
        return text, "", ""
    start = text.index(trimmed)
    return text[:start], trimmed, text[start + len(trimmed) :]


def _words(runs: list[Run]) -> tuple[list[_Word], str]:
    """The runs with blanks at their ends moved out, and the blanks after the last."""
    words, gap = [], ""
    for marks, group in groupby(runs, key=itemgetter(0)):
        before, text, after = _trimmed(marks, "".join(text for _, text in group))
        gap += before
        if text:
            words.append(_Word(gap, text, marks - {CODE}))
            gap = after
    return words, gap


def _nesting(mark: Mark) -> int:
    return _KINDS.index(mark[0])


def _delimiters(mark: Mark, *, delimits: bool) -> tuple[str, str]:
    kind = mark[0]
    if delimits and kind in _DELIMITERS:
        return _DELIMITERS[kind], _DELIMITERS[kind]
    return (f"<{_TAGS[kind]}>", f"</{_TAGS[kind]}>") if kind in _TAGS else ("", "")


def _ends(words: list[_Word]) -> list[dict[Mark, int]]:
    """For each word and each of its marks, the last word up to which the mark goes on."""
    ends: list[dict[Mark, int]] = []
    following: dict[Mark, int] = {}
    for index in range(len(words) - 1, -1, -1):
        following = {mark: following.get(mark, index) for mark in words[index].marks}
        ends.append(following)
    ends.reverse()
    return ends


class _Opened(NamedTuple):
    """A mark from one word to another, which begins at one of the pieces."""

    mark: Mark
    first: int
    last: int
    closer: str
    piece: int


class _Line:
    """Words as they are written, with the marks that are open."""

    __slots__ = ("_after", "_before", "_opened", "_words", "pieces")

    def __init__(self, before: str, words: list[_Word], after: str) -> None:
        self._before = before
        self._words = words
        self._after = after
        self._opened: list[_Opened] = []
        self.pieces: list[str] = []

    def open(self, first: int, ends: dict[Mark, int]) -> None:
        """Begin the marks of a word that are not open, the one that goes on longest first."""
        opening = self._words[first].marks.difference(opened.mark for opened in self._opened)
        for mark in sorted(opening, key=lambda mark: (-ends[mark], _nesting(mark))):
            # One that goes further than the one around it begins again after that.
            self._open(mark, first, min([ends[mark], *(opened.last for opened in self._opened[-1:])]))

    def _open(self, mark: Mark, first: int, last: int) -> None:
        delimits = not self._begins_again(mark, first, last) and self._delimits(first, last)
        opener, closer = _delimiters(mark, delimits=delimits)
        self._opened.append(_Opened(mark, first, last, closer, len(self.pieces)))
        self.pieces.append(opener)

    def _begins_again(self, mark: Mark, first: int, last: int) -> bool:
        """Whether a mark begins with the one around it, and a second time within that: asterisks in a row
        would be paired with the wrong ones.
        """
        if not self._opened or self._opened[-1].first != first:
            return False
        return any(mark in word.marks for word in self._words[last + 1 : self._opened[-1].last + 1])

    def close(self, last: int) -> None:
        """End the marks that go no further than this word."""
        while self._opened and self._opened[-1].last <= last:
            (kind, target), _, _, closer, piece = self._opened.pop()
            if kind == "link":
                self.pieces[piece:] = [link("".join(self.pieces[piece:]), target)]
                self._keep_from_picture(piece)
            else:
                self.pieces.append(closer)

    def _keep_from_picture(self, piece: int) -> None:
        before = next((place for place in range(piece - 1, -1, -1) if self.pieces[place]), 0)
        text = self.pieces[before]
        if self.pieces[piece][:1] == "[" and before < piece and ends_in_picture_sign(text):
            self.pieces[before] = f"{text[:-1]}\\!"

    def _delimits(self, first: int, last: int) -> bool:
        """Whether asterisks around these words will be read as marks."""
        words, links = self._words, [opened for opened in self._opened if opened.mark[0] == "link"]
        start, end = words[first], words[last]
        before = words[first - 1] if first else _Word("", self._before, frozenset())
        after = words[last + 1] if last + 1 < len(words) else _Word("", self._after, frozenset())
        # A bracket is next to the ends of a link.
        apart_before = start.gap or any(opened.first == first for opened in links)
        apart_after = after.gap or any(opened.last == last for opened in links)
        return _can_delimit(
            "" if apart_before else before.text[-1:],
            start.text[0],
            opened=len(start.marks - before.marks),
            closed=len(before.marks - start.marks),
        ) and _can_delimit(
            "" if apart_after else after.text[:1],
            end.text[-1],
            opened=len(end.marks - after.marks),
            closed=len(after.marks - end.marks),
        )


def _can_delimit(outside: str, inside: str, *, opened: int, closed: int) -> bool:
    """Whether asterisks between these characters delimit what is inside, seen from the mark they belong to:
    ``opened`` marks begin there with it, ``closed`` ones of its neighbour end.
    """
    if inside in _DELIMITING:
        return False
    if not outside or outside.isspace():
        return True
    if closed:
        return False
    return outside in _PUNCTUATION or (opened == 1 and inside.isalnum())


def code_span(text: str) -> str:
    """Code within a line, between more backticks than it has in a row."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    loses_blanks = text[0] == text[-1] == " " and not text.isspace()
    if loses_blanks or text.startswith("`") or text.endswith("`"):
        text = f" {text} "
    return fence + text + fence
