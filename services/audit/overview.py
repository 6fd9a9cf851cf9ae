"""What the public log says of each fund: by month, category and town; and of each entry in words.

Worked out from what is published, so anybody can do it again from the same files. The log names
nobody; the sums by category and town leave out what stands for a few cases alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import cast

from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.movements import sum_entering, sum_leaving, sum_owed, sum_promised
from services.audit.ledger.published import day_of
from services.audit.tlog.reader import Source, read_bundle, read_entry
from services.audit.tlog.tiles import TILE_WIDTH
from shared.contracts.ledger import LedgerEntry
from shared.documents import Document

USING = ("commitment", "disbursement", "payment", "payment_returned", "release")
"""Kinds of entry that change what categories and towns got. What is due counts as promised, until
a bank has paid."""
UNSAID = ""
"""Category or town that a commitment does not say."""
MERGED = "merged"
"""Stands for all that are too few to be told apart."""
CASES_MIN = 5
"""A category or town with fewer cases in a fund is counted with the others that have few."""
BUNDLES_AT_ONCE = 80
"""How much is read at a time, so that one visitor waits for no long log; the rest next time."""


@dataclass(slots=True)
class Sums:
    """Fen. income: gifts, less what was corrected. spent: paid for help. interest, charges: what
    banks paid, and took for themselves."""

    brought_forward: int = 0
    income: int = 0
    moved: int = 0
    fees: int = 0
    interest: int = 0
    charges: int = 0
    refunded: int = 0
    committed: int = 0
    released: int = 0
    spent: int = 0

    def add(self, other: "Sums", sign: int = 1) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + sign * getattr(other, name))

    @property
    def outstanding(self) -> int:
        """Promised and not yet paid."""
        return self.committed - self.released - self.spent

    @property
    def remaining(self) -> int:
        """What can still be promised."""
        came = self.brought_forward + self.income + self.interest + self.moved
        costs = self.fees + self.charges + self.refunded
        return came - costs - self.committed + self.released


@dataclass(slots=True)
class Use:
    """What one category or town got of a fund. cases: commitments, less those undone."""

    cases: int = 0
    committed: int = 0
    spent: int = 0

    def add(self, other: "Use") -> None:
        self.cases += other.cases
        self.committed += other.committed
        self.spent += other.spent


Uses = dict[str, Use]


@dataclass(slots=True)
class FundFlow:
    """One fund in one ledger year."""

    id: str
    name: str
    purpose: str
    restricted: bool
    total: Sums = field(default_factory=Sums)
    months: dict[str, Sums] = field(default_factory=dict)
    categories: Uses = field(default_factory=dict)
    towns: Uses = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a commitment is for."""

    category: str
    town: str


NO_AIM = Aim(UNSAID, UNSAID)


