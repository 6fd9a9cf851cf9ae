"""我要求助: two steps, in plain words, for who has no account. What he wrote is kept whole.

Nobody believes what a stranger types of a phone: such a request waits until a member of staff
has called. Both steps are forms that carry what was typed; nothing is stored before the last.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from services.intake import store
from services.intake.api.attachments import FORM_BYTES
from services.intake.attachments.files import FILE_BYTES_MAX
from services.intake.messages import (
    CONSENT_MISSING,
    NAME_MISSING,
    TEXT_MISSING,
    TEXT_TOO_LONG,
    TOWN_MISSING,
)
from services.intake.model import WEB_SOURCE, AskOnPage
from services.intake.model.attachment import OWN_ATTACHMENTS_MAX
from services.intake.model.consent import GiveConsent
from services.intake.pages.own_files import add_own_files
from services.intake.pages.uploads import list_uploads
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.needs import UNSAID
from services.intake.vault.persons import derive_contact_ids
from shared.contracts.events import RequestSubmitted
from shared.contracts.links import REQUEST
from shared.contracts.values import (
    LABELS,
    MONEY_UNIT,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
)
from shared.errors import Invalid, Problem
from shared.messages import FORM_STALE
from shared.messaging.decision import Command
from shared.money import parse_amount
from shared.phones import parse_mobile
from shared.text import clean_lines, clean_text
from shared.towns import CITY_WIDE, find_middle, index_codes_by_name, load_towns
from shared.validation import describe_validation
from shared.villages import find_village
from shared.web.admission import takes_bytes
from shared.web.callers import find_address
from shared.web.pages import Pages
from shared.web.sessions import check_visit_form
from shared.web.staff import PageRouter
from shared.web.town_map import draw_towns

router = PageRouter()
PAGES = Pages("services.intake")
ASK_PATH = "/ask"
TEXT_MAX = 3_800
"""Of the 4,000 that a text holds: village and consent are written below it."""
FIELDS = (
    *("text", "town", "village", "category", "amount", "kind"),
    *("name", "phone", "whose", "circumstances", "consent", "delivery", "history", "once"),
)
FIRST_STEP = frozenset({"text", "town", "village", "category", "amount", "kind"})
TRAP = "website"
"""A field that nobody sees; who fills it in is a program."""
SOMEWHERE = "说不清"
WHOSE = {
    "own": ("本人", "for myself"),
    "family": ("家人", "for my family"),
    "guardian": ("未满14岁的孩子，我是监护人", "for a child under 14, as guardian"),
    "": ("别人", "for others"),
}
UNKNOWN_NEED = {"unit": "项", "quantity": 1}
CONSENT_WRITTEN = "〔网页登记，填写人已同意《个人信息怎样使用》第1版〕"
TOLD_MAX = 3
"""Requests of a day that a phone gets a notice of: anybody may type it."""
TOLD_WITHIN = timedelta(hours=24)
_ONCE = re.compile(r"[\w-]{20,60}")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AskForm:
    """What was typed, as it was typed, and what is wrong with it by field."""

    values: Mapping[str, str]
    problems: Mapping[str, Problem] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Where to go on: the first step while something of it is wrong."""
        return 1 if FIRST_STEP & set(self.problems) else 2


# --- routes ---------------------------------------------------------------------------------------


@router.get(ASK_PATH)
async def show_first_step(request: Request) -> Response:
    return render_ask(request, 1, AskForm(_make_blank()))


