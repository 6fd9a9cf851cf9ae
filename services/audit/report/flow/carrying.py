"""A new year's log: its funds go on from what the year before left, or start with it."""

from services.audit.report.flow.gifts import Gifts, TraceError
from services.audit.report.flow.legs import entering, promising, purpose_of
from services.audit.report.flow.pieces import EntryKey, Place
from services.audit.report.units import MONEY, Unit
from shared.contracts.ledger import CommitmentCarried, EntryRef, FundCarried, GoodsCarried


def carry(gifts: Gifts, entry: FundCarried | GoodsCarried | CommitmentCarried) -> None:
    match entry["kind"]:
        case "fund_carried":
            _carry_fund(gifts, entry)
        case "goods_carried":
            _carry_goods(gifts, entry)
        case "commitment_carried":
            _carry_commitment(gifts, entry)


def _carry_fund(gifts: Gifts, entry: FundCarried) -> None:
    fund, balance = entry["fund"], sum(entering(entry).values())
    if fund in gifts.fund_names:
        _follow(gifts, entry, fund, MONEY, balance)
        gifts.followed.add(fund)
    elif balance:
        gifts.receive("brought_forward", entry, fund, MONEY, balance)
        place = Place("promised", fund, MONEY, (entry["log"], entry["index"]))
        gifts.use(place, promising(entry), entry)
    gifts.fund_names[fund] = entry["name"]


def _carry_goods(gifts: Gifts, entry: GoodsCarried) -> None:
    for (fund, unit), quantity in entering(entry).items():
        if fund in gifts.followed:
            _follow(gifts, entry, fund, unit, quantity)
        else:
            gifts.receive("brought_forward", entry, fund, unit, quantity)


def _carry_commitment(gifts: Gifts, entry: CommitmentCarried) -> None:
    key, before = (entry["log"], entry["index"]), _key_of(entry["previous"])
    if entry["fund"] in gifts.followed:
        if before not in gifts.done:
            raise TraceError(f"缺少承诺 the commitment {before} was not told")
        gifts.done[key] = gifts.done[before]
        return
    whole = next(
        place
        for place in gifts.places.places()
        if place.use == "promised" and place.fund == entry["fund"] and not place.match
    )
    place = Place("promised", entry["fund"], MONEY, key, entry["subject"], purpose_of(entry))
    gifts.put(place, gifts.places.take(whole, entry["amount_fen"]), entry)


def _follow(
    gifts: Gifts, entry: FundCarried | GoodsCarried, fund: str, unit: Unit, balance: int
) -> None:
    """What is carried must be what the year before, which was told, left."""
    previous = entry["previous"]["log"]
    if previous not in gifts.logs:
        raise TraceError(f"缺少日志 the log {previous} is missing between those given")
    left = _balance(gifts, fund, unit)
    if left != balance:
        raise TraceError(
            f"{fund}: 上年余 {unit.said(left)}，结转 {unit.said(balance)}; "
            f"{entry['log']} does not carry what {previous} left"
        )


def _balance(gifts: Gifts, fund: str, unit: Unit) -> int:
    held = sum(
        gifts.places.total(place)
        for place in gifts.places.places()
        if (place.fund, place.unit) == (fund, unit) and place.use in ("unspent", "promised")
    )
    debt = gifts.uncovered.get((fund, unit))
    return held - (gifts.places.total_of_gift(debt) if debt is not None else 0)


def _key_of(previous: EntryRef) -> EntryKey:
    return previous["log"], previous["index"]
