"""One entry after another: what it does with the pieces of gifts."""

from dataclasses import replace
from typing import Literal

from services.audit.report.flow.carrying import carry
from services.audit.report.flow.gifts import Gifts, Moving, TraceError
from services.audit.report.flow.legs import entering, leaving, promising, purpose_of
from services.audit.report.flow.pieces import EntryKey, Place, cut
from services.audit.report.flow.undoing import refund, reverse
from services.audit.report.reading import PublishedLog
from services.audit.report.units import MONEY, Unit
from shared.contracts.ledger import (
    Commitment,
    Disbursement,
    GoodsDistributed,
    LedgerEntry,
    Release,
    Transfer,
)


def tell(gifts: Gifts, log: PublishedLog) -> None:
    """The next log, all of it. TraceError where it does not follow on those before."""
    if log.origin in gifts.logs:
        raise TraceError(f"日志重复 the log {log.origin} was given twice")
    gifts.logs.append(log.origin)
    gifts.followed = set()
    for entry in log.entries():
        gifts.number += 1
        if entry["kind"] == "reversal":
            reverse(gifts, entry, log.entry(entry["reverses"]))
        else:
            _apply(gifts, entry)


def _apply(gifts: Gifts, entry: LedgerEntry) -> None:
    match entry["kind"]:
        case "donation_received" | "goods_received":
            for (fund, unit), amount in entering(entry).items():
                gifts.receive("gift", entry, fund, unit, amount)
        case "commitment":
            gifts.use(_for_match(entry, "promised", MONEY), promising(entry), entry)
        case "disbursement":
            _pay(gifts, entry)
        case "release":
            source = _promise(gifts, entry)
            pieces = gifts.places.take_last(source, promising(entry))
            gifts.free(source.fund, MONEY, pieces)
        case "goods_distributed":
            for (_, unit), amount in leaving(entry).items():
                gifts.use(_for_match(entry, "spent", unit), amount, entry)
        case "management_fee":
            for (fund, unit), amount in leaving(entry).items():
                gifts.use(Place("fee", fund, unit, _key(entry)), amount, entry)
        case "transfer":
            _transfer(gifts, entry)
        case "refund":
            refund(gifts, entry)
        case "fund_opened":
            gifts.fund_names[entry["fund"]] = entry["name"]
        case "fund_carried" | "goods_carried" | "commitment_carried":
            carry(gifts, entry)


def _pay(gifts: Gifts, entry: Disbursement) -> None:
    source = _promise(gifts, entry)
    pieces = gifts.places.take(source, sum(leaving(entry).values()))
    gifts.put(replace(source, use="spent", entry=_key(entry)), pieces, entry)


def _promise(gifts: Gifts, entry: Disbursement | Release) -> Place:
    return gifts.done[entry["log"], entry["commitment"]][0]


def _transfer(gifts: Gifts, entry: Transfer) -> None:
    key = _key(entry)
    gifts.references[key] = entry["authorisation"]["reference"]
    pool = [
        piece
        for (fund, unit), amount in leaving(entry).items()
        for piece in gifts.take(fund, unit, amount, entry)
    ]
    before = {piece.gift: piece.since for piece in reversed(pool)}
    gifts.moved[key] = Moving(gifts.number, before)
    for (fund, unit), amount in entering(entry).items():
        taken, pool = cut(pool, amount)
        gifts.free(
            fund,
            unit,
            [replace(piece, since=gifts.number, via=(*piece.via, key)) for piece in taken],
        )


def _for_match(
    entry: Commitment | GoodsDistributed, use: Literal["promised", "spent"], unit: Unit
) -> Place:
    return Place(use, entry["fund"], unit, _key(entry), entry["subject"], purpose_of(entry))


def _key(entry: LedgerEntry) -> EntryKey:
    return entry["log"], entry["index"]
