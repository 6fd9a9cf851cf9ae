"""财务: what one person proposes there, and another decides on."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response

from services.audit.inspection import read_entry_to_reverse
from services.audit.messages import CATEGORY_UNREAD, DATE_UNREAD, ENTRY_UNKNOWN
from services.audit.model import (
    EntryToReverse,
    FundTerms,
    ProposeFund,
    ProposeLineRelease,
    ProposeMandate,
    ProposeReversal,
    ProposeTransfer,
    SpendingTerms,
)
from services.audit.model.stock import ProposeStockCount
from services.audit.model.vouchers import ProposeBankEntry, ProposeFundFee, ProposeGiftRefund
from services.audit.pages.fee_shares import describe_shares
from services.audit.pages.proposal_forms import FORMS
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.store import read_funds
from services.audit.vouchers.files import find_newest_files
from services.audit.vouchers.messages import PLACES_UNREAD
from shared.contracts.events import StandingLimits
from shared.contracts.values import CHINA, LABELS, Category, Value
from shared.messaging.decision import Answer
from shared.money import parse_amount
from shared.security import Credential, Role
from shared.towns import parse_town
from shared.web.access import Denied, allow
from shared.web.forms import FORM_KEY, Form, answer_form, list_problems, make_form_key, read_form
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.audit")
FINANCE_PATH = "/audit/finance"
Maker = Annotated[Credential, Depends(allow(Role.FINANCE_MAKER, whole_city=True))]


@router.get(FINANCE_PATH + "/new/{name}")
async def show_form(
    name: str, _caller: Maker, request: Request, runtime: AuditRuntimeDep
) -> Response:
    return await _render_form(request, runtime, name, {}, Answer(200, {}))


@router.post(FINANCE_PATH + "/new/{name}")
async def submit_proposal(
    name: str, caller: Maker, request: Request, runtime: AuditRuntimeDep
) -> Response:
    leaf = await _read_leaf(runtime, await read_form(request)) if name == "reversal" else ""

    async def show(typed: Form, answer: Answer) -> Response:
        return await _render_form(request, runtime, name, typed, answer)

    return await answer_form(
        request, runtime, caller, FINANCE_PATH, lambda form: _build(name, form, leaf), show
    )


def _build(name: str, form: Form, leaf: str) -> Value:
    """Raises ValidationError, Invalid and Denied."""
    plain = {field: value for field, value in form.items() if field != FORM_KEY}
    if name == "fund":
        terms = FundTerms(purpose=plain.get("purpose", ""))
        names = {field: plain.get(field, "") for field in ("fund_id", "name")}
        return ProposeFund(**names, restricted=plain.get("restricted") == "yes", terms=terms)
    if name == "transfer":
        texts = ("from_fund_id", "to_fund_id", "reference", "voucher", "attachment")
        return ProposeTransfer(
            amount_fen=parse_amount(plain.get("amount", "")),
            **{field: plain.get(field, "") for field in texts},
        )
    if name == "standing":
        return _build_standing(plain)
    if name == "fee":
        return ProposeFundFee(fund_id=plain.get("fund_id", ""), **_build_vouchered(plain))
    if name in ("interest", "charge"):
        named = {"kind": f"bank_{name}", "fund_id": plain.get("fund_id", "")}
        return ProposeBankEntry.model_validate({**named, **_build_vouchered(plain)})
    if name == "refund":
        donation_id = plain.get("donation_id", "")
        return ProposeGiftRefund(donation_id=donation_id, **_build_vouchered(plain))
    if name == "count":
        return _build_count(plain)
    if name == "release":
        reference, reason = plain.get("reference", ""), plain.get("reason", "")
        return ProposeLineRelease(reference=reference, reason=reason)
    entry = _parse_entry_place(plain)
    if not leaf:
        raise ENTRY_UNKNOWN.invalid("index")
    return ProposeReversal(leaf=leaf, **entry.model_dump())


def _build_vouchered(plain: Form) -> dict[str, Any]:
    """Fields of a fee and of a refund alike, which check them. Raises Invalid."""
    texts = ("reference", "voucher", "attachment", "bank_reference", "own_account")
    return {
        "amount_fen": parse_amount(plain.get("amount", "")),
        "at": _parse_day(plain.get("day", ""), "day"),
        **{field: plain.get(field, "") for field in texts},
    }


def _build_count(plain: Form) -> ProposeStockCount:
    """Raises ValidationError and Invalid."""
    texts = ("fund_id", "item", "unit", "reference", "voucher", "attachment", "basis")
    unit_yuan, counted = plain.get("unit_yuan", "").strip(), plain.get("counted", "")
    return ProposeStockCount.model_validate(
        {
            **{field: plain.get(field, "") for field in texts},
            "counted": int(counted) if _is_number(counted) else counted,
            "at": _parse_day(plain.get("day", ""), "day"),
            "unit_fen": parse_amount(unit_yuan, "unit_yuan") if unit_yuan else 0,
            "places": _parse_places(plain.get("places", "")),
        }
    )


def _parse_places(text: str) -> list[dict[str, object]]:
    """Of each a station and, last, its number. Raises Invalid."""
    places: list[dict[str, object]] = []
    for part in filter(None, (each.strip() for each in re.split("[;；]", text))):
        station, _, number = part.rpartition(" ")
        if not station or not _is_number(number):
            raise PLACES_UNREAD.invalid("places")
        places.append({"station": station.strip(), "quantity": int(number)})
    return places


def _build_standing(plain: Form) -> ProposeMandate:
    """Of the fund's own money; raises ValidationError and Invalid."""
    towns_named = (parse_town(name, "towns") for name in _split(plain.get("towns", "")))
    return ProposeMandate(
        fund_id=plain.get("fund_id", ""),
        donor_id=plain.get("donor_id", ""),
        covers="fund",
        sum_fen=parse_amount(plain.get("amount", "")),
        standing=StandingLimits(
            request_fen=parse_amount(plain.get("request_yuan", ""), "request_yuan"),
            month_fen=parse_amount(plain.get("month_yuan", ""), "month_yuan"),
        ),
        terms=SpendingTerms(
            categories=tuple(_parse_category(n) for n in _split(plain.get("categories", ""))),
            town_codes=tuple(dict.fromkeys(towns_named)),
        ),
        valid_until=_parse_last_day(plain.get("until", "")),
        reference=plain.get("reference", ""),
    )


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[、，,；;\s]+", text) if part]


