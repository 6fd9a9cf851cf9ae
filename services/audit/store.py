"""Documents in and out of Mongo: heads are created here, everything else is read."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from services.audit.model import (
    DONOR_WAYS,
    BankAnswer,
    BankFact,
    BankQuestion,
    Commitment,
    Contribution,
    Distribution,
    Donation,
    EnteredCharges,
    EnteredLine,
    Entry,
    Fund,
    GiftReference,
    LineRelease,
    LogHead,
    Mandate,
    PartnerProposals,
    Payable,
    Payee,
    PaymentOrder,
    Pledge,
    RecordedConsents,
    RequestPayments,
    Reversal,
    SecondPayment,
    Stock,
    Transfer,
    derive_consents_id,
    derive_contribution_id,
    derive_entered_line_id,
    format_entry_id,
)
from services.audit.model.beginning import ChartProposal, FoundationChart, OpeningBalances
from services.audit.model.invoices import GiftInvoice, InvoiceUse
from services.audit.model.months import MonthClose, MonthReopening
from services.audit.model.statement_files import StatementFile
from services.audit.model.stock import StockCount
from services.audit.model.vouchers import BankEntry, FundFee, GiftRefund, VoucherFile
from shared import mongo
from shared.looks import LookLog
from shared.messaging.decision import State
from shared.revocations import LinkRevocation
from shared.spoken_words import INDEXES as WORD_INDEXES
from shared.spoken_words import SpokenWord, WordTally

P = TypeVar("P", Mandate, Transfer, Reversal)

ALL: Mapping[str, object] = {}

# Entry is here for its collection: one that first appears in a transaction is a conflict.
STATES: tuple[type[State], ...] = (
    LogHead,
    Fund,
    Commitment,
    Donation,
    BankFact,
    GiftReference,
    Stock,
    Distribution,
    Transfer,
    Reversal,
    RequestPayments,
    SecondPayment,
    Payable,
    Payee,
    PaymentOrder,
    BankQuestion,
    BankAnswer,
    EnteredLine,
    EnteredCharges,
    LineRelease,
    MonthClose,
    MonthReopening,
    VoucherFile,
    FundFee,
    GiftRefund,
    BankEntry,
    FoundationChart,
    ChartProposal,
    OpeningBalances,
    StockCount,
    GiftInvoice,
    InvoiceUse,
    Pledge,
    Mandate,
    Contribution,
    RecordedConsents,
    PartnerProposals,
    Entry,
    LinkRevocation,
    SpokenWord,
    WordTally,
    StatementFile,
)

LOOKS = LookLog("looks", field="about")
"""At payees' accounts and at what givers wrote: about whose payee or gift."""

# What is still to be brought forward into the year that runs is found without reading the rest.
INDEXES: tuple[mongo.Index, ...] = (
    *LOOKS.indexes,
    *WORD_INDEXES,
    (
        Commitment.COLLECTION,
        [("foundation", 1), ("log", 1)],
        {"partialFilterExpression": {"outstanding_fen": {"$gt": 0}}},
    ),
    (Stock.COLLECTION, [("foundation", 1), ("log", 1)], {}),
    (Donation.COLLECTION, [("donor_id", 1), ("received_at", -1)], {}),
    (Donation.COLLECTION, [("reference", 1)], {}),
    (Donation.COLLECTION, [("received_at", -1)], {}),
    (Donation.COLLECTION, [("waiting", 1)], {"partialFilterExpression": {"waiting": True}}),
    (Donation.COLLECTION, [("may_be", 1)], {"partialFilterExpression": {"may_be": {"$gt": ""}}}),
    (Contribution.COLLECTION, [("donor_id", 1)], {}),
    (Fund.COLLECTION, [("foundation", 1), ("log", 1)], {}),
    (
        RequestPayments.COLLECTION,
        [("is_unsettled", 1)],
        {"partialFilterExpression": {"is_unsettled": True}},
    ),
    (
        Payable.COLLECTION,
        [("order_id", 1), ("due_at_day", 1)],
        {"partialFilterExpression": {"owed_fen": {"$gt": 0}}},
    ),
    (PaymentOrder.COLLECTION, [("state", 1), ("is_waiting", 1)], {}),
    (
        BankQuestion.COLLECTION,
        [("is_open", 1)],
        {"partialFilterExpression": {"is_open": True}},
    ),
)


