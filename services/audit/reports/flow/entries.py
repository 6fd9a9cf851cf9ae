"""One entry after another: what it does with the pieces of gifts.

Refunds and reversals first: whose money goes back, and who takes over what it had paid.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, cast

from services.audit.ledger.kinds import kind_of
from services.audit.ledger.movements import (
    MONEY,
    Unit,
    list_purpose,
    sum_entering,
    sum_leaving,
    sum_owed,
    sum_promised,
)
from services.audit.ledger.published import PublishedLog
from services.audit.reports.flow.gifts import (
    EntryKey,
    Gifts,
    Moving,
    Origin,
    Piece,
    Place,
    TraceError,
    Use,
    cut,
)
from shared.contracts.ledger import (
    Commitment,
    CommitmentCarried,
    Disbursement,
    FundCarried,
    GoodsCarried,
    GoodsDistributed,
    LedgerEntry,
    Obligation,
    Payment,
    PaymentReturned,
    Refund,
    Release,
    Reversal,
    Transfer,
)
from shared.contracts.ledger_fields import EntryRef

_TAKEN_OVER: dict[Use, int] = {"promised": 0, "unspent": 1, "spent": 2, "fee": 3, "lost": 3}
"""What others take over of a gift that goes back, in this order."""


def follow_refund(gifts: Gifts, entry: Refund) -> None:
    numbers = gifts.gift_numbers.get((entry["gift"]["log"], entry["gift"]["index"]), [None])
    for (fund, unit), amount in sum_leaving(entry).items():
        place = Place("refunded", fund, unit, (entry["log"], entry["index"]))
        _give_back(gifts, numbers[0], place, amount, entry)


def follow_reversal(gifts: Gifts, entry: Reversal, original: LedgerEntry) -> None:
    key = (original["log"], original["index"])
    match kind_of(original).traced:
        case "arrives" | "begun" | "earned":
            for number in gifts.gift_numbers[key]:
                gift = gifts.gifts[number]
                place = Place("reversed", gift.fund, gift.unit, (entry["log"], entry["index"]))
                _give_back(gifts, number, place, gift.amount, entry)
        case "paid":
            promise = promise_of(gifts, cast(Disbursement, original))
            for place in gifts.entry_places[key]:
                gifts.places.put(promise, gifts.places.take_all(place))
        case "owed":
            pass  # the pieces lie where they were promised
        case "released":
            promise = promise_of(gifts, cast(Release, original))
            pieces = gifts.take(promise.fund, MONEY, sum_promised(original), entry)
            gifts.places.put(promise, pieces)
        case "moved":
            _return(gifts, entry, cast(Transfer, original))
        case _:
            for place in gifts.entry_places[key]:
                gifts.free(place.fund, place.unit, gifts.places.take_all(place))


def promise_of(gifts: Gifts, settled: Disbursement | Obligation | Release) -> Place:
    """Where the pieces lie that the settled commitment set aside."""
    return gifts.entry_places[settled["log"], settled["commitment"]][0]


def _give_back(
    gifts: Gifts, gift: int | None, place: Place, amount: int, entry: LedgerEntry
) -> None:
    """`amount` of `gift` leaves its fund; a gift of a log that was not read has no pieces."""
    own = list[Piece]()
    if gift is not None:
        since, unspent = gifts.gifts[gift].since, Place("unspent", place.fund, place.unit)
        own = gifts.places.take_at(unspent, amount, since, gift)
    missing = amount - sum(piece.amount for piece in own)
    others = gifts.take(place.fund, place.unit, missing, entry)
    if gift is not None:
        own += [new for piece in others for new in _take_over(gifts, gift, piece, place)]
        others = []
    gifts.put(place, [*own, *others], entry)


def _take_over(gifts: Gifts, gift: int, piece: Piece, back: Place) -> Iterator[Piece]:
    """`piece` takes the place of `gift`, the latest use first, and goes back in its name."""
    used = [each for each in gifts.places.list_pieces(gift) if each[0].use in _TAKEN_OVER]
    used.reverse()
    for place, own in sorted(used, key=lambda each: _TAKEN_OVER[each[0].use]):
        amount = min(own.amount, piece.amount)
        if not amount:
            return
        within = place.fund == back.fund
        way, back_way = (piece.via, own.via) if within else (own.via, ())
        gifts.places.hand_over(place, own, amount, to=replace(piece, via=way))
        yield replace(piece, gift=gift, amount=amount, via=back_way)
        piece = replace(piece, amount=piece.amount - amount)
    if piece.amount:
        yield piece


def _return(gifts: Gifts, entry: Reversal, original: Transfer) -> None:
    """A transfer undone: the same pieces go back, to where they stood before."""
    key, pool = (original["log"], original["index"]), list[Piece]()
    for (fund, unit), amount in sum_entering(original).items():
        since, unspent = gifts.moved[key].since, Place("unspent", fund, unit)
        same = gifts.places.take_at(unspent, amount, since)
        pool.extend(same)
        missing = amount - sum(piece.amount for piece in same)
        for piece in gifts.take(fund, unit, missing, entry):
            pool.extend(_take_moved(gifts, key, fund, piece))
    for (fund, unit), amount in sum_leaving(original).items():
        first, pool = cut(pool, amount)
        gifts.free(fund, unit, _restore_pieces(gifts, key, first))


def _take_moved(gifts: Gifts, transfer: EntryKey, fund: str, piece: Piece) -> Iterator[Piece]:
    """What came by `transfer` and is used in `fund`; `piece`, of the fund, takes its place."""
    for gift in gifts.moved[transfer].before:
        for place, used in list(gifts.places.list_pieces(gift)):
            if place.fund != fund or used.via[-1:] != (transfer,) or place.use not in _TAKEN_OVER:
                continue
            amount = min(used.amount, piece.amount)
            if not amount:
                return
            gifts.places.hand_over(place, used, amount, to=piece)
            yield replace(used, amount=amount)
            piece = replace(piece, amount=piece.amount - amount)
    if piece.amount:
        yield piece


def _restore_pieces(gifts: Gifts, transfer: EntryKey, pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        since = gifts.moved[transfer].before.get(piece.gift, gifts.number)
        way = piece.via[:-1] if piece.via[-1:] == (transfer,) else piece.via
        yield replace(piece, since=since, via=way)


# --- entries --------------------------------------------------------------------------------------


def follow_log(gifts: Gifts, log: PublishedLog, numbers: Sequence[int] | None = None) -> None:
    """The next log; numbers: of the entries that count, ascending, None for all. TraceError where
    it does not follow on those before."""
    if log.origin in gifts.logs:
        raise TraceError(f"日志重复 the log {log.origin} was given twice")
    gifts.logs.append(log.origin)
    gifts.followed = set()
    before = gifts.number
    for entry in log.read_entries(numbers):
        gifts.number = before + entry["index"] + 1
        if entry["kind"] == "reversal":
            follow_reversal(gifts, entry, log.read_entry(entry["reverses"]))
        else:
            _apply(gifts, entry)
    gifts.number = before + log.size


def _apply(gifts: Gifts, entry: LedgerEntry) -> None:
    """As the entry's kind says what becomes of the pieces of gifts."""
    match kind_of(entry).traced:
        case "arrives":
            for (fund, unit), amount in sum_entering(entry).items():
                gifts.receive("gift", entry, fund, unit, amount)
        case "promised":
            place = _place_of_match(cast(Commitment, entry), "promised", MONEY)
            gifts.use(place, sum_promised(entry), entry)
        case "paid":
            _pay(gifts, cast(Disbursement, entry))
        case "owed":
            place = promise_of(gifts, cast(Obligation, entry))
            gifts.entry_places[_make_key(entry)] = [place]
        case "paid_owed":
            _pay_owed(gifts, cast(Payment, entry))
        case "returned":
            _take_back(gifts, cast(PaymentReturned, entry))
        case "released":
            source = promise_of(gifts, cast(Release, entry))
            pieces = gifts.places.take_last(source, sum_promised(entry))
            gifts.free(source.fund, MONEY, pieces)
        case "spent":
            for (_, unit), amount in sum_leaving(entry).items():
                place = _place_of_match(cast(GoodsDistributed, entry), "spent", unit)
                gifts.use(place, amount, entry)
        case "fee" | "lost" as use:
            for (fund, unit), amount in sum_leaving(entry).items():
                gifts.use(Place(use, fund, unit, _make_key(entry)), amount, entry)
        case "moved":
            _transfer(gifts, cast(Transfer, entry))
        case "refunded":
            follow_refund(gifts, cast(Refund, entry))
        case "begun" | "earned" as begun:
            origin: Origin = "brought_forward" if begun == "begun" else "interest"
            for (fund, unit), amount in sum_entering(entry).items():
                gifts.receive(origin, entry, fund, unit, amount)
        case "brought_forward":
            bring_forward(gifts, cast(BroughtForward, entry))
        case None if entry["kind"] == "fund_opened":
            gifts.fund_names[entry["fund"]] = entry["name"]


