"""The pages of operations and of finance, rendered with samples."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi.responses import HTMLResponse

from services.audit.ledger.balances import TOTALS
from services.audit.model.invoices import GiftInvoice
from services.audit.pages import finance, proposing
from services.audit.pages.proposal_forms import FORMS
from services.audit.reports.fee_share import FeeShare
from services.intake.pages import operations
from shared.contracts.history import Part
from shared.contracts.operations import Alarm, ProviderCalls, ServiceState, TopicFlow
from shared.contracts.topics import SERVICES
from shared.security import Role
from shared.web.actions import SERVICE_NAMES
from shared.web.links import FRAME
from shared.web.operation_pages import LetterRow, SettingRow
from shared.web.pages import SCRIPT_HEADERS
from tests.support.readers import make_reader
from tests.support.sample_paying_pages import render_paying_samples
from tests.support.sample_statement_pages import render_statement_samples

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)


ASKED_GIFT = {
    "id": "D-1",
    "donor_id": "P-1",
    "fund_id": "warm",
    "amount_fen": 700,
    "received_at": "2026-05-20T08:00:00Z",
    "day": "2026-05-20",
    "reference": "REF7",
    "own_account": "ICBC 1001",
}
INVOICED = {
    "donation_id": "D-1",
    "donor_id": "P-1",
    "recipient": "莞家",
    "project": "Warm",
    "amount_fen": 700,
    "amount_in_capitals": "柒元整",
    "goods": "",
    "received_on": "2026-05-20",
}
INVOICE = GiftInvoice(
    id="D-1",
    code="44060126",
    number="0012345678",
    issued_on="2026-05-21",
    entered_by="maker",
    entered_at=NOW,
    earlier=("44060126 0012345677",),
)


def make_state(words: str) -> ServiceState:
    return ServiceState(
        service="intake",
        obstacle=words,
        outbox_waiting=1_200,
        dead_letters=2,
        topics=(
            TopicFlow(topic="guanjia.requests", per_minute=90, behind=1_000, delay_s=0.25),
            TopicFlow(topic="guanjia.matches", per_minute=0, behind=0, delay_s=None),
        ),
        oldest_s=75.5,
        providers=(ProviderCalls(zh=words, en=words, calls=1_500, failed=2, mean_s=0.1),),
        alarms=(Alarm(zh="须人工处理。", en="A person must look.", subject=words),),
    )


def render_operation_samples(words: str) -> Mapping[str, HTMLResponse]:
    reader, state = make_reader(Role.OPERATOR), make_state(words)
    letter = LetterRow(words, "2026-05-20 16:00:00", words, words, True, ((words, words),))
    part = Part(at=NOW, service="intake", zh=words[:300], en=words[:300])
    samples = {
        "operations": operations.PAGES.render_for(
            reader,
            "operations.html",
            rows=[
                ("intake", SERVICE_NAMES["intake"], state),
                ("audit", SERVICE_NAMES["audit"], None),
            ],
            way_path=operations.WAY_PATH,
            live_path=operations.LIVE_PATH,
        ),
        "service_state": FRAME.render_for(
            reader,
            "service_state.html",
            names=SERVICE_NAMES["intake"],
            state=state,
            letters=[letter],
            letters_max=50,
            settings=[SettingRow("GUANJIA_PORT", words, words, True)],
            services=[(name, SERVICE_NAMES[name]) for name in SERVICES],
        ),
        "operations_way": operations.PAGES.render_for(
            reader,
            "operations_way.html",
            ways=[(words, words, [operations.WayRow("05-20 16:00:00", "+1.2 s", part)], [])],
            reference=words,
            way_path=operations.WAY_PATH,
        ),
        "dead_letter": FRAME.render_for(
            reader,
            "dead_letter.html",
            letter=letter,
            content=words,
            traceback=words,
            is_open=True,
            service="intake",
        ),
    }
    samples |= _render_finance(words)
    samples |= render_paying_samples(words)
    samples |= render_statement_samples(words)
    for name in ("operations", "service_state"):
        samples[name].headers.update(SCRIPT_HEADERS)
    return samples


def _render_finance(words: str) -> Mapping[str, HTMLResponse]:
    reader = make_reader(Role.FINANCE_CHECKER)
    rows = [
        finance.WaitingRow(words, words, "0" * 32, lines, is_own)
        for lines, is_own in (((("名称", "Name", words),), False), ((), True))
    ]
    group = finance.WaitingGroup("funds", ("设立", words), 3, rows, words)
    unsettled = {"zh": words, "en": words}
    form = FORMS["fund"]
    return {
        "finance": proposing.PAGES.render_for(
            reader,
            "finance.html",
            groups=[group],
            payables=3,
            gifts=[
                {"_id": words, "count": 2, "amount_fen": 700, "since": NOW, "on_log": 1},
            ],
            asked_gifts=[ASKED_GIFT | {"id": words, "reference": words, "may_be": ASKED_GIFT}],
            asked_count=1,
            unsettled=[
                {
                    "request_id": words,
                    "to_do": unsettled,
                    "paid": [{"match_id": words, "amount_fen": 1}],
                }
            ],
            funds=[
                {"name": words, "id": words, "totals": dict.fromkeys(TOTALS, 100)},
            ],
            standing=[(words, [("自动资助", "Gives by itself", words)])],
            may_end=True,
            may_check=True,
            may_enter_invoices=True,
            may_propose=True,
            forms=FORMS,
            key="k" * 22,
        ),
        "invoices": proposing.PAGES.render_for(
            reader, "invoices.html", gifts=[INVOICED | {"project": words}], next=words
        ),
        "invoice": proposing.PAGES.render_for(
            reader,
            "invoice.html",
            gift=INVOICED | {"recipient": words},
            invoice=INVOICE,
            typed={},
            problems=(),
            key="k" * 22,
        ),
        "finance_waiting": proposing.PAGES.render_for(
            reader, "finance_waiting.html", group=group, may_check=True, key="k" * 22
        ),
        "finance_new": proposing.PAGES.render_for(
            reader,
            "finance_new.html",
            shares=[FeeShare(20_000, 100_000).describe()],
            name="fund",
            form=form,
            typed=dict.fromkeys((field.name for field in form.fields), words),
            problems=[{"zh": words, "en": words}],
            files=[],
            funds=[],
            key="k" * 22,
        ),
    }
