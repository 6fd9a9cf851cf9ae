"""Every page there is, rendered with samples; what people may write is filled with given words."""

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import Any

from fastapi.responses import HTMLResponse

from services.audit.invoices import InvoicedGift
from services.audit.ledger.receipts import Receipt
from services.audit.model import Mandate
from services.audit.pages.donor import (
    render_mandate,
    render_mandate_answered,
    render_receipt,
    render_receipt_pending,
)
from services.intake import model as intake
from services.intake.model.request import Portion
from services.intake.pages import ask, mine, own
from services.intake.pages.applicant import DeliveryLink, render_request
from services.intake.pages.consents import list_consents
from services.intake.pages.own_files import OwnFiles
from services.intake.pages.rows import build_row
from services.intake.person_views import describe_own_looks
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.pages.applicant import render_delivery
from services.matching.pages.donor import render_proposal
from services.matching.pages.facts import Background
from services.matching.pages.menu import render_claimed, render_menu
from services.matching.pages.public_menu import render_public_menu
from services.matching.store import OpenSum
from shared.contracts import values
from shared.contracts.links import MANDATE, REQUEST
from shared.contracts.values import Area, BeneficiaryClass, Category, Channel, Kind
from shared.errors import Problem
from shared.looks import Look
from shared.messaging.decision import Answer
from shared.web.links import FRAME
from tests.support.readers import make_reader
from tests.support.sample_desk_pages import make_consent, make_files, render_desk_samples
from tests.support.sample_giver_pages import (
    CHASHAN,
    HELP_PHONE,
    NOW,
    render_giver_samples,
)
from tests.support.sample_ledger_pages import VKEY, render_ledger_samples
from tests.support.sample_notify_pages import render_notify_samples
from tests.support.sample_operation_pages import (
    INVOICE,
    INVOICED,
    render_operation_samples,
)

LOOKS = describe_own_looks(
    [Look("L-1", "s-1", frozenset({"approver_town"}), "read_request", "P-1", NOW)]
)
TOKEN = "c2lnbmVkLXRva2VuLW9mLWEtbGluaw"


@cache
def render_samples(words: str = "大米", token: str = TOKEN) -> Mapping[str, HTMLResponse]:
    """By name. words: stand wherever a person, a partner or a file may have written them."""
    visitor = make_reader(path=f"/x/{token}")
    match = _match(words)
    delivered = match.model_copy(update={"state": "delivered", "deliveries": 1})
    confirmed = delivered.model_copy(
        update={"state": "confirmed", "reopen_until": NOW + timedelta(days=7)}
    )
    rated = confirmed.model_copy(update={"stars": 5, "reopen_until": None})
    offers = [_offer(words), _money_offer(words)]
    needs = {"O-1": [_need(words)], "O-2": [_money_need(), _money_need("441900104")]}
    near = _need(words, cell="88411c2d0dfffff")
    background = Background(near, _offer(words, base="88411c2d29fffff"), NOW, HELP_PHONE)
    claimed = {"state": "accepted", "unit": words[:20], "quantity": 2, "item": words}
    return {
        **_render_asking(words, token),
        **render_desk_samples(words, make_request(words)),
        **render_operation_samples(words),
        **render_notify_samples(words),
        "proposal": render_proposal(visitor, match, background, token),
        "proposal_money": render_proposal(
            visitor,
            _match("", unit="fen", quantity=20_450_000),
            Background(None, None, NOW, HELP_PHONE),
            token,
        ),
        "delivery_delivered": render_delivery(visitor, delivered, token, NOW, HELP_PHONE),
        "delivery_confirmed": render_delivery(visitor, confirmed, token, NOW, HELP_PHONE),
        "delivery_rated": render_delivery(visitor, rated, token, NOW, HELP_PHONE),
        "menu": render_menu(visitor, offers, needs, token, NOW, HELP_PHONE),
        "menu_empty": render_menu(visitor, offers, {}, token, NOW, HELP_PHONE),
        "menu_claimed": render_claimed(visitor, Answer(201, claimed), token),
        "receipt": render_receipt(
            visitor,
            _entry(words),
            _receipt(),
            [VKEY, words],
            f"{token}/receipt",
            "/ledger/2026/entries/1",
            HELP_PHONE,
        ),
        "receipt_invoiced": render_receipt(
            visitor,
            _entry(words),
            _receipt(),
            [VKEY],
            f"{token}/receipt",
            "/ledger/2026/entries/1",
            HELP_PHONE,
            InvoicedGift(
                INVOICED | {"project": words, "recipient": "莞家慈善基金会 Guanjia foundation"},
                INVOICE,
            ),
            fund_name=f"1-{words}",
        ),
        "receipt_undone": render_receipt(
            visitor,
            _entry(words),
            _receipt(),
            [VKEY],
            f"{token}/receipt",
            "/ledger/2026/entries/1",
            HELP_PHONE,
            is_undone=True,
        ),
        "receipt_refunded": render_receipt(
            visitor,
            _entry(words),
            _receipt(),
            [VKEY],
            f"{token}/receipt",
            "/ledger/2026/entries/1",
            HELP_PHONE,
            refunded_fen=1_250,
        ),
        "mandate": render_mandate(
            visitor,
            _mandate(words),
            partial(MANDATE.path, token),
            NOW,
            HELP_PHONE,
            fund_name=f"1-{words}",
        ),
        "mandate_answered": render_mandate_answered(visitor, "open", f"/a/{token}", HELP_PHONE),
        **render_ledger_samples(words),
        "give": render_public_menu(visitor, _open_sums(), "", "", HELP_PHONE),
        "give_filtered": render_public_menu(visitor, _open_sums(), "meals", CHASHAN, HELP_PHONE),
        "receipt_pending": render_receipt_pending(visitor, f"/g/{token}", HELP_PHONE),
        "link_invalid": FRAME.render(visitor, "link_invalid.html", status=401),
        "link_over": FRAME.render(
            visitor, "link_over.html", status=410, problems=[{"zh": words, "en": words}]
        ),
        **render_giver_samples(_match(words), words, token),
        "problems": FRAME.render(
            visitor,
            "problems.html",
            status=409,
            problems=[{"zh": words, "en": words}],
            back=f"/d/{token}",
        ),
    }


