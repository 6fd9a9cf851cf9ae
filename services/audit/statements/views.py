"""What staff read of statements: sums, overlaps, where a row's gift is, and the reconciliation."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from services.audit.designation import parse_designation
from services.audit.model import BankFact, Donation, Pledge, derive_bank_fact_id, derive_donation_id
from services.audit.statements import listed
from services.audit.statements.likeness import Trait, TraitIndex
from services.audit.statements.reconciliation import Reconciliation
from services.audit.store import find_asked_gifts
from shared import mongo
from shared.contracts.values import CHINA
from shared.documents import Document

ALIKE_MAX = 5
"""Named of those that one row may be."""


async def load_statements(database: mongo.Database) -> dict[str, object]:
    return {"statements": await listed.sum_statements(database)}


async def load_overlaps(
    database: mongo.Database, names: Sequence[str], after: str, limit: int
) -> dict[str, object]:
    """pairs: of statements, with how many rows they share; only on the first page.
    gifts: each with its rows; `next` is the `after` of the following page, null at the end."""
    donations = await listed.find_overlapping_gifts(database, names, after, limit)
    pairs = [] if after else await listed.find_overlapping_pairs(database, names)
    return {
        "pairs": pairs,
        "gifts": [_describe_overlap(donation) for donation in donations],
        "next": donations[-1].id if len(donations) == limit else None,
    }


async def load_outcomes(
    database: mongo.Database, source: str, ids: Sequence[str]
) -> dict[str, object]:
    """What became of messages of a source, in order; null where nothing is known of one."""
    donation_ids = await _find_gift_ids(database, source, ids)
    documents = await listed.load_documents(database, donation_ids, VISIBLE)
    gifts = {document["_id"]: describe_stored_gift(document) for document in documents}
    return {"gifts": [gifts.get(id_) for id_ in donation_ids]}


async def _find_gift_ids(database: mongo.Database, source: str, ids: Sequence[str]) -> list[str]:
    """In order: of the gift that a message made, or whose line had come under another id."""
    fact_ids = [derive_bank_fact_id(source, id_) for id_ in ids]
    query = {"_id": {"$in": fact_ids}, "gift_id": {"$gt": ""}}
    gift_ids = {fact.id: fact.gift_id for fact in await mongo.find(database, BankFact, query)}
    pairs = zip(ids, fact_ids, strict=True)
    return [gift_ids.get(fact_id) or derive_donation_id(source, id_) for id_, fact_id in pairs]


async def load_line_outcomes(
    database: mongo.Database, source: str, ids: Sequence[str]
) -> dict[str, object]:
    """In order; null where nothing is known of one."""
    fact_ids = [derive_bank_fact_id(source, id_) for id_ in ids]
    facts = await mongo.find(database, BankFact, {"_id": {"$in": fact_ids}})
    outcomes = {fact.id: fact.outcome for fact in facts}
    return {"lines": [outcomes.get(id_) for id_ in fact_ids]}


async def load_alike(
    database: mongo.Database, source: str, rows: Sequence[Trait]
) -> dict[str, object]:
    """For each row that is not in the books: `itself`, when it was entered before its account was
    named, and `gifts` that it may be the same as. A row's id is that of its source's message."""
    own = [derive_donation_id(source, row.id) for row in rows]
    entered = await listed.load_listed(database, own)
    new = [row for row, id_ in zip(rows, own, strict=True) if id_ not in entered]
    index = TraitIndex()
    # Other rows of these are different gifts: a statement lists each once.
    candidates = await listed.find_candidates(database, new)
    index.add(trait for trait in candidates if trait.id not in own)
    answers = {row.id: _describe_alike(row, index) for row in new}
    listed_before: dict[str, object] = {"is_new": False, "itself": None, "gifts": []}
    return {"rows": [answers.get(row.id, listed_before) for row in rows]}


def _describe_alike(row: Trait, index: TraitIndex) -> dict[str, object]:
    same_day = index.find_near(row)
    itself = next((other.id for other in same_day if other.is_listed_as(row)), None)
    gifts = [] if itself else [_describe_trait(other) for other in index.find(row)[:ALIKE_MAX]]
    return {"is_new": True, "itself": itself, "gifts": gifts}


def _describe_trait(trait: Trait) -> dict[str, object]:
    statement, row = trait.place or (None, None)
    return {
        "id": trait.id,
        "fund_id": trait.fund_id,
        "received_at": trait.received_at.isoformat(),
        "reference": trait.bank_reference,
        "statement": statement,
        "row": row,
    }


async def load_asked_gifts(database: mongo.Database, limit: int) -> list[dict[str, object]]:
    """Gifts that came under the bank reference of another giver's gift, or of another sum
    (`may_be`). day: the bank's, in China."""
    gifts = await find_asked_gifts(database, limit)
    earlier = await listed.load_listed(database, [gift.may_be for gift in gifts])
    return [
        gift.model_dump(mode="json", include=ASKED_FIELDS)
        | {"day": gift.received_at.astimezone(CHINA).date().isoformat()}
        | {"may_be": earlier[gift.may_be].model_dump(mode="json", include=ASKED_FIELDS)}
        for gift in gifts
    ]


