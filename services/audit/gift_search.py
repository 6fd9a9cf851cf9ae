"""Finance's way to gifts and to what names a document: by giver, fund, day, sum or reference.

A giver is looked for by his name or his id. Only intake knows whose name it is, by a keyed digest,
and logs who looked; of its ids only those of givers are shown here, and no name is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.audit.model import BankQuestion, Donation, PaymentOrder, Reversal, Transfer
from services.audit.model.proposal import ReferencedProposal
from services.audit.model.vouchers import BankEntry, FundFee, GiftRefund, LinedEntry
from services.audit.preparing import build_bank_secrets
from services.audit.public import PublicLogs
from services.audit.resources import AuditRuntime
from services.audit.vouchers.messages import NAMESAKES_TOO_MANY
from shared import mongo
from shared.contracts.values import CHINA, Identifier, PositiveFen, Value
from shared.persons_client import NAMESAKES_MAX, PersonsClient
from shared.text import FOLDED

HITS_MAX = 100
Kind = Literal[
    "gift", "fee", "bank_entry", "refund", "transfer", "reversal", "payment", "bank_line"
]
KIND_WORDS: dict[Kind, tuple[str, str]] = {
    "gift": ("捐赠", "Gift"),
    "fee": ("管理费", "Fee"),
    "bank_entry": ("银行利息、手续费", "Interest or charge"),
    "refund": ("退款", "Refund"),
    "transfer": ("划转", "Transfer"),
    "reversal": ("冲正", "Reversal"),
    "payment": ("付款", "Payment"),
    "bank_line": ("银行流水", "Line of the bank"),
}
STATE_WORDS: dict[str, tuple[str, str]] = {
    "entered": ("已入账", "entered"),
    "waiting": ("等待", "waits"),
    "refused": ("未入账", "refused"),
    "undone": ("已冲销", "undone"),
    "proposed": ("待批准", "proposed"),
    "approved": ("已批准", "approved"),
    "declined": ("已否决", "declined"),
    "paid": ("已付", "paid"),
    "returned": ("已退回", "returned"),
    "released": ("已放行", "released"),
    "asked": ("待核对", "asked about"),
    "answered": ("已核对", "answered"),
}
Reference = Annotated[str, Field(max_length=200), FOLDED]


DonorName = Annotated[str, Field(max_length=200, repr=False), FOLDED]


class GiftSearch(Value):
    """What is empty may be anything. from_day, to_day: of the bank, by China's clock, both counted.
    reference: of the bank's line, of a document or of a voucher."""

    donor_id: Identifier | None = None
    donor_name: DonorName = ""
    fund_id: Identifier | None = None
    from_day: date | None = None
    to_day: date | None = None
    amount_fen: PositiveFen | None = None
    reference: Reference = ""

    @property
    def is_empty(self) -> bool:
        return self == GiftSearch()


@dataclass(frozen=True, slots=True)
class Hit:
    """A gift, or what names the reference. amount: in fen, or of goods with their unit.

    path: of its entry on the public ledger; empty where none stands there."""

    kind: Kind
    id: str
    state: str
    day: str = ""
    fund_id: str = ""
    amount_fen: int = 0
    goods: str = ""
    reference: str = ""
    donor_id: str = ""
    path: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def find_hits(runtime: AuditRuntime, search: GiftSearch, for_whom: str) -> list[Hit]:
    """for_whom: the staff who search. Raises Transient where a name is looked for and intake does
    not answer, and Invalid where too many have it: some of their gifts would be missing."""
    hidden = build_bank_secrets(runtime.keyring).hide_reference(search.reference)
    donor_ids: Sequence[str] | None = None
    if search.donor_name:
        token = runtime.settings.secrets_dir / "service.token"
        persons = PersonsClient(runtime.http, runtime.settings.intake_url, token)
        donor_ids = await persons.find_namesakes(search.donor_name, for_whom)
        if len(donor_ids) > NAMESAKES_MAX:
            raise NAMESAKES_TOO_MANY.invalid("donor_name", most=NAMESAKES_MAX)
    return await search_gifts(runtime.database, runtime.resources, search, hidden, donor_ids)


async def search_gifts(
    database: mongo.Database,
    logs: PublicLogs,
    search: GiftSearch,
    hidden_reference: str,
    donor_ids: Sequence[str] | None = None,
) -> list[Hit]:
    """The newest first. hidden_reference: as it is stored of what a bank said, see
    `BankSecrets.hide_reference`. donor_ids: who has the name; None where none is looked for."""
    query = _build_query(search, hidden_reference)
    if donor_ids is not None:
        query = {"$and": [query, {"donor_id": {"$in": list(donor_ids)}}]}
    order = [("received_at", -1), ("_id", 1)]
    gifts = await mongo.find(database, Donation, query, sort=order, limit=HITS_MAX)
    hits = [_describe_gift(each, logs) for each in gifts]
    if search.reference:
        hits += await _find_papers(database, logs, search.reference)
        hits += await _find_bank_lines(database, hidden_reference)
    return hits


