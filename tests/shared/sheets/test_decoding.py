"""In which encoding Chinese is written, told from its bytes alone."""

import csv
import random
from pathlib import Path

import pytest

from shared import simplified
from shared.sheets.decoding import decode_text
from shared.towns import load_towns

HERE = Path(__file__).parents[3]
HEADER = "姓名,手机,类别,困难类别,镇街,内容,金额\n"
TRADITIONAL = str.maketrans(simplified._SIMPLIFIED, simplified._TRADITIONAL)
"""Letter by letter: not how it is spelt, but which bytes it has."""


def list_pieces() -> list[str]:
    """Texts of the house's own files: what people ask for, and what places are called."""
    path = HERE / "services/intake/judgement/examples.csv"
    with path.open(encoding="utf-8") as file:
        texts = [",".join(row) for row in list(csv.reader(file))[1:]]
    return [*texts, *load_towns().values()]


def make_sheets() -> list[str]:
    chance, pieces = random.Random(7), list_pieces()
    sizes = [chance.choice((1, 2, 5, 20)) for _ in range(300)]
    return [HEADER + "\n".join(chance.sample(pieces, size)) for size in sizes]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_simplified_is_read_in_its_own_encoding(encoding: str) -> None:
    for text in make_sheets():
        assert decode_text(text.encode(encoding)) == text


def test_traditional_is_read_in_its_own_encoding() -> None:
    read = 0
    for text in make_sheets():
        traditional = text.translate(TRADITIONAL)
        assert decode_text(traditional.encode("gb18030")) == traditional
        try:
            content = traditional.encode("big5hkscs")
        except UnicodeEncodeError:
            continue  # a letter of the mainland alone
        read += 1
        assert decode_text(content) == traditional
    assert read > 100