@router.post(ASK_PATH)
@takes_bytes(OWN_ATTACHMENTS_MAX * FILE_BYTES_MAX + FORM_BYTES)
async def go_on(request: Request, runtime: IntakeRuntimeDep) -> Response:
    """From step to step; at the end the request, and its page. Raises Invalid, TooManyError."""
    await check_visit_form(request, runtime.keyring)
    form = await request.form()
    values = {name: str(form.get(name, "")) for name in FIELDS}
    step = str(form.get("step", "1"))
    if form.get(TRAP) or not _ONCE.fullmatch(values["once"]):
        raise FORM_STALE.invalid()
    if (town := str(form.get("map", ""))) in load_towns().values():
        return render_ask(request, 1, AskForm({**values, "town": town}))
    if step == "back":
        return render_ask(request, 1, AskForm(values))
    submitted, problems = read_ask(values)
    if step == "1":
        first = {name: problem for name, problem in problems.items() if name in FIRST_STEP}
        checked = AskForm(values, first)
        return render_ask(request, 1 if first else 2, checked, status=422 if first else 200)
    if submitted is None:
        wrong = AskForm(values, problems)
        return render_ask(request, wrong.step, wrong, status=422)
    address = find_address(request)
    runtime.resources.ask_quota.take(f"ask:{address}", 1)
    return await _submit(runtime, values, submitted, list_uploads(form))


async def _submit(
    runtime: IntakeRuntime,
    values: Mapping[str, str],
    submitted: RequestSubmitted,
    files: Sequence[UploadFile],
) -> Response:
    """However often a phone asks, the answer is the same: it tells nobody whether somebody else
    asked for it today. A picture that cannot be taken hinders no request: its page says so. Raises
    Invalid where the same form was sent before with other words."""
    vault, now = runtime.resources.vault, await runtime.processor.now()
    [contact_id] = derive_contact_ids(vault, submitted.applicant.phone, None)
    since = now - TOLD_WITHIN
    earlier = await store.count_asked(runtime.database, f"contact:{contact_id}", since)
    asking = AskOnPage(request=submitted, quiet=earlier >= TOLD_MAX)
    command = Command(asking, key=f"{WEB_SOURCE}|{values['once']}", principal=WEB_SOURCE)
    answer = await runtime.processor.execute(command)
    if answer.status >= 400:
        raise FORM_STALE.invalid()
    id_ = str(answer.body["request_id"])
    stored = await store.find_request(runtime.database, id_)
    token = runtime.keyring.make_link(
        REQUEST.purpose,
        id_,
        REQUEST.compute_end(now),
        now,
        holder=stored.person_id if stored else "",
    )
    await _record_consents(runtime, id_, values)
    refused = await add_own_files(runtime, id_, files)
    wrong_files = "&files=wrong" if refused else ""
    return RedirectResponse(f"{REQUEST.path(token)}?new=1{wrong_files}", status_code=303)


async def _record_consents(
    runtime: IntakeRuntime, request_id: str, values: Mapping[str, str]
) -> None:
    """What he ticked; a guardian agrees for a child."""
    purposes = ["handling", *(name for name in ("delivery", "history") if values[name] == "yes")]
    for purpose in purposes:
        data = GiveConsent.model_validate(
            {
                "request_id": request_id,
                "purpose": purpose,
                "way": "typed",
                "by_guardian": values["whose"] == "guardian",
            }
        )
        await runtime.processor.execute(Command(data, principal=WEB_SOURCE))


def _make_blank() -> dict[str, str]:
    chosen = {"kind": Kind.WISH.value, "whose": "own", "once": secrets.token_urlsafe(24)}
    return dict.fromkeys(FIELDS, "") | chosen


# --- reading --------------------------------------------------------------------------------------