def _render_own_cases(
    requests: Sequence[intake.Request], words: str, token: str
) -> Mapping[str, HTMLResponse]:
    """Signed in by phone, with something and with nothing; and before."""
    visitor = make_reader(path=mine.MINE_PATH)
    cases = [
        mine.OwnCase(build_row(each, NOW), mine.describe_in_list(each, 5), REQUEST.path(token))
        for each in requests
    ]
    problem = Problem("sign_in_code_wrong", "code", words, words)
    return {
        "mine": mine.render_own_cases(visitor, cases, token, HELP_PHONE),
        "mine_empty": mine.render_own_cases(visitor, [], token, HELP_PHONE),
        "mine_sign_in": mine.SIGN_IN.render(visitor, typed=words, problems=(problem,)),
        "mine_code": mine.SIGN_IN.render(visitor, phone=words, ticket=words),
    }


def _render_asking(words: str, token: str) -> Mapping[str, HTMLResponse]:
    """The form of the public with what was typed, and the applicant's page."""
    visitor = make_reader(path=f"/r/{token}")
    typed = dict.fromkeys(ask.FIELDS, words)
    wrong = {name: Problem("code", name, words, words) for name in ask.FIELDS}
    render = partial(render_request, visitor, help_phone=HELP_PHONE, answer_days=5, hotline="12356")
    delivered = {"M-1": Portion(quantity=2, stage="delivered")}
    links = [DeliveryLink(f"/c/{token}", 2, is_confirmed=done) for done in (False, True)]
    declined = make_request(words, state=intake.RequestState.DECLINED, reason=words)
    returned = make_request(
        words,
        state=intake.RequestState.RETURNED,
        return_reason="need_unclear",
        source=intake.WEB_SOURCE,
    )
    part = make_request(words, asked_quantity=900, part_reason="fund_limited")
    recorded = make_request(
        words, state=intake.RequestState.RECORDED, waits_for=("phone_unproven",)
    )
    return {
        "ask": ask.render_ask(visitor, 1, ask.AskForm(typed)),
        "ask_wrong": ask.render_ask(visitor, 1, ask.AskForm(typed, wrong)),
        "ask_contact": ask.render_ask(visitor, 2, ask.AskForm(typed)),
        "ask_contact_wrong": ask.render_ask(visitor, 2, ask.AskForm(typed, wrong)),
        **_render_own_cases((recorded, declined, returned, part), words, token),
        "own": own.render_own(visitor, token, help_phone=HELP_PHONE),
        "own_code": own.render_own(
            visitor,
            token,
            code="12345678",
            help_phone=HELP_PHONE,
            problems=[Problem("code", "code", words, words)],
        ),
        "own_open": own.render_own(
            visitor, token, code="12345678", is_open=True, done="correct", help_phone=HELP_PHONE
        ),
        "own_help_comes": own.render_own(
            visitor,
            token,
            code="12345678",
            is_open=True,
            help_comes=True,
            is_recorded_elsewhere=True,
            help_phone=HELP_PHONE,
        ),
        "own_erased": own.render_erased(visitor, HELP_PHONE),
        "request_new": render(recorded, token, [], deliveries=[], is_new=True),
        "request_danger": render(
            recorded.model_copy(update={"danger": True}), token, [], deliveries=[], is_new=True
        ),
        "request_open": render(
            make_request(words),
            token,
            LOOKS,
            deliveries=[],
            consents=list_consents({"history": make_consent(words)}, NOW),
            files=OwnFiles(
                own=make_files(words),
                may_add=True,
                path=f"/r/{token}/files",
                problems=[{"code": "x", "field": "file", "zh": words, "en": words}],
            ),
        ),
        "request_delivered": render(
            make_request(words, matches=delivered), token, LOOKS, deliveries=links
        ),
        "request_declined": render(declined, token, [], deliveries=[]),
        "request_returned": render(returned, token, [], deliveries=[]),
        "request_part": render(part, token, [], deliveries=[]),
    }


