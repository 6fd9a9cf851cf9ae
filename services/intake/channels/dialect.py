"""How people write who write no Mandarin, as far as an answer turns on it."""

from shared.simplified import simplify


def read_dialect(text: str) -> str:
    """In simplified signs and Mandarin words, where it matters here."""
    return simplify(text).translate(_CANTONESE)


# How Cantonese is written; 収 is what a Japanese keyboard gives.
_CANTONESE = str.maketrans("咗嘅喇嚟畀俾哋佢仲収", "了的啦来给给们他还收")
