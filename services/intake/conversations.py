"""What one contact point wrote that waits to be read: the wish it may be, with the words. Pure.

Rules read each message in its turn, as an answer to what was asked before it, where something was.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.intake.channels.besides import list_besides
from services.intake.channels.text import NAMELESS, Draft, read_count, read_slot, understand
from services.intake.model import Slot
from shared.contracts.values import BeneficiaryClass, format_yuan_plain
from shared.towns import CITY_WIDE
from shared.villages import village_name

_NEED_FIELDS = frozenset({"item", "quantity", "unit", "amount"})
_CLAUSES = re.compile(r"[\s,，;；、。!！?？…|]+")
_QUOTED_MAX = 40
_CLAUSES_MAX = 12
_SHORT_MAX = 8
"""Of what may be a place or a name alone."""
_SLOTS: dict[str, Slot] = {
    "what": "what",
    "where": "where",
    "whom": "whom",
    "what_again": "what",
    "where_again": "where",
    "whom_again": "whom",
}


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """One message. label: of a place that was sent; answer: what its sender was answered.
    is_recorded: it became a request, and a person reads what it asks for besides."""

    text: str = field(repr=False)
    label: str = field(default="", repr=False)
    answer: str = ""
    is_recorded: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """Fields of the form of a request, and for each the words that it was read from. besides: what
    is asked for and is no request yet, in the order in which it was said."""

    values: dict[str, str] = field(repr=False)
    words: dict[str, str] = field(repr=False)
    besides: tuple[str, ...] = field(default=(), repr=False)


def read_wish(lines: Sequence[WrittenLine]) -> Wish:
    """Never raises. The first word of each field stands, as in a dialogue."""
    draft, values, words = Draft(), dict[str, str](), dict[str, str]()
    slot: Slot | None = None
    before = ""
    for line in lines:
        draft = draft.fill(_read_line(line, slot, before))
        fresh = {name: v for name, v in _list_fields(draft).items() if name not in values}
        if fresh:
            values |= fresh
            words |= _quote(fresh, line, slot, before)
        slot, before = _SLOTS.get(line.answer), line.text or before
    return _suggest_besides(lines, draft, Wish(values, words))


def _suggest_besides(lines: Sequence[WrittenLine], draft: Draft, wish: Wish) -> Wish:
    """How many is left to who asks. What became a request already is not suggested again."""
    is_recorded = any(line.is_recorded for line in lines)
    if not is_recorded and not _NEED_FIELDS.isdisjoint(wish.values):
        return wish
    drafts = draft.list_each()
    needs = [each.need for each in drafts if each.need]
    categories = [each.category for each in drafts] if is_recorded else []
    besides = list_besides([line.text for line in lines], needs, categories)
    if not besides:
        return wish
    first = besides[0]
    fresh = {"item": first.item, "unit": first.unit, "category": first.category or ""}
    replaced = {*_NEED_FIELDS, "category"}
    values = {name: value for name, value in wish.values.items() if name not in replaced}
    words = {name: text for name, text in wish.words.items() if name not in replaced}
    values |= {name: str(value) for name, value in fresh.items() if value}
    return Wish(values, words, tuple(beside.item for beside in besides))


def _read_line(line: WrittenLine, slot: Slot | None, before: str) -> Draft:
    """before: the message before it, which may name the thing that is counted now."""
    understood = understand(line.text) if slot is None and not line.label else None
    if isinstance(understood, Draft):
        return understood
    draft = read_slot(slot or "what", line.text, line.label)
    if slot is None and len(line.text) <= _SHORT_MAX:
        draft = draft.fill(_read_short(line.text))
    if draft.need is None and before:
        draft = draft.model_copy(update={"need": read_count((before,), line.text)})
    return draft


def _read_short(text: str) -> Draft:
    """A place or a name alone, of who was asked nothing."""
    draft = read_slot("where", text)
    is_somewhere = draft.town_code == CITY_WIDE
    return draft.model_copy(update={"town_code": None}) if is_somewhere else draft


def _list_fields(draft: Draft) -> dict[str, str]:
    """As the form has them; what was not said is absent."""
    need, class_ = draft.need, draft.beneficiary_class
    fields = {
        "name": draft.name if draft.name != NAMELESS else None,
        "category": draft.category,
        "class": class_ if class_ is not BeneficiaryClass.GENERAL else None,
        "town": draft.town_code,
        "village": village_name(draft.village_code),
    }
    if need and need.is_money:
        fields["amount"] = format_yuan_plain(need.quantity)
    elif need:
        fields |= {"item": need.item, "quantity": str(need.quantity), "unit": need.unit}
    return {name: str(value) for name, value in fields.items() if value}


def _quote(
    names: Iterable[str], line: WrittenLine, slot: Slot | None, before: str
) -> dict[str, str]:
    """For each field the part of the message that says it by itself, or all of it."""
    text = line.text or line.label
    clauses = [clause for clause in _CLAUSES.split(text) if clause][:_CLAUSES_MAX]
    clause_by_name: dict[str, str] = {}
    for clause in clauses:
        for name in _list_fields(_read_line(WrittenLine(clause), slot, before)):
            clause_by_name.setdefault(name, clause)
    return {name: _shorten(clause_by_name.get(name) or " ".join(clauses)) for name in names}


def _shorten(text: str) -> str:
    return text if len(text) <= _QUOTED_MAX else f"{text[:_QUOTED_MAX]}…"