def _pay(gifts: Gifts, entry: Disbursement) -> None:
    source = promise_of(gifts, entry)
    pieces = gifts.places.take(source, sum(sum_leaving(entry).values()))
    gifts.put(replace(source, use="spent", entry=_make_key(entry)), pieces, entry)


def _find_promise_of_due(gifts: Gifts, entry: Payment | PaymentReturned) -> Place:
    """What is due lies where it was promised, until a bank has paid. Of an obligation on a log that
    was not read, with all that its fund carried."""
    places = gifts.entry_places.get(_make_ref_key(entry["obligation"]))
    return places[0] if places else _find_carried(gifts, entry["fund"])


def _pay_owed(gifts: Gifts, entry: Payment) -> None:
    source = _find_promise_of_due(gifts, entry)
    pieces = gifts.places.take(source, sum(sum_leaving(entry).values()))
    place = replace(source, use="spent", entry=_make_key(entry))
    gifts.put(place, pieces, entry)
    gifts.paid_places.setdefault(source, []).append(place)


def _take_back(gifts: Gifts, entry: PaymentReturned) -> None:
    """The last that was paid of it is promised again."""
    promise, missing = _find_promise_of_due(gifts, entry), sum(sum_entering(entry).values())
    for place in reversed(gifts.paid_places.get(promise, [])):
        pieces = gifts.places.take_last(place, missing)
        missing -= sum(piece.amount for piece in pieces)
        gifts.places.put(promise, pieces)