def read_ask(values: Mapping[str, str]) -> tuple[RequestSubmitted | None, dict[str, Problem]]:
    """The request, or everything that is wrong with what was typed, by field."""
    problems: dict[str, Problem] = {}

    def take(name: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(values[name])
        except Invalid as error:
            problems[name] = error.problems[0]
            return None

    text, town = take("text", _read_text), take("town", _read_town)
    amount, name = take("amount", _read_amount), take("name", _read_name)
    phone = take("phone", lambda typed: parse_mobile(typed, "phone"))
    take("consent", _check_consent)
    category = _choose(Category, values["category"], Category.OTHER)
    if problems:
        return None, problems
    fields = {
        "kind": _choose(Kind, values["kind"], Kind.WISH),
        "category": category,
        "beneficiary_class": _choose(
            BeneficiaryClass, values["circumstances"], BeneficiaryClass.GENERAL
        ),
        "channel": Channel.WEB,
        "need": _make_need(amount or 0, category),
        "area": {"town_code": town} | _read_village(values, town or ""),
        "applicant": {"name": name, "phone": phone} | _read_owner(values),
        "text": "\n".join(filter(None, (text, _format_village(values), CONSENT_WRITTEN))),
    }
    try:
        return RequestSubmitted.model_validate(fields), {}
    except ValidationError as error:
        described = describe_validation(error)
        return None, {each.field.rpartition(".")[2]: each for each in described}


def _read_text(typed: str) -> str:
    text = clean_lines(typed)
    if len(text) < 2:
        raise TEXT_MISSING.invalid("text")
    if len(text) > TEXT_MAX:
        raise TEXT_TOO_LONG.invalid("text", most=TEXT_MAX, length=len(text))
    return text


def _read_town(typed: str) -> str:
    if typed == SOMEWHERE:
        return CITY_WIDE
    code = index_codes_by_name().get(typed)
    if code is None:
        raise TOWN_MISSING.invalid("town")
    return code


def _read_amount(typed: str) -> int:
    """Fen; 0 where nothing was typed."""
    return parse_amount(typed, "amount") if typed.strip() else 0


def _read_name(typed: str) -> str:
    name = clean_text(typed)
    if not name:
        raise NAME_MISSING.invalid("name")
    return name[:100]


def _check_consent(typed: str) -> None:
    if typed != "yes":
        raise CONSENT_MISSING.invalid("consent")


def _choose(kind: type[T], typed: str, default: T) -> T:
    """A suggestion, and no duty: what is no choice of ours is none."""
    try:
        return kind(typed)  # type: ignore[call-arg]  # an enum's look-up
    except ValueError:
        return default


def _make_need(amount: int, category: Category) -> dict[str, object]:
    """What exactly is needed a member of staff finds out; the words are kept in any case."""
    if amount:
        return {"unit": MONEY_UNIT, "quantity": amount}
    return {**UNKNOWN_NEED, "item": LABELS[category] if category is not Category.OTHER else UNSAID}


def _read_village(values: Mapping[str, str], town: str) -> dict[str, str]:
    """Where its name is clear; in any case it stands in the text."""
    code = find_village(values["village"][:100], town)
    return {"village_code": code} if code and code.startswith(town[:9]) else {}


def _read_owner(values: Mapping[str, str]) -> dict[str, str]:
    """Whose the phone is; of others nothing is said."""
    return {"contact_of": values["whose"]} if values["whose"] in filter(None, WHOSE) else {}


def _format_village(values: Mapping[str, str]) -> str:
    village = clean_text(values["village"])[:100]
    return f"村（居）：{village}" if village else ""


# --- rendering ------------------------------------------------------------------------------------


def render_ask(request: Request, step: int, form: AskForm, status: int = 200) -> HTMLResponse:
    fields = FIRST_STEP if step == 1 else frozenset(FIELDS) - FIRST_STEP - {"once"}
    return PAGES.render_with_script(
        request,
        "ask.html",
        status,
        step=step,
        typed=form.values,
        problems=form.problems,
        carried=[(name, form.values[name]) for name in FIELDS if name not in fields],
        trap=TRAP,
        text_max=TEXT_MAX,
        towns=[
            *((name, _format_middle(code)) for code, name in load_towns().items()),
            (SOMEWHERE, ""),
        ],
        spots=draw_towns({}, chosen=form.values["town"]),
        categories=_list_choices(Category),
        classes=_list_choices(BeneficiaryClass),
        whose=list(WHOSE.items()),
    )


def _format_middle(town_code: str) -> str:
    """In degrees, for the visitor's own browser; empty where it is not known."""
    middle = find_middle(town_code)
    return f"{middle[0] / 1e6:.2f},{middle[1] / 1e6:.2f}" if middle else ""


def _list_choices(kind: type[Category] | type[BeneficiaryClass]) -> list[tuple[str, str, str]]:
    return [(each.value, LABELS[each], each.value.replace("_", " ")) for each in kind]