GOES_ON: Mapping[type[State], dict[str, object]] = {
    Fund: {"state": "open"},
    Commitment: {"outstanding_fen": {"$gt": 0}},
    Stock: {"in_stock": {"$gt": 0}},
}
"""What of each kind goes on in the next year."""


async def create_logs(database: mongo.Database, heads: Iterable[LogHead]) -> None:
    """Before anything is read or decided; where a foundation has a head, nothing happens."""
    for head in heads:
        document = mongo.to_document(head) | {"_version": 1, "_emitted": 0}
        await database[LogHead.COLLECTION].update_one(
            {"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True
        )


async def create_contributions(database: mongo.Database) -> None:
    """At start, before anything is decided: what donors gave, and what was committed in their
    names, before contributions were counted. Those that are counted already stay as they are."""
    sums: dict[str, Contribution] = {}
    gifts = {"refused": False, "undone": False, "amount_fen": {"$gt": 0}}
    received = {"received_fen": {"$sum": "$amount_fen"}, "refunded_fen": {"$sum": "$refunded_fen"}}
    used = {"used_fen": {"$sum": {"$subtract": ["$reserved_fen", "$released_fen"]}}}
    pair = {"_id": {"fund_id": "$fund_id", "donor_id": "$donor_id"}}
    for kind, query, counters in (
        (Donation, gifts, received),
        (Commitment, {"entry": {"$ne": None}}, used),
    ):
        pipeline: list[Mapping[str, object]] = [{"$match": query}, {"$group": {**pair, **counters}}]
        async for row in database[kind.COLLECTION].aggregate(pipeline):
            id_ = derive_contribution_id(**row["_id"])
            contribution = sums.get(id_) or Contribution(id=id_, **row["_id"])
            sums[id_] = contribution.add(**{name: row[name] for name in counters})
    contributions = database[Contribution.COLLECTION]
    existing = set(await contributions.distinct("_id"))
    for id_, contribution in sums.items():
        if id_ not in existing:
            document = mongo.to_document(contribution) | {"_version": 1, "_emitted": 0}
            await contributions.update_one(
                {"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True
            )


async def create_recorded_consents(database: mongo.Database) -> None:
    """At start: which mandates were given by a record, before they were counted together."""
    query = {
        "covers": "gifts",
        "state": {"$in": ["open", "revoked"]},
        "given_at": None,
        "checker": {"$nin": sorted(DONOR_WAYS)},
    }
    by_donor: dict[str, list[str]] = {}
    for mandate in await mongo.find(database, Mandate, query, sort=[("_id", 1)]):
        by_donor.setdefault(mandate.donor_id, []).append(mandate.id)
    for donor_id, ids in by_donor.items():
        consents = RecordedConsents(id=derive_consents_id(donor_id), mandate_ids=tuple(ids))
        document = mongo.to_document(consents) | {"_version": 1, "_emitted": 0}
        await database[RecordedConsents.COLLECTION].update_one(
            {"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True
        )


async def mark_asked_lines(database: mongo.Database) -> None:
    """At start: which lines of orders are asked about, of orders of before they said so."""
    questions: dict[tuple[str, int], list[str]] = {}
    query = {"is_open": True, "order_id": {"$gt": ""}}
    for question in await mongo.find(database, BankQuestion, query, sort=[("_id", 1)]):
        questions.setdefault((question.order_id, question.number), []).append(question.id)
    for (order_id, number), ids in questions.items():
        line = f"lines.{number - 1}"
        unmarked = {line: {"$exists": True}, f"{line}.question_ids": {"$exists": False}}
        changes = {"$set": {f"{line}.question_ids": ids}, "$inc": {"_version": 1}}
        orders = database[PaymentOrder.COLLECTION]
        await orders.update_one({"_id": order_id, **unmarked}, changes)


async def mark_taken_files(database: mongo.Database) -> None:
    """At start: who has the file of an order that was exported before its holder was stored."""
    before = {"exported_at": {"$type": "date"}, "copies": {"$exists": False}}
    holder = {"taken_by": "$exported_by", "taken_at": "$exported_at", "copies": {"$literal": 1}}
    changes = [{"$set": {**holder, "_version": {"$add": ["$_version", 1]}}}]
    await database[PaymentOrder.COLLECTION].update_many(before, changes)


async def create_entered_lines(database: mongo.Database) -> None:
    """At start: the bank's lines that closed payments, and those of fees and refunds of two people,
    of before they were stored by their reference. What is looked through and grows no more is
    marked (`_listed`): no start reads it again."""
    lines: dict[str, EnteredLine] = {}
    ended: dict[type[State], list[str]] = {PaymentOrder: [], FundFee: [], GiftRefund: []}

    def find(reference: str, direction: str, amount_fen: int) -> EnteredLine:
        id_ = derive_entered_line_id(reference, direction, amount_fen)
        return lines.get(id_) or EnteredLine(id=id_)

    query: dict[str, object] = {"lines.bank_reference": {"$gt": ""}, **_UNLISTED}
    for order in await mongo.find(database, PaymentOrder, query):
        if all(line.bank_reference for line in order.lines):
            ended[PaymentOrder].append(order.id)
        for line in order.lines:
            if line.bank_reference:
                entered = find(line.bank_reference, line.state, line.amount_fen)
                lines[entered.id] = entered.with_paid("")
    for kind in (FundFee, GiftRefund):
        query = {"state": "approved", "bank_reference": {"$gt": ""}, **_UNLISTED}
        for entry in await mongo.find(database, kind, query):
            ended[kind].append(entry.id)
            entered = find(entry.bank_reference, "paid", entry.amount_fen)
            lines[entered.id] = entered.with_vouchered(entry.own_account)
    writes = []
    for entered in lines.values():
        document = mongo.to_document(entered) | {"_version": 1, "_emitted": 0}
        insert = {"$setOnInsert": document}
        writes.append(mongo.UpdateOne({"_id": document.pop("_id")}, insert, upsert=True))
    if writes:
        await database[EnteredLine.COLLECTION].bulk_write(writes, ordered=False)
    for state, ids in ended.items():
        mark = {"$set": {"_listed": True}}
        await database[state.COLLECTION].update_many({"_id": {"$in": ids}}, mark)


_UNLISTED: Mapping[str, object] = {"_listed": {"$ne": True}}


async def read_heads(database: mongo.Database) -> list[LogHead]:
    return await mongo.find(database, LogHead, {}, sort=[("_id", 1)])


async def read_head(database: mongo.Database, foundation: str) -> LogHead:
    head = await mongo.load(database, LogHead, foundation)
    assert head is not None, "the log is created at start"
    return head


async def load_entries(
    database: mongo.Database, log: str, first: int, limit: int
) -> list[tuple[int, bytes]]:
    """(index, leaf) of committed entries from `first` on, ascending."""
    place = {"$gte": format_entry_id(log, first), "$lt": format_entry_id(log, first + limit)}
    entries = await mongo.find(database, Entry, {"_id": place}, sort=[("_id", 1)])
    return [(entry.index, entry.leaf) for entry in entries]


async def load_entry(database: mongo.Database, log: str, index: int) -> str | None:
    """The leaf's text."""
    entry = await mongo.load(database, Entry, format_entry_id(log, index))
    return entry.leaf.decode() if entry else None


async def read_funds(database: mongo.Database) -> list[Fund]:
    return await mongo.find(database, Fund, {}, sort=[("_id", 1)])


async def read_proposals(
    database: mongo.Database, kind: type[P], limit: int, query: Mapping[str, object] = ALL
) -> list[P]:
    """Those that wait for a second person first."""
    return await mongo.find(database, kind, query, sort=[("state", -1), ("_id", 1)], limit=limit)


async def read_unsettled(database: mongo.Database, limit: int) -> list[RequestPayments]:
    query = {"is_unsettled": True}
    return await mongo.find(database, RequestPayments, query, sort=[("_id", 1)], limit=limit)


async def read_second_payments(
    database: mongo.Database, request_ids: Iterable[str]
) -> dict[str, SecondPayment]:
    query = {"_id": {"$in": list(request_ids)}}
    return {each.id: each for each in await mongo.find(database, SecondPayment, query)}


FOR_FUND: Mapping[str, object] = {"may_be": {"$in": [None, ""]}}
"""Of gifts that wait, those that wait for their fund."""
ASKED_GIFTS: Mapping[str, object] = {"may_be": {"$gt": ""}, "answered_by": {"$in": [None, ""]}}


async def find_asked_gifts(database: mongo.Database, limit: int) -> list[Donation]:
    """Of which somebody has to say whether they are gifts of their own; the earliest first."""
    sort = [("received_at", 1), ("_id", 1)]
    return await mongo.find(database, Donation, ASKED_GIFTS, sort=sort, limit=limit)


async def count_asked_gifts(database: mongo.Database) -> int:
    return await database[Donation.COLLECTION].count_documents(ASKED_GIFTS)


async def find_waiting_gifts(database: mongo.Database, now: datetime, limit: int) -> list[str]:
    """Ids of gifts whose fund waits no more, or waits too long; and of gifts that are asked about
    too long."""
    proposed = [fund.id for fund in await mongo.find(database, Fund, {"state": "proposed"})]
    overdue = {"entry": None, "$or": [{"due_at": None}, {"due_at": {"$lte": now}}]}
    for_fund = {"waiting": True, **FOR_FUND, "$or": [{"fund_id": {"$nin": proposed}}, overdue]}
    queries = (for_fund, {**ASKED_GIFTS, **overdue})
    pages = [await mongo.find(database, Donation, query, limit=limit) for query in queries]
    return [gift.id for gifts in pages for gift in gifts][:limit]


async def mark_asked_gifts(database: mongo.Database) -> None:
    """At start: gifts that are asked about and count as waiting since the release of before: its
    instances, or earlier ones, would enter them."""
    changes = [{"$set": {"waiting": False, "_version": {"$add": ["$_version", 1]}}}]
    query = {"waiting": True, **ASKED_GIFTS}
    await database[Donation.COLLECTION].update_many(query, changes)


async def sum_waiting_gifts(database: mongo.Database) -> list[mongo.Row]:
    """By fund that two people have not decided on (`_id`): count, amount_fen, since, and of how
    many the log tells (on_log)."""
    stages: list[Mapping[str, object]] = [
        {"$match": {"waiting": True, **FOR_FUND}},
        {
            "$group": {
                "_id": "$fund_id",
                "count": {"$sum": 1},
                "amount_fen": {"$sum": "$amount_fen"},
                "since": {"$min": "$received_at"},
                "on_log": {"$sum": {"$cond": [{"$gte": ["$entry", 0]}, 1, 0]}},
            }
        },
        {"$sort": {"since": 1, "_id": 1}},
    ]
    return [row async for row in database[Donation.COLLECTION].aggregate(stages)]


async def count_questions(database: mongo.Database) -> dict[str, int]:
    """Open ones, by doubt."""
    stages: list[Mapping[str, object]] = [
        {"$match": {"is_open": True}},
        {"$group": {"_id": "$doubt", "count": {"$sum": 1}}},
    ]
    rows = database[BankQuestion.COLLECTION].aggregate(stages)
    return {row["_id"]: row["count"] async for row in rows}


async def find_left_behind(
    database: mongo.Database, kind: type[State], head: LogHead, limit: int
) -> list[str]:
    """Ids of those that go on, and that only an earlier year's log has."""
    earlier = {"foundation": head.id, "log": {"$in": [log.origin for log in head.closed]}}
    query = {**earlier, **GOES_ON[kind]}
    return [state.id for state in await mongo.find(database, kind, query, limit=limit)]