def _build_query(search: GiftSearch, hidden_reference: str) -> Mapping[str, object]:
    days: dict[str, datetime] = {}
    if search.from_day:
        days["$gte"] = datetime.combine(search.from_day, time(), CHINA)
    if search.to_day:
        days["$lt"] = datetime.combine(search.to_day + timedelta(days=1), time(), CHINA)
    wanted = {
        "donor_id": search.donor_id,
        "fund_id": search.fund_id,
        "amount_fen": search.amount_fen,
        "reference": hidden_reference or None,
        "received_at": days or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _describe_gift(gift: Donation, logs: PublicLogs) -> Hit:
    state = "waiting" if gift.waiting else "refused" if gift.refused else "entered"
    return Hit(
        kind="gift",
        id=gift.id,
        day=_format_day(gift.received_at),
        fund_id=gift.fund_id,
        amount_fen=gift.amount_fen,
        goods="" if gift.is_money else f"{gift.quantity} {gift.unit} {gift.item}",
        reference=gift.reference,
        donor_id=gift.donor_id,
        state="undone" if gift.undone else "asked" if gift.is_asked else state,
        path=_format_path(logs, gift.log, gift.entry),
    )


async def _find_papers(database: mongo.Database, logs: PublicLogs, reference: str) -> list[Hit]:
    """Entries of two people that name it, as they wrote it."""
    own: list[Mapping[str, object]] = [{"reference": reference}, {"voucher": reference}]
    hits: list[Hit] = []
    kinds: Sequence[tuple[Kind, type[ReferencedProposal]]] = (
        ("fee", FundFee),
        ("bank_entry", BankEntry),
        ("refund", GiftRefund),
        ("transfer", Transfer),
        ("reversal", Reversal),
    )
    for name, kind in kinds:
        lined = [{"bank_reference": reference}] if issubclass(kind, LinedEntry) else []
        rows = await mongo.find(database, kind, {"$or": [*own, *lined]}, limit=HITS_MAX)
        hits += [_describe_paper(name, each, logs) for each in rows]
    return hits


async def _find_bank_lines(database: mongo.Database, reference: str) -> list[Hit]:
    """Payments that it made or brought back, and lines that were asked about."""
    either = [{f"lines.{name}": reference} for name in ("bank_reference", "paid_reference")]
    orders = await mongo.find(database, PaymentOrder, {"$or": either}, limit=HITS_MAX)
    hits = [each for order in orders for each in _describe_payments(order, reference)]
    lines = await mongo.find(database, BankQuestion, {"bank_reference": reference}, limit=HITS_MAX)
    return [*hits, *map(_describe_line, lines)]


def _describe_paper(kind: Kind, paper: ReferencedProposal, logs: PublicLogs) -> Hit:
    fields = paper.to_json()
    amount = fields.get("amount_fen")
    at = paper.at if isinstance(paper, LinedEntry) else None
    return Hit(
        kind=kind,
        id=paper.id,
        state=paper.state,
        day=_format_day(at) if at else "",
        fund_id=str(fields.get("fund_id") or fields.get("from_fund_id") or ""),
        amount_fen=amount if isinstance(amount, int) else 0,
        reference=" ".join(filter(None, (paper.voucher, paper.reference))),
        path=_format_path(logs, paper.log, paper.entry),
    )


def _describe_payments(order: PaymentOrder, reference: str) -> list[Hit]:
    return [
        Hit(
            kind="payment",
            id=order.format_reference(number),
            state=line.state,
            fund_id=line.fund_id,
            amount_fen=line.amount_fen,
            reference=reference,
        )
        for number, line in enumerate(order.lines, 1)
        if reference in (line.bank_reference, line.paid_reference)
    ]


def _describe_line(line: BankQuestion) -> Hit:
    return Hit(
        kind="bank_line",
        id=line.id,
        state="asked" if line.is_open else "answered",
        day=_format_day(line.at),
        amount_fen=line.amount_fen,
        reference=line.bank_reference,
    )


def _format_day(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d}"


def _format_path(logs: PublicLogs, log: str, entry: int | None) -> str:
    return "" if entry is None else f"/ledger/{logs.name_of(log)}/entries/{entry}"
