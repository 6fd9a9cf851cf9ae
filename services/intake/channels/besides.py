"""What a message asks for beside what became its request: 想要轮椅和棉被 says no number of quilts.

A rule makes no request of it, since it would have to guess how many; a person reads it instead.
"""

import re
from collections.abc import Sequence

from services.intake.channels.dialect import read_spoken_wish
from services.intake.channels.remainder import SEPARATORS
from services.intake.channels.spoken_counts import fold_counts
from services.intake.channels.spoken_goods import AND, find_things, is_good, name_thing
from services.intake.channels.words import SERVICES, find_spoken_categories, find_thing
from shared.catalogue import Entry
from shared.contracts.values import LABELS, Category, Need, Value
from shared.simplified import simplify
from shared.text import fold_text


class SecondWish(Value):
    """A thing by the name of the catalogue, or a kind of help by that of its category. unit: empty
    for help that is no thing."""

    item: str
    unit: str = ""
    category: Category | None = None


_ASKING = re.compile("想要|需要|急需|还要|还想|还缺|也要|也想|求|缺|申请")
_DENIED = re.compile("不(?:想|需|用|要|缺)|没(?:有)?(?:申请|求)|有了|已有")
_NO_MONEY = re.compile("(?:没有?|冇|缺|无)钱|交不起|付不起|钱(?:看病|治病|上学|读书|吃药)")
_PAID: frozenset[Category] = frozenset({Category.MEDICAL, Category.EDUCATION})


def list_besides(
    texts: Sequence[str], needs: Sequence[Need], categories: Sequence[Category | None]
) -> list[SecondWish]:
    """In the order in which they were said. needs, categories: of what became requests."""
    plain = fold_counts(read_spoken_wish(simplify(fold_text("\n".join(texts)))))
    names = {need.item for need in needs}
    names |= {entry.name for name in names if (entry := find_thing(name))}
    parts = [part for token in SEPARATORS.split(plain) for part in _split(token)]
    wish_parts = [part for part in parts if not _DENIED.search(part)]
    entries = dict.fromkeys(entry for part in wish_parts for entry in _list_asked(part))
    things = [
        SecondWish(item=entry.name, unit=entry.unit, category=entry.category)
        for entry in entries
        if entry.name not in names
    ]
    categories_found = {*categories, *(thing.category for thing in things)}
    has_money = any(need.is_money for need in needs)
    kinds = dict.fromkeys(kind for part in wish_parts for kind in _list_kinds(part, has_money))
    return [
        *things,
        *(SecondWish(item=LABELS[k], category=k) for k in kinds if k not in categories_found),
    ]


def _split(token: str) -> list[str]:
    """加湿器 is one thing."""
    is_whole = name_thing(token) or is_good(token)
    return [token] if is_whole else [part for part in AND.split(token) if part]


def _list_asked(part: str) -> list[Entry]:
    """The things of a part that says nothing else, or that it asks for."""
    if entry := name_thing(part):
        return [entry]
    is_asked = is_good(part) or _ASKING.search(part)
    return sorted(find_things(part), key=lambda entry: part.find(entry.name)) if is_asked else []


def _list_kinds(part: str, has_money: bool) -> list[Category]:
    """Help that is done for somebody, or money that he lacks for something."""
    kinds = find_spoken_categories(part) - {entry.category for entry in find_things(part)}
    is_lacking = bool(_NO_MONEY.search(part)) and not has_money
    return sorted(kind for kind in kinds if kind in SERVICES or (kind in _PAID and is_lacking))
