"""What people write, in the catalogue's words, with the reason. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from shared.contracts.values import Category
from shared.text import fold_text

Match = Literal["named", "synonym", "contained", "unknown"]
"""contained: the words are in what was written, beside others; a person has to look."""

_MARKS = re.compile(r"[\s\"'“”‘’·.。*_]")
# Behind the item comes how many, for whom, or a remark.
_TAIL = re.compile(
    r"[\d(（\[【,，;；:：、/\\|+]|[一二两三四五六七八九十几]+(?=[\u4e00-\u9fff])|给|联系|电话"
)
_DENIED = re.compile("[不没無无非免勿别]")
_WORD_LENGTH_MIN = 2
"""Of a word that counts inside others: 油 is in too many."""


@dataclass(frozen=True, slots=True)
class Entry:
    """name: what leaves intake. unit: how it is counted. substitutes: names of entries that
    may be given instead."""

    name: str
    unit: str
    category: Category | None = None
    synonyms: tuple[str, ...] = ()
    unit_synonyms: tuple[str, ...] = ()
    substitutes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    name: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """item, unit: in the catalogue's words; the item is empty where it is unknown, and the unit
    where nobody counts so. reason: in words of the catalogue alone, so it may be shown to anybody.
    """

    match: Match
    item: str
    unit: str
    reason: str = ""

    @property
    def is_sure(self) -> bool:
        return self.match in ("named", "synonym")


@dataclass(frozen=True)
class Catalogue:
    entries: tuple[Entry, ...] = ()
    units: tuple[Unit, ...] = ()
    _by_word: dict[str, Entry] = field(init=False, repr=False, compare=False)
    _unit_names: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = {normalize(word): entry for word, entry in self.list_words()}
        object.__setattr__(self, "_by_word", words)
        names = {normalize(word): unit.name for unit in self.units for word in unit.synonyms}
        names |= {normalize(unit.name): unit.name for unit in self.units}
        for entry in self.entries:
            for word in (entry.unit, *entry.unit_synonyms):
                names.setdefault(normalize(word), word)
        object.__setattr__(self, "_unit_names", names)

    def list_words(self) -> Iterator[tuple[str, Entry]]:
        """Every word for an item, a name after all synonyms: it wins."""
        for entry in self.entries:
            yield from ((word, entry) for word in entry.synonyms)
        for entry in self.entries:
            yield entry.name, entry

    def find(self, text: str) -> Entry | None:
        """The entry that is called so."""
        return self._by_word.get(normalize(text))

    def read(self, item: str, unit: str) -> Reading:
        """An item and its unit as they were written."""
        word = normalize(item)
        entry, match = self._by_word.get(word), "synonym"
        if entry is None:
            entry, match = self._find_contained(word), "contained"
        if entry is None:
            return Reading("unknown", "", self.read_unit(unit))
        name, why_unit = self._fit_unit(entry, unit)
        reasons = [why_unit] if why_unit else []
        if match == "synonym" and word == normalize(entry.name):
            return Reading("named", entry.name, name, "；".join(reasons))
        if match == "synonym":
            written = next(each for each in entry.synonyms if normalize(each) == word)
            reasons.insert(0, f"{written} → {entry.name}：别名")
            return Reading("synonym", entry.name, name, "；".join(reasons))
        reasons.insert(0, f"所写文字含“{entry.name}”或其别名 → {entry.name}")
        return Reading("contained", entry.name, name, "；".join(reasons))

    def read_unit(self, unit: str) -> str:
        """By its usual name; empty where it is no unit."""
        return self._unit_names.get(normalize(unit), "")

    def _fit_unit(self, entry: Entry, unit: str) -> tuple[str, str]:
        name = self.read_unit(unit)
        counted_as = {normalize(word) for word in entry.unit_synonyms}
        if name and name != entry.unit and {normalize(name), normalize(unit)} & counted_as:
            return entry.unit, f"{name} → {entry.unit}：{entry.name}的单位"
        return name, ""

    def _find_contained(self, word: str) -> Entry | None:
        """The one item that is named in it: at the end of what is before a number, or alone."""
        head = _TAIL.split(word, maxsplit=1)[0]
        if entry := self._by_word.get(head):
            return entry
        ending = max(self._list_endings(head), key=len, default="")
        if ending:
            return self._by_word[ending]
        named = self.list_named(word)
        return named[0] if len(named) == 1 and not _DENIED.search(word) else None

    def list_named(self, text: str) -> list[Entry]:
        """The entries that a sentence names, without those that are part of another's name."""
        word = normalize(text)
        named = {
            self._by_word[each].name: self._by_word[each]
            for each in self._by_word
            if len(each) >= _WORD_LENGTH_MIN and each in word
        }
        return [entry for name, entry in named.items() if not any(_is_part(name, n) for n in named)]

    def _list_endings(self, head: str) -> Iterator[str]:
        for start in range(1, max(len(head) - _WORD_LENGTH_MIN + 1, 1)):
            if head[start:] in self._by_word and not _DENIED.search(head[:start]):
                yield head[start:]


def _is_part(name: str, other: str) -> bool:
    return name != other and name in other


def normalize(text: str) -> str:
    """What is compared: folded, without blanks and marks, in small letters."""
    return _MARKS.sub("", fold_text(text)).casefold()


def find_conflicts(entries: Iterable[Entry]) -> Iterator[tuple[str, str, str]]:
    """(word, entry, other entry): a word that would mean two things."""
    owners: dict[str, str] = {}
    for entry in entries:
        for word in (entry.name, *entry.synonyms):
            owner = owners.setdefault(normalize(word), entry.name)
            if owner != entry.name:
                yield word, owner, entry.name
