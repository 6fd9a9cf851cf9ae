"""What the ledger made of a statement's rows, looked up over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self

from services.audit.messages import FUND_NOT_OPEN, FUND_UNKNOWN, GIFT_REFUSED
from services.audit.model import LineOutcome
from services.audit.statements import messages
from services.audit.statements.files import Row, StatedRow
from services.audit.statements.givers import Poster
from services.audit.statements.likeness import Trait
from shared.documents import Document
from shared.errors import Problem
from shared.moments import as_stored

Outcome = Literal[
    "entered", "repeated", "elsewhere", "waiting", "asked", "refused", "reused", "unknown"
]
"""entered: this row brought the gift to the ledger. repeated: another did, and this one is known to
list it too. elsewhere: only others are known to. waiting: for its fund to be approved; then it is
entered by itself. asked: a gift of another giver or sum has its reference, and a person has to say
whether this is another gift. reused: its reference is another gift's."""

IDS_MAX = 1000
REFUSALS: Mapping[Outcome, Problem] = {
    "asked": messages.GIFT_ASKED.problem("bank_reference"),
    "reused": messages.REFERENCE_REUSED.problem("bank_reference"),
    "refused": GIFT_REFUSED.problem("fund_id"),
}


def explain_fund(id_: str, state: str | None) -> Problem | None:
    """Why nothing can be sent for a fund of this state (None: there is no such fund). What comes
    for one that is only proposed waits for its second person."""
    match state:
        case "open" | "proposed":
            return None
        case None:
            return FUND_UNKNOWN.problem("fund_id", id=id_)
        case _:
            return FUND_NOT_OPEN.problem("fund_id", id=id_, state=state)


def check_source(audit: Poster, source: str) -> None:
    """Raises ServiceError where no bank is registered by that name."""
    audit.post("/statements/find", {"source": source, "ids": []})


def name_as_stored(audit: Poster, source: str, rows: Sequence[Row]) -> list[Row]:
    """In order; a row that an earlier release entered has the id it was entered under."""
    ids = [id_ for row in rows for id_ in row.earlier_ids]
    gifts = dict(zip(ids, _find_gifts(audit, source, ids), strict=True))
    return [name_row_as_stored(row, gifts) for row in rows]


def name_row_as_stored(row: Row, gifts: Mapping[str, Document | None]) -> Row:
    """gifts: what is known of its `earlier_ids`."""
    for id_ in row.earlier_ids:
        gift = gifts[id_]
        if gift is not None and _is_same(row, gift):
            return replace(row, id=id_)
    return row


def find_outcomes(audit: Poster, source: str, rows: Sequence[Row]) -> list[Outcome]:
    """In order."""
    gifts = _find_gifts(audit, source, [row.id for row in rows])
    return [find_outcome(row, gift) for row, gift in zip(rows, gifts, strict=True)]


def _find_gifts(audit: Poster, source: str, ids: Sequence[str]) -> list[Document | None]:
    """In order; None where nothing is known of one."""
    gifts: list[Document | None] = []
    for start in range(0, len(ids), IDS_MAX):
        body = {"source": source, "ids": ids[start : start + IDS_MAX]}
        gifts += audit.post("/statements/find", body)["gifts"]
    return gifts


def find_outcome(row: Row, gift: Document | None) -> Outcome:
    """gift: what audit knows of the row's message; None for nothing."""
    if gift is None:
        return "unknown"
    if not _is_same(row, gift):
        return "reused"
    places = [(place["statement"], place["row"]) for place in gift["statements"]]
    place = (row.listed.statement, row.listed.row)
    if place not in places:
        return "elsewhere"
    if gift["may_be"]:
        return "repeated" if gift["answered_by"] else "asked"
    if gift["waiting"]:
        return "waiting"
    if gift["refused"]:
        return "refused"
    return "entered" if place == places[0] else "repeated"


def _is_same(row: Row, gift: Document) -> bool:
    fact = row.fact
    if datetime.fromisoformat(gift["received_at"]) != as_stored(fact.received_at):
        return False
    content = (fact.donor_id, fact.fund_id, fact.amount_fen)
    return content == (gift["donor_id"], gift["fund_id"], gift["amount_fen"])


def find_line_outcomes(
    audit: Poster, source: str, rows: Sequence[StatedRow]
) -> list[LineOutcome | None]:
    """In order; None where nothing is known yet."""
    outcomes: list[LineOutcome | None] = []
    for start in range(0, len(rows), IDS_MAX):
        ids = [row.id for row in rows[start : start + IDS_MAX]]
        body = {"source": source, "ids": ids}
        outcomes += audit.post("/statements/lines/find", body)["lines"]
    return outcomes


@dataclass(frozen=True, slots=True)
class Alike:
    """A gift that a row may be. id: empty while it is only in a file; where: for people."""

    id: str
    where: str

    @classmethod
    def from_trait(cls, trait: Trait) -> Self:
        return cls("", f"{trait.place[0]} {trait.place[1]}" if trait.place else "")

    @classmethod
    def from_json(cls, gift: Document) -> Self:
        listed = f"{gift['statement']} {gift['row']}" if gift["statement"] else gift["reference"]
        return cls(gift["id"], f"{gift['id']} {listed}".strip())


@dataclass(frozen=True, slots=True)
class LikenessAnswer:
    """is_new: nothing is known of the row's id. is_entered: the books have this very row from
    before its account was named."""

    is_new: bool
    is_entered: bool
    gifts: Sequence[Alike]


def ask_alike(audit: Poster, source: str, rows: Sequence[Row]) -> list[LikenessAnswer]:
    """In order."""
    answers: list[LikenessAnswer] = []
    for start in range(0, len(rows), IDS_MAX):
        some = [_describe(row) for row in rows[start : start + IDS_MAX]]
        body = {"source": source, "rows": some}
        answers += map(read_likeness, audit.post("/statements/alike", body)["rows"])
    return answers


def make_trait(row: Row) -> Trait:
    fact, place = row.fact, (row.listed.statement, row.listed.row)
    return Trait(
        row.id,
        fact.donor_id,
        fact.fund_id,
        fact.amount_fen,
        fact.received_at,
        fact.bank_reference,
        place,
        fact.own_account,
    )


COMPARED = {
    *("donor_id", "fund_id", "amount_fen", "received_at", "bank_reference", "statement"),
    "own_account",
}
"""Of a row, by which it may be another gift again."""


def _describe(row: Row) -> dict[str, object]:
    return {"id": row.id} | row.fact.model_dump(mode="json", include=COMPARED)


def read_likeness(answer: Document) -> LikenessAnswer:
    gifts = tuple(map(Alike.from_json, answer["gifts"]))
    return LikenessAnswer(answer["is_new"], answer["itself"] is not None, gifts)