def _open_sums() -> list[OpenSum]:
    towns = (CHASHAN, "441900104", "441900003", "441900121", "441900000")
    return [
        OpenSum(town, category, 3 * number + 1, number, number * 50_000)
        for number, town in enumerate(towns)
        for category in ("meals", "medical", "housing_repair")
    ]


def _mandate(words: str) -> Mandate:
    return Mandate(
        id="A-0123456789abcdef0123",
        fund_id=words,
        donor_id="P-1",
        source=words,
        covers="gifts",
        sum_fen=33_300,
        valid_until=NOW + timedelta(days=90),
        maker="finance-maker",
    )


def make_request(words: str, **changed: Any) -> intake.Request:
    fields: dict[str, Any] = {
        "id": "R-0123456789abcdef0123",
        "state": intake.RequestState.OPEN,
        "kind": Kind.WISH,
        "category": Category.SUPPLIES,
        "beneficiary_class": BeneficiaryClass.SUBSISTENCE,
        "channel": Channel.GRID_WORKER,
        "need": values.Need.model_construct(unit="袋", quantity=2, item=words),
        "area": Area(town_code=CHASHAN),
        "person_id": "P-1",
        "fingerprint": "F-1",
        "source": "/channels/grid",
        "content": b"",
        "recorded_at": NOW,
    }
    return intake.Request.model_construct(**fields | {"reason": "", "matches": {}} | changed)


def _match(words: str, **changed: Any) -> Match:
    fields: dict[str, Any] = {
        "id": "M-R-1-O-1-1",
        "request_id": "R-1",
        "offer_id": "O-1",
        "person_id": "P-1",
        "donor_id": "P-2",
        "unit": "袋",
        "item": words,
        "quantity": 2,
        "category": Category.SUPPLIES,
        "beneficiary_class": BeneficiaryClass.SUBSISTENCE,
        "town_code": "441900128",
        "source": "/partners/mine",
        "proposed_at": NOW,
        "expires_at": NOW + timedelta(days=3),
        "changed_at": NOW,
    }
    return Match.model_construct(**fields | changed)


def _need(words: str, **changed: Any) -> Need:
    fields: dict[str, Any] = {
        "id": "R-0123456789abcdef0001",
        "person_id": "P-1",
        "category": Category.SUPPLIES,
        "beneficiary_class": BeneficiaryClass.SUBSISTENCE,
        "tier": 1,
        "town_code": CHASHAN,
        "unit": "袋",
        "item": words,
        "quantity": 2,
        "recorded_at": NOW - timedelta(days=12),
    }
    return Need.model_construct(**fields | changed)


def _money_need(town_code: str = CHASHAN) -> Need:
    changed = {"category": Category.MEDICAL, "town_code": town_code}
    return _need("", unit="fen", quantity=120_000, **changed)


def _offer(words: str, **changed: Any) -> Offer:
    fields: dict[str, Any] = {
        "id": "O-1",
        "donor_id": "P-2",
        "source": "/partners/mine",
        "unit": "袋",
        "item": words,
        "quantity": 30,
        "registered_at": NOW,
    }
    return Offer.model_construct(**fields | changed)


def _money_offer(words: str) -> Offer:
    return _offer(words, id="O-2", unit="fen", item="", quantity=10_000_000)


def _entry(words: str) -> Any:
    return {
        "kind": "donation_received",
        "legs": [{"account": "a", "amount_fen": 20_450_000, "side": "debit"}],
        "fund": words,
        "subject": words,
        "effective_at": "2026-01-01T08:00:00.000000Z",
        "recorded_at": "2026-01-01T08:05:00.000000Z",
        "index": 41,
    }


def _receipt() -> Receipt:
    root = base64.b64encode(b"r" * 32).decode()
    signature = base64.b64encode(b"s" * 68).decode()
    name = VKEY.partition("+")[0]
    note = f"{name}\n118\n{root}\n\n— {name} {signature}\n"
    return Receipt(41, b"{}", (), note.encode())