ASKED_FIELDS = {
    *("id", "donor_id", "fund_id", "amount_fen", "received_at", "reference", "own_account"),
    "statements",
}


def list_designated_gifts(
    donations: Sequence[Donation], open_text: Callable[[Donation], str], limit: int
) -> dict[str, object]:
    """kind: whether the amounts it names fit the gift (see designation.Designation.kind)."""
    return {
        "gifts": [_describe_designation(donation, open_text(donation)) for donation in donations],
        "next": donations[-1].id if len(donations) == limit else None,
    }


def _describe_designation(donation: Donation, text: str) -> dict[str, object]:
    designation = parse_designation(text)
    return {
        "id": donation.id,
        "fund_id": donation.fund_id,
        "amount_fen": donation.amount_fen,
        "text": text,
        "kind": designation.classify(donation.amount_fen),
        "parts": [asdict(part) for part in designation.parts],
        "unparsed": list(designation.unparsed),
    }


def _describe_overlap(donation: Donation) -> dict[str, object]:
    return donation.model_dump(mode="json", include={"id", "amount_fen", "statements"})


VISIBLE = (
    *("donor_id", "fund_id", "amount_fen", "received_at", "log", "entry", "refused", "undone"),
    *("waiting", "statements", "distinct_from", "may_be", "answered_by"),
)
STORED_LATER = {
    name: field.default
    for name in VISIBLE
    if not (field := Donation.model_fields[name]).is_required()
}
"""What a gift is that was stored before there was such a field."""


def describe_stored_gift(document: Document) -> Document:
    """As it is stored, by an earlier release too: an import asks for all of its rows again and
    again."""
    fields = {name: document[name] for name in VISIBLE if name in document}
    return {"id": document["_id"], **STORED_LATER, **fields}


# --- reconciliation ------------------------------------------------------------------------------

Party = tuple[str, str]
"""A donor and a fund."""


async def reconcile(database: mongo.Database, now: datetime, limit: int) -> Reconciliation:
    """All pledges and gifts, party by party. limit: how many of the oldest gaps are named."""
    reconciliation = Reconciliation(now, limit)
    pledges = await _load_pledges(database)
    async for party, gifts in _load_gifts(database):
        reconciliation.add(pledges.pop(party, []), gifts)
    for unanswered in pledges.values():
        reconciliation.add(unanswered, [])
    return reconciliation


def _find_party(each: Pledge | Donation) -> Party:
    return each.donor_id, each.fund_id


async def _load_pledges(database: mongo.Database) -> dict[Party, list[Pledge]]:
    pledges: dict[Party, list[Pledge]] = defaultdict(list)
    for pledge in await mongo.find(database, Pledge, {}):
        pledges[_find_party(pledge)].append(pledge)
    return pledges


async def _load_gifts(database: mongo.Database) -> AsyncIterator[tuple[Party, list[Donation]]]:
    """Of money, one party's at a time. Without what is sealed, and what is another gift again."""
    again = {"undone": True, "may_be": {"$gt": ""}}
    query = {"amount_fen": {"$gt": 0}, "$nor": [again]}
    cursor = database[Donation.COLLECTION].find(query, {"designation": 0})
    gifts: list[Donation] = []
    async for document in cursor.sort([("donor_id", 1), ("fund_id", 1), ("received_at", 1)]):
        gift = mongo.to_state(Donation, document)
        if gifts and _find_party(gifts[0]) != _find_party(gift):
            yield _find_party(gifts[0]), gifts
            gifts = []
        gifts.append(gift)
    if gifts:
        yield _find_party(gifts[0]), gifts
