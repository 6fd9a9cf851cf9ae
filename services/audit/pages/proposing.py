"""财务: what one person proposes there, and another decides on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

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
from services.audit.model.vouchers import ProposeBankEntry, ProposeFundFee, ProposeGiftRefund
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.store import read_funds
from services.audit.vouchers.files import find_newest_files
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
Texts = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """kind: text, money, number, or of a list: fund, file. hint: what stands under its label."""

    name: str
    zh: str
    en: str
    kind: Literal["text", "money", "number", "fund", "yes_no", "file"] = "text"
    hint_zh: str = ""
    hint_en: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class ProposalForm:
    names: Texts
    fields: tuple[Field, ...]


REFERENCE = Field(
    "reference",
    "依据的文件编号",
    "Document",
    hint_zh="会议纪要、批文或捐赠人同意书的编号；不要写人名",
    hint_en="the number of a minute, a filing or a consent; nobody's name",
)
VOUCHER = Field("voucher", "凭证号", "Voucher", hint_zh="如 记-12", hint_en="such as 记-12")
ATTACHMENT = Field("attachment", "凭证附件", "The voucher's scan", "file")
VOUCHERED = (
    Field("amount", "金额（元）", "Amount (yuan)", "money"),
    Field("day", "银行日期", "The bank's day", hint_zh="如 2026-01-31", hint_en="2026-01-31"),
    Field(
        "bank_reference",
        "银行流水号",
        "The bank's reference",
        hint_zh="有流水的照抄，以后导入对账单时就认得它",
        hint_en="as the statement has it, so that its line is known when it comes",
        required=False,
    ),
    Field("own_account", "哪个账户", "Our account", hint_zh="如 工行1001", required=False),
    REFERENCE,
    VOUCHER,
    ATTACHMENT,
)
FORMS: Mapping[str, ProposalForm] = {
    "fund": ProposalForm(
        ("设立基金", "Open a fund"),
        (
            Field(
                "fund_id",
                "基金编号",
                "Its id",
                hint_zh="短，如 warm-2027；以后不能改",
                hint_en="short, such as warm-2027; it stays",
            ),
            Field("name", "名称", "Name"),
            Field("purpose", "用途", "What it is for", required=False),
            Field("restricted", "限定性基金", "Restricted", "yes_no"),
        ),
    ),
    "transfer": ProposalForm(
        ("基金之间划转", "Transfer between funds"),
        (
            Field("from_fund_id", "从哪个基金", "From", "fund"),
            Field("to_fund_id", "到哪个基金", "To", "fund"),
            Field("amount", "金额（元）", "Amount (yuan)", "money"),
            REFERENCE,
            replace(VOUCHER, required=False),
            replace(ATTACHMENT, required=False),
        ),
    ),
    "fee": ProposalForm(
        ("提取管理费", "Charge a fee"),
        (Field("fund_id", "从哪个基金", "Fund", "fund"), *VOUCHERED),
    ),
    "interest": ProposalForm(
        ("银行利息", "Interest of a bank"),
        (Field("fund_id", "记入哪个基金", "Fund", "fund"), *VOUCHERED),
    ),
    "charge": ProposalForm(
        ("银行手续费", "A charge of a bank"),
        (Field("fund_id", "记入哪个基金", "Fund", "fund"), *VOUCHERED),
    ),
    "refund": ProposalForm(
        ("退回捐赠", "Give a gift back"),
        (
            Field(
                "donation_id",
                "捐赠编号",
                "The gift",
                hint_zh="D- 开头，在凭证和对账单查询里",
                hint_en="D-…, as its receipt has it",
            ),
            *VOUCHERED,
        ),
    ),
    "standing": ProposalForm(
        ("让基金自动资助", "Let a fund give by itself"),
        (
            Field("fund_id", "哪个基金", "Fund", "fund"),
            Field(
                "donor_id",
                "以谁的名义",
                "In whose name",
                hint_zh="代表基金的捐赠方编号，如 P-…；每月会通知他同意了几项",
                hint_en="the id of whom the fund stands for; he is told how many were made",
            ),
            Field("amount", "总共至多（元）", "In all (yuan)", "money"),
            Field("request_yuan", "每项至多（元）", "To one request (yuan)", "money"),
            Field("month_yuan", "每月至多（元）", "In a month (yuan)", "money"),
            Field("until", "有效至", "Until", hint_zh="如 2027-06-30", hint_en="2027-06-30"),
            Field(
                "categories",
                "只限类别",
                "Categories alone",
                hint_zh="如 配餐、医疗救助；不写就是不限",
                hint_en="in Chinese, apart by 、; empty means any",
                required=False,
            ),
            Field(
                "towns",
                "只限镇街",
                "Towns alone",
                hint_zh="如 茶山镇、长安镇；不写就是全市",
                hint_en="in Chinese, apart by 、; empty means any",
                required=False,
            ),
            REFERENCE,
        ),
    ),
    "release": ProposalForm(
        ("银行没有付的一笔", "A payment the bank did not make"),
        (
            Field(
                "reference",
                "付款编号",
                "Reference",
                hint_zh="付款单页“附言”一栏，如 GJABCDEFGHJK-001；先向银行问明没有扣款",
                hint_en="as the order's page has it; ask the bank first that nothing left",
            ),
            Field("reason", "银行怎么说", "What the bank said", hint_zh="如 账号与户名不符"),
        ),
    ),
    "reversal": ProposalForm(
        ("冲正一笔", "Reverse an entry"),
        (
            Field(
                "log",
                "日志",
                "Log",
                hint_zh="在“善款去向”的条目页上，如 guanjia.local/log/2026",
                hint_en="as its page says, such as guanjia.local/log/2026",
            ),
            Field("index", "第几条", "Number", "number"),
            REFERENCE,
            replace(VOUCHER, required=False),
            replace(ATTACHMENT, required=False),
        ),
    ),
}


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


def format_day(moment: datetime) -> str:
    """The bank's day, in China."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d}"


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
    return PAGES.render_for(
        request,
        "finance_new.html",
        status=answer.status,
        name=name,
        form=form,
        typed=typed,
        problems=list_problems(answer),
        files=await find_newest_files(runtime.database),
        funds=[fund for fund in await read_funds(runtime.database) if fund.is_open],
        key=typed.get(FORM_KEY) or make_form_key(),
    )