def _parse_category(text: str) -> Category:
    """By its Chinese. Raises Invalid."""
    by_label = {LABELS[category]: category for category in Category}
    category = by_label.get(text)
    if category is None:
        raise CATEGORY_UNREAD.invalid("categories", text=text[:20], options="、".join(by_label))
    return category


def _parse_last_day(text: str) -> datetime:
    """Its end, in China. Raises Invalid."""
    return _parse_day(text, "until") + timedelta(days=1)


def _parse_day(text: str, field: str) -> datetime:
    """Its beginning, in China. Raises Invalid."""
    try:
        day = date.fromisoformat(text)
        beginning = datetime(day.year, day.month, day.day, tzinfo=CHINA)
        beginning + timedelta(days=1)  # the last day that there is has no end
    except (ValueError, OverflowError):
        raise DATE_UNREAD.invalid(field) from None
    return beginning


def _parse_entry_place(form: Form) -> EntryToReverse:
    index = form.get("index", "")
    return EntryToReverse(
        log=form.get("log", ""),
        index=int(index) if _is_number(index) else -1,
        reference=form.get("reference", ""),
        voucher=form.get("voucher", ""),
        attachment=form.get("attachment", ""),
    )


def _is_number(text: str) -> bool:
    """Of an entry: 15 digits are more than any log has."""
    return text.isascii() and text.isdecimal() and len(text) <= 15


async def _read_leaf(runtime: AuditRuntime, form: Form) -> str:
    """Empty where there is no such entry; what is wrong about the place is said by `_build`."""
    index = form.get("index", "")
    if not _is_number(index):
        return ""
    leaf = await read_entry_to_reverse(runtime, form.get("log", ""), int(index))
    if not isinstance(leaf, Answer):
        return leaf
    if leaf.status == 404:
        return ""
    raise Denied(leaf)


async def _render_form(
    request: Request, runtime: AuditRuntime, name: str, typed: Form, answer: Answer
) -> Response:
    form = FORMS.get(name)
    if form is None:
        raise Denied(ENTRY_UNKNOWN.refusal(404))
    funds = [fund for fund in await read_funds(runtime.database) if fund.is_open]
    return PAGES.render_for(
        request,
        "finance_new.html",
        shares=describe_shares(runtime.settings, funds) if name in ("fee", "charge") else [],
        status=answer.status,
        name=name,
        form=form,
        typed=typed,
        problems=list_problems(answer),
        files=await find_newest_files(runtime.database),
        funds=funds,
        key=typed.get(FORM_KEY) or make_form_key(),
    )
