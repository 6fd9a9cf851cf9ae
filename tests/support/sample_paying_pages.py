"""The pages of what is due and of payment orders, rendered with samples."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from fastapi.responses import HTMLResponse

from services.audit.accounts import Account
from services.audit.gift_search import KIND_WORDS, STATE_WORDS, Hit
from services.audit.messages import DOUBTS
from services.audit.model import (
    BankQuestion,
    OrderLine,
    Payable,
    PaymentOrder,
    Spending,
    Stock,
    derive_payment_order_id,
)
from services.audit.model.months import (
    BookedAccount,
    MonthClose,
    MonthDifference,
    MonthFigures,
    StatedBalance,
)
from services.audit.model.statement_files import DaySum, FileSummary, StatementFile
from services.audit.model.stock import StockPlace
from services.audit.model.vouchers import VoucherFile
from services.audit.pages import months, paying
from services.audit.pages.disclosures import group_duties
from services.audit.pages.downloads import REPORTS
from services.audit.pages.proposing import PAGES
from services.audit.pages.reconciling import describe_reconciliation
from services.audit.reports.disclosure.duties import MAJOR_FEN, MEASURES, Duty
from services.audit.reports.stores import BASES, list_by_station, sum_by_station
from services.audit.statements.account_months import AccountMonth, DayDifference
from services.audit.statements.reconciliation import KIND_TITLES, Gap, Reconciliation
from services.audit.stocks import describe_stock
from shared.contracts.values import Category
from shared.security import Role
from tests.support.readers import make_reader

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
FIGURES = MonthFigures(
    books_fen=50_000,
    accounts=(BookedAccount(account="ICBC 1001", books_fen=20_000),),
    differences=(
        MonthDifference(
            kind="asked", account="ICBC 1001", amount_fen=-800, reference="B-2", at=NOW
        ),
    ),
)
FILE = VoucherFile(
    id="a" * 64,
    media_type="application/pdf",
    size=1,
    note="slip",
    added_by="m",
    added_at=NOW,
    content=b"",
)
CLOSE = MonthClose(
    id="guanjia.2026-05",
    maker="m",
    foundation="guanjia",
    month="2026-05",
    balances=(StatedBalance(account="ICBC 1001", balance_fen=19_200),),
    figures=FIGURES,
)
KEY = "k" * 22


def render_stocks(words: str) -> HTMLResponse:
    names = {"foundation": "f", "log": "l", "item": words, "unit": "kg"}
    plain = Stock(id="S-1", fund_id=words, received=20, **names)
    places = (StockPlace(station=words[:100], quantity=12),)
    value = {"unit_fen": 8_050, "basis": "fair_value", "valued_by": words, "places": places}
    stocks = [describe_stock(each) for each in (plain, plain.model_copy(update=value))]
    rows = list_by_station(stocks)
    return PAGES.render_for(
        make_reader(Role.FINANCE_MAKER),
        "stocks.html",
        stocks=stocks,
        rows=rows,
        sums=sum_by_station(rows),
        worth_fen=161_000,
        bases=BASES,
        next="S-1",
        is_first=True,
        may_propose=True,
    )


def render_disclosures(words: str) -> HTMLResponse:
    key = ("guanjia.local/log/2026", 7)
    quarter = (date(2026, 5, 1), date(2026, 8, 1))
    duties = [
        Duty("yearly_report", "2025", date(2026, 5, 31), MEASURES),
        Duty("progress", words, quarter[1], MEASURES, days=quarter),
        Duty("major_transaction", words, date(2026, 5, 1), MEASURES, key, "donation_received"),
        Duty("correction", words, None, MEASURES, key, "payment"),
    ]
    return PAGES.render_for(
        make_reader(Role.FINANCE_MAKER),
        "disclosures.html",
        year=2026,
        today=NOW.date(),
        groups=group_duties(duties, NOW.date(), lambda origin: origin.rpartition("/")[2]),
        has_campaigns=False,
        major_fen=MAJOR_FEN,
    )


def render_reconciliation(words: str) -> HTMLResponse:
    found = Reconciliation(NOW, 1)
    for days, kind in enumerate(KIND_TITLES, 25):
        found.add_gap(Gap(kind, words, words, words, 33_300, NOW - timedelta(days=days)))
    described = describe_reconciliation(found, {})
    return PAGES.render_for(
        make_reader(Role.FINANCE_MAKER), "reconciliation.html", **{**described, "gaps_max": 1}
    )


def render_accounts(words: str) -> HTMLResponse:
    summary = FileSummary(
        source="/bank/icbc",
        name=words[:100],
        account=words[:100],
        first=None,
        last=None,
        gifts=0,
        amount_fen=0,
        payments=0,
        refused=0,
        sha256="a" * 64,
    )
    file, day = StatementFile(id="F-1", maker="m", summary=summary), "2026-05-20"
    month = AccountMonth(words, "2026-05", 1, 100, 5, 3, 102, 4, 3)
    sums = DaySum(day=day, in_fen=5, out_fen=3)
    said = DayDifference(words, day, ((file, sums), (file, None)))
    return PAGES.render_for(
        make_reader(Role.FINANCE_MAKER),
        "accounts.html",
        year=2026,
        accounts={
            words: [
                replace(month, stated_gap_fen=7),
                replace(month, files=0, opening_fen=None, closing_fen=None),
                replace(month, files=0, are_days_unknown=True),
            ]
        },
        differences=[said],
        count=1,
    )


def render_paying_samples(words: str) -> Mapping[str, HTMLResponse]:
    reader = make_reader(Role.FINANCE_MAKER)
    payable = {
        "id": words,
        "fund_id": words,
        "owed_fen": 33_300,
        "due_at_day": "2026-05-19T16:30:00Z",
    }
    spending = Spending(category=Category.MEALS, town_code="441900101")
    payable |= paying.describe_payable(payable, spending) | {"fund": words}
    names = ("held", "has_payee", "is_asked")
    states = (
        (False, True, False),
        (False, False, False),
        (True, True, False),
        (False, True, True),
    )
    line = OrderLine(match_id="M-1", fund_id=words, payee_id="E-1", amount_fen=33_300)
    order = PaymentOrder(
        id=derive_payment_order_id("sample"), maker=words, foundation=words, lines=(line, line)
    )
    question = BankQuestion(
        id="B-1",
        doubt="amount_differs",
        direction="paid",
        order_id=order.id,
        number=1,
        amount_fen=33_200,
        at=NOW,
        bank_reference=words,
        own_account=words,
    )
    account = Account(words, "6222021234567890123", words)
    problems = [{"zh": words, "en": words}]
    return {
        "payables": PAGES.render_for(
            reader,
            "payables.html",
            problems=problems,
            rows=[{**payable, **dict(zip(names, state, strict=True))} for state in states],
            count=300,
            may_propose=True,
            key=KEY,
        ),
        "payee": PAGES.render_for(
            reader,
            "payee.html",
            payable=Payable(
                id=words, fund_id=words, foundation="f", donor_id="P-1", due_at_day=NOW
            ),
            kinds=paying.PAYEE_KINDS,
            typed={"kind": "shop", "name": words, "number": words, "bank": words},
            problems=problems,
            key=KEY,
        ),
        "payment_orders": PAGES.render_for(
            reader,
            "payment_orders.html",
            groups=[(paying.STATES["proposed"], [order])],
            questions=[
                (question.model_copy(update={"id": id_}), DOUBTS[question.doubt])
                for id_ in ("Q-1", "Q-2")
            ],
            answered={"Q-2"},
            may_answer=True,
            key=KEY,
        ),
        "voucher_files": PAGES.render_for(
            reader,
            "voucher_files.html",
            problems=problems,
            note=words,
            files=[FILE.model_copy(update={"note": words, "added_by": words})],
            key=KEY,
        ),
        "months": PAGES.render_for(
            reader,
            "months.html",
            problems=problems,
            month="2026-05",
            figures=FIGURES,
            rows=CLOSE.rows,
            differences=[(each, months.DIFFERENCES[each.kind]) for each in FIGURES.differences],
            closes=[CLOSE.model_copy(update={"maker": words, "reason": words})],
            may_propose=True,
            typed={"balances": words, "reason": words},
            key=KEY,
        ),
        "finance_search": PAGES.render_for(
            reader,
            "finance_search.html",
            problems=problems,
            typed={"reference": words, "amount": words},
            rows=[
                Hit("gift", "D-1", "entered", "2026-05-20", words, 10_000, reference=words),
                Hit("payment", "GJ-001", "paid", goods=words, donor_id=words, path="/ledger"),
            ],
            is_cut=True,
            kinds=KIND_WORDS,
            states=STATE_WORDS,
            funds=[],
        ),
        "stocks": render_stocks(words),
        "disclosures": render_disclosures(words),
        "reconciliation": render_reconciliation(words),
        "accounts": render_accounts(words),
        "reports": PAGES.render_for(
            reader,
            "reports.html",
            month="2026-05",
            groups={
                covers: [each for each in REPORTS.values() if each.covers == covers]
                for covers in ("month", "year", "now")
            },
            periods={"month": "2026-05", "year": "2026", "now": ""},
        ),
        "payment_order": PAGES.render_for(
            reader,
            "payment_order.html",
            order=order.model_copy(
                update={"cancelled_by": words, "taken_by": words, "reissued_by": words}
            ),
            state=paying.name_state(order),
            foundation=("莞家慈善基金会", "Guanjia foundation"),
            rows=[
                paying.LineRow(line, order.format_reference(1), paying.LINE_STATES[state], account)
                for state in ("waiting", "returned")
            ],
            may_decide=True,
            is_own=True,
            may_export=True,
            may_read=True,
            may_take=True,
            may_reissue=True,
            taken_at="2026-01-20 08:00",
            is_cancelling=True,
            may_cancel=True,
            key=KEY,
        ),
    }