def _transfer(gifts: Gifts, entry: Transfer) -> None:
    key = _make_key(entry)
    gifts.references[key] = entry["authorisation"]["reference"]
    pool = [
        piece
        for (fund, unit), amount in sum_leaving(entry).items()
        for piece in gifts.take(fund, unit, amount, entry)
    ]
    before = {piece.gift: piece.since for piece in reversed(pool)}
    gifts.moved[key] = Moving(gifts.number, before)
    for (fund, unit), amount in sum_entering(entry).items():
        first, pool = cut(pool, amount)
        gifts.free(
            fund,
            unit,
            [replace(piece, since=gifts.number, via=(*piece.via, key)) for piece in first],
        )


def _place_of_match(
    entry: Commitment | GoodsDistributed, use: Literal["promised", "spent"], unit: Unit
) -> Place:
    return Place(use, entry["fund"], unit, _make_key(entry), entry["subject"], list_purpose(entry))


def _make_key(entry: LedgerEntry) -> EntryKey:
    return entry["log"], entry["index"]


BroughtForward = FundCarried | GoodsCarried | CommitmentCarried


def bring_forward(gifts: Gifts, entry: BroughtForward) -> None:
    match entry["kind"]:
        case "fund_carried":
            _bring_fund_forward(gifts, entry)
        case "goods_carried":
            _bring_goods_forward(gifts, entry)
        case "commitment_carried":
            _bring_commitment_forward(gifts, entry)


def _bring_fund_forward(gifts: Gifts, entry: FundCarried) -> None:
    fund, promised = entry["fund"], sum_promised(entry) + sum_owed(entry)
    balance = sum(sum_entering(entry).values()) - sum(sum_leaving(entry).values())
    if fund in gifts.fund_names:
        _follow(gifts, entry, fund, MONEY, balance)
        gifts.followed.add(fund)
    elif balance > 0 or promised:
        if balance > 0:
            gifts.receive("brought_forward", entry, fund, MONEY, balance)
        place = Place("promised", fund, MONEY, (entry["log"], entry["index"]))
        gifts.use(place, promised, entry)
    gifts.fund_names[fund] = entry["name"]


def _bring_goods_forward(gifts: Gifts, entry: GoodsCarried) -> None:
    for (fund, unit), quantity in sum_entering(entry).items():
        if fund in gifts.followed:
            _follow(gifts, entry, fund, unit, quantity)
        else:
            gifts.receive("brought_forward", entry, fund, unit, quantity)


def _bring_commitment_forward(gifts: Gifts, entry: CommitmentCarried) -> None:
    key, before = (entry["log"], entry["index"]), _make_ref_key(entry["previous"])
    if entry["fund"] in gifts.followed:
        if before not in gifts.entry_places:
            raise TraceError(f"缺少承诺 the commitment {before} was not told")
        gifts.entry_places[key] = gifts.entry_places[before]
        return
    whole = _find_carried(gifts, entry["fund"])
    place = Place("promised", entry["fund"], MONEY, key, entry["subject"], list_purpose(entry))
    gifts.put(place, gifts.places.take(whole, entry["amount_fen"]), entry)


def _find_carried(gifts: Gifts, fund: str) -> Place:
    """Where all that a fund had promised lies, of a year that was not read."""
    return next(
        place
        for place in gifts.places.list_places()
        if place.use == "promised" and place.fund == fund and not place.match
    )


def _follow(
    gifts: Gifts, entry: FundCarried | GoodsCarried, fund: str, unit: Unit, balance: int
) -> None:
    """What is carried must be what the year before, which was told, left."""
    previous = entry["previous"]["log"]
    if previous not in gifts.logs:
        raise TraceError(f"缺少日志 the log {previous} is missing between those given")
    remaining = _sum_balance(gifts, fund, unit)
    if remaining != balance:
        raise TraceError(
            f"{fund}: 上年余 {unit.format(remaining)}，结转 {unit.format(balance)}; "
            f"{entry['log']} does not carry what {previous} left"
        )


def _sum_balance(gifts: Gifts, fund: str, unit: Unit) -> int:
    pieces = sum(
        gifts.places.sum_place(place)
        for place in gifts.places.list_places()
        if (place.fund, place.unit) == (fund, unit) and place.use in ("unspent", "promised")
    )
    debt = gifts.uncovered.get((fund, unit))
    return pieces - (gifts.places.sum_gift(debt) if debt is not None else 0)


def _make_ref_key(previous: EntryRef) -> EntryKey:
    return previous["log"], previous["index"]