class Overview:
    """Follows one log: `read_on` takes what was published since. Not thread-safe."""

    def __init__(self) -> None:
        self.size = 0
        self.funds: dict[str, FundFlow] = {}
        self._aims: dict[int, Aim] = {}
        self._interned: dict[Aim, Aim] = {}

    def read_on(self, source: Source, size: int) -> None:
        """Blocking. At most `BUNDLES_AT_ONCE` bundles; `self.size` says how far it came."""
        numbers = range(self.size // TILE_WIDTH, -(-size // TILE_WIDTH))
        for number in islice(numbers, BUNDLES_AT_ONCE):
            leaves = read_bundle(source, size, number)
            for leaf in leaves[self.size - number * TILE_WIDTH :]:
                self._take(parse_entry(leaf), source, size)
                self.size += 1

    def find_aim(self, entry: Document) -> Aim:
        """Of a commitment, or of the one that an entry settles."""
        if "obligation" in entry:
            named = entry["obligation"]
            is_own = named["log"] == entry["log"]
            return self._aims.get(named["index"], NO_AIM) if is_own else NO_AIM
        if "commitment" in entry:
            return self._aims.get(entry["commitment"], NO_AIM)
        return read_aim(entry)

    def _take(self, entry: LedgerEntry, source: Source, size: int) -> None:
        fields: Document = entry
        if entry["kind"] in ("fund_opened", "fund_carried"):
            terms = fields["terms"]["purpose"]
            flow = FundFlow(fields["fund"], fields["name"], terms, fields["restricted"])
            self.funds.setdefault(flow.id, flow)
        if entry["kind"] in ("commitment", "commitment_carried"):
            aim = read_aim(fields)
            self._aims[entry["index"]] = self._interned.setdefault(aim, aim)
        if entry["kind"] == "obligation":
            self._aims[entry["index"]] = self._aims.get(entry["commitment"], NO_AIM)
        if entry["kind"] == "reversal":
            undone = parse_entry(read_entry(source, size, entry["reverses"]))
            self._count(undone, day_of(entry["effective_at"]).isoformat()[:7], -1)
        else:
            self._count(entry, day_of(entry["effective_at"]).isoformat()[:7], 1)

    def _count(self, entry: LedgerEntry, month: str, sign: int) -> None:
        for fund, sums in list_sums(entry):
            flow = self.funds.get(fund)
            if flow is None:  # Its opening is not published: nothing follows it.
                continue
            flow.total.add(sums, sign)
            flow.months.setdefault(month, Sums()).add(sums, sign)
            if entry["kind"] in USING:
                self._count_use(flow, entry, sums, sign)

    def _count_use(self, flow: FundFlow, entry: LedgerEntry, sums: Sums, sign: int) -> None:
        aim = self.find_aim(cast(Mapping[str, object], entry))
        cases = sign if entry["kind"] == "commitment" else 0
        use = Use(cases, sign * (sums.committed - sums.released), sign * sums.spent)
        flow.categories.setdefault(aim.category, Use()).add(use)
        flow.towns.setdefault(aim.town, Use()).add(use)


def read_aim(entry: Document) -> Aim:
    purpose = entry.get("purpose", {})
    return Aim(purpose.get("category", UNSAID), purpose.get("town", UNSAID))


def list_sums(entry: LedgerEntry) -> Iterator[tuple[str, Sums]]:
    """What an entry adds, by fund; nothing for goods, refusals and what only carries a promise."""
    entering = {fund: fen for (fund, unit), fen in sum_entering(entry).items() if not unit.item}
    leaving = {fund: fen for (fund, unit), fen in sum_leaving(entry).items() if not unit.item}
    own = str(entry.get("fund", ""))
    match entry["kind"]:
        case "fund_carried":
            promised = sum_promised(entry) + sum_owed(entry)
            brought_forward = entering.get(own, 0) - leaving.get(own, 0)
            yield own, Sums(brought_forward=brought_forward, committed=promised)
        case "opening_balance":
            yield own, Sums(brought_forward=entering.get(own, 0))
        case "donation_received":
            yield own, Sums(income=entering.get(own, 0))
        case "commitment":
            yield own, Sums(committed=sum_promised(entry))
        case "release":
            yield own, Sums(released=sum_promised(entry))
        case "disbursement" | "payment":
            yield own, Sums(spent=leaving.get(own, 0))
        case "payment_returned":
            yield own, Sums(spent=-entering.get(own, 0))
        case "management_fee":
            yield own, Sums(fees=leaving.get(own, 0))
        case "bank_interest":
            yield own, Sums(interest=entering.get(own, 0))
        case "bank_charge":
            yield own, Sums(charges=leaving.get(own, 0))
        case "refund":
            yield own, Sums(refunded=leaving.get(own, 0))
        case "transfer":
            yield from ((fund, Sums(moved=fen)) for fund, fen in entering.items())
            yield from ((fund, Sums(moved=-fen)) for fund, fen in leaving.items())


def merge_few(uses: Mapping[str, Use]) -> list[tuple[str, Use]]:
    """Largest first; what has fewer than `CASES_MIN` cases is one row, which has more than that.

    A single small row would be told by what the others leave of the sum, so the next joins it.
    """
    rows = sorted(uses.items(), key=lambda row: (row[1].cases, row[1].committed, row[0]))
    merged, names = Use(), 0
    while rows and (rows[0][1].cases < CASES_MIN or (names and merged.cases < CASES_MIN)):
        merged.add(rows.pop(0)[1])
        names += 1
    clear = sorted(rows, key=lambda row: (-row[1].spent, -row[1].committed, row[0]))
    return [*clear, (MERGED, merged)] if names else clear


def add_uses(flows: Iterable[FundFlow], name: str) -> Uses:
    """`categories` or `towns` of several funds together."""
    sums: Uses = {}
    for flow in flows:
        for code, use in getattr(flow, name).items():
            sums.setdefault(code, Use()).add(use)
    return sums


def add_months(flows: Iterable[FundFlow]) -> dict[str, Sums]:
    """In order."""
    sums: dict[str, Sums] = {}
    for flow in flows:
        for month, each in flow.months.items():
            sums.setdefault(month, Sums()).add(each)
    return dict(sorted(sums.items()))


def add_totals(flows: Iterable[FundFlow]) -> Sums:
    total = Sums()
    for flow in flows:
        total.add(flow.total)
    return total
