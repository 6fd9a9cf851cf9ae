"""What a proposal says, in Chinese and in English, where it is no word of a person's."""

from collections.abc import Iterable, Iterator, Mapping

from services.audit.ledger.movements import MONEY, amount_of
from services.audit.model import Mandate
from services.audit.model.months import AccountRow, MonthDifference
from services.audit.model.statement_files import DaySum, StatedKind, StatementFile
from services.audit.pages.proposal_forms import Texts
from shared.contracts.events import StandingLimits
from shared.contracts.ledger_fields import GoodsLeg, Leg
from shared.dates import format_month, name_day
from shared.money import format_yuan
from shared.web.pages import name_code, name_town


def name_sum(fen: int) -> Texts:
    yuan = format_yuan(fen)
    return f"{yuan} 元", f"CNY {yuan}"


def name_codes(codes: Iterable[str]) -> Texts:
    names = [name_code(each) for each in codes]
    return "、".join(zh for zh, _ in names), ", ".join(en for _, en in names)


def name_towns(codes: Iterable[str]) -> Texts:
    names = [name_town(each) for each in codes]
    return "、".join(zh for zh, _ in names), ", ".join(en for _, en in names)


def format_standing_limits(limits: StandingLimits) -> Texts:
    one, month = format_yuan(limits.request_fen), format_yuan(limits.month_fen)
    return (
        f"是：不再逐项问；每项至多 {one} 元，每月至多 {month} 元",
        f"yes, without asking: CNY {one} each, CNY {month} a month at most",
    )


def format_recorded_consent(mandate: Mandate) -> str | Texts:
    consent = mandate.consent
    if consent is None:
        return "无", "none"
    zh, en = name_day(consent.consented_at)
    return f"{zh}，{consent.how}", f"{en}, {consent.how}"


def format_leg_amounts(legs: Iterable[Leg | GoodsLeg]) -> Texts:
    """What the entry put to its accounts; each amount once, since both sides say the same."""
    amounts = dict.fromkeys(amount_of(leg) for leg in legs)
    money = [name_sum(quantity) for unit, quantity in amounts if unit == MONEY]
    goods = [f"{unit.item} {quantity} {unit.unit}" for unit, quantity in amounts if unit != MONEY]
    zh, en = ([texts[at] for texts in money] for at in (0, 1))
    return "、".join([*zh, *goods]), ", ".join([*en, *goods])


def format_account_row(row: AccountRow) -> Texts:
    sums = {
        ("银行", "bank"): row.stated_fen,
        ("账面", "books"): row.books_fen,
        ("未入账流水", "not entered"): row.known_fen or None,
        ("差额", "difference"): row.unexplained_fen or None,
    }
    parts = [(names, format_yuan(fen)) for names, fen in sums.items() if fen is not None]
    zh, en = ([f"{names[at]} {yuan}" for names, yuan in parts] for at in (0, 1))
    same = ([], []) if row.unexplained_fen else (["相符"], ["equal"])
    return "，".join([*zh, *same[0]]), ", ".join([*en, *same[1]])


def format_month_difference(each: MonthDifference) -> Texts:
    (day_zh, day_en), (zh, en) = name_day(each.at), name_sum(each.amount_fen)
    return (
        f"{day_zh} {zh} {each.account} {each.reference}",
        f"{day_en} {en} {each.account} {each.reference}",
    )


STATED: Mapping[StatedKind, Texts] = {
    "reversed": (
        "银行已冲正，账上有的善款退回",
        "reversed: gifts in the books go back",
    ),
    "charge": ("手续费", "charges"),
    "paid": ("付款单的付款", "payments of orders"),
    "returned": ("付款退回", "payments that came back"),
    "interest": ("利息", "interest"),
    "asked": ("对不上，请财务核对", "fit nothing: finance is asked"),
}


def _describe_months(days: Iterable[DaySum]) -> Iterator[tuple[str, str, Texts]]:
    """What is read of each month; its days are on the accounts' page."""
    months: dict[str, list[int]] = {}
    for each in days:
        sums = months.setdefault(each.day[:7], [0, 0])
        sums[0] += each.in_fen
        sums[1] += each.out_fen
    for month, (came_fen, went_fen) in months.items():
        came, went = format_yuan(came_fen), format_yuan(went_fen)
        words = (f"收 {came} 元，付 {went} 元", f"in CNY {came}, out CNY {went}")
        yield format_month("zh", month), format_month("en", month), words


def describe_statement_file(file: StatementFile) -> Iterator[tuple[str, str, str | Texts]]:
    summary = file.summary
    yield "文件", "File", summary.name
    yield "账户", "Account", summary.account
    yield "以哪个来源入账", "Entered as", summary.source
    if summary.first and summary.last:
        (zh, en), (last_zh, last_en) = name_day(summary.first), name_day(summary.last)
        yield "期间", "Days", (f"{zh}—{last_zh}", f"{en} – {last_en}")
    if summary.opening_fen is not None and summary.closing_fen is not None:
        yield "期初余额", "Opening balance", name_sum(summary.opening_fen)
        yield "期末余额", "Closing balance", name_sum(summary.closing_fen)
    yield from _describe_months(summary.days)
    yield "捐款", "Gifts", str(summary.gifts)
    yield "合计", "In all", name_sum(summary.amount_fen)
    yield "付款、利息、手续费", "Payments, interest, charges", str(summary.payments)
    for kind, (zh, en) in STATED.items():
        if fen := summary.stated_fen.get(kind):
            yield f"其中{zh}", f"of them {en}", name_sum(fen)
    yield "不入账的行", "Rows refused", str(summary.refused)
    if summary.sums_differ:
        differ = ("与各行不符，提交人说已查明", "do not fit the rows: the proposer knows why")
        yield "表内合计、余额", "Total and balances", differ
    if summary.are_apart:
        apart = ("核对过，是另外的捐款", "looked at: they are other gifts")
        yield "疑似重复的行", "Rows that may be gifts of before", apart
    yield "文件摘要", "Digest of the file", summary.sha256
