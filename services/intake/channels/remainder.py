"""What is left of a text while its parts are taken out of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SEPARATORS = re.compile(r"[\s,;、。!?…|/:()]+")


@dataclass(slots=True)
class Remainder:
    """rest: the text, with a blank for each part that was taken."""

    rest: str

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        matches = list(pattern.finditer(self.rest))
        self.rest = pattern.sub(" ", self.rest)
        return matches

    def take_words(self, words: Mapping[str, str]) -> set[str]:
        """What the words found stand for; a longer word hides the shorter one in it."""
        return {words[match.group(0)] for match in self.take(compile_any(words))}

    @property
    def tokens(self) -> list[str]:
        return [token for token in SEPARATORS.split(self.rest) if token]


def compile_any(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)))
