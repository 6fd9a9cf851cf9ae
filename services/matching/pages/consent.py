"""A donor's standing consent (常设同意): what it says, what it did, giving and ending it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.matching import store
from services.matching.messages import CONSENT_UNCONFIRMED, TERM_UNKNOWN
from services.matching.model.consent import (
    ConsentTerms,
    EndConsent,
    GiveConsent,
    StandingConsent,
    build_consent_id,
)
from services.matching.model.labels import name_state
from services.matching.model.match import Match
from services.matching.pages.buttons import read_fields
from services.matching.pages.givers import GIVER_PATH, Giver, GiverDep, GiverRoute
from services.matching.resources import MatchingRuntimeDep
from shared import mongo
from shared.contracts.links import PROPOSALS
from shared.contracts.values import Category, Value
from shared.dates import name_day, name_moment
from shared.errors import Invalid, Problem
from shared.messaging.decision import Answer, Command
from shared.money import format_yuan, parse_amount, parse_quantity
from shared.revocations import LinkRevocation
from shared.runtime import Runtime
from shared.towns import load_towns
from shared.web.access import Router, respond
from shared.web.admission import takes_bytes
from shared.web.links import answer_refused, is_browser
from shared.web.pages import name_code, name_town

router = Router(route_class=GiverRoute)

ROWS_SHOWN = 100
FORM_BYTES_MAX = 16 * 1024
MONTHS = {"3": 91, "6": 182, "12": 365}
"""For how long, by what is chosen, in days."""
T = TypeVar("T", bound=str)
Fields = Mapping[str, Sequence[str]]


@router.get(PROPOSALS.route("consent"), response_class=HTMLResponse)
@router.get(GIVER_PATH + "/consent", response_class=HTMLResponse)
async def show_consent(giver: GiverDep, runtime: MatchingRuntimeDep) -> Response:
    return await _show(giver, runtime)


@router.post(PROPOSALS.route("consent"), response_class=HTMLResponse)
@router.post(GIVER_PATH + "/consent", response_class=HTMLResponse)
@takes_bytes(FORM_BYTES_MAX)
async def give_consent(giver: GiverDep, request: Request, runtime: MatchingRuntimeDep) -> Response:
    """Fields category, town (several), request_yuan, month_yuan, month_cases, months,
    understood."""
    fields = await read_fields(request)
    try:
        terms = _parse_terms(fields, await runtime.processor.now())
    except Invalid as invalid:
        if not is_browser(request):
            raise
        return await _show(giver, runtime, fields, invalid.problems)
    answer = await _execute(runtime, giver, GiveConsent(donor_id=giver.donor_id, terms=terms))
    if answer.status >= 400 and is_browser(request):
        problems = [Problem(**row) for row in answer.body["problems"]]
        return await _show(giver, runtime, fields, problems)
    return _respond_to_form(request, giver, answer)


@router.post(PROPOSALS.route("consent", "end"), response_class=HTMLResponse)
@router.post(GIVER_PATH + "/consent/end", response_class=HTMLResponse)
async def end_own_consent(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    answer = await _execute(runtime, giver, EndConsent(donor_id=giver.donor_id))
    return _respond_to_form(request, giver, answer)


async def _execute(runtime: Runtime, giver: Giver, data: Value) -> Answer:
    """Each press is a decision anew: what was given, ended and given again is given."""
    return await runtime.processor.execute(Command(data, principal=giver.principal))


def _respond_to_form(request: Request, giver: Giver, answer: Answer) -> Response:
    if answer.status >= 400:
        return answer_refused(request, answer)
    if is_browser(request):
        return RedirectResponse(giver.path("consent"), status_code=303)
    return respond(answer)


# --- reading ------------------------------------------------------------------------------------


def _parse_terms(fields: Fields, now: datetime) -> ConsentTerms:
    """Raises Invalid."""
    if not _get_first(fields, "understood"):
        raise CONSENT_UNCONFIRMED.invalid("understood")
    days = MONTHS.get(_get_first(fields, "months"))
    if days is None:
        raise TERM_UNKNOWN.invalid("months")
    codes = {name: code for code, name in load_towns().items()}
    return ConsentTerms(
        categories=_choose(fields, "category", tuple(Category)),
        town_codes=tuple(codes[name] for name in _choose(fields, "town", tuple(codes))),
        request_fen=_parse_yuan(fields, "request_yuan"),
        month_fen=_parse_yuan(fields, "month_yuan"),
        month_cases=_parse_cases(fields),
        valid_until=now + timedelta(days=days),
    )


def _get_first(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "").strip()


def _choose(fields: Fields, name: str, options: tuple[T, ...]) -> tuple[T, ...]:
    """Raises Invalid."""
    chosen = {text for text in fields.get(name, ()) if text}
    if not chosen <= set(options):
        raise TERM_UNKNOWN.invalid(name)
    return tuple(option for option in options if option in chosen)


def _parse_yuan(fields: Fields, name: str) -> int:
    """Empty means none. Raises Invalid."""
    text = _get_first(fields, name)
    return parse_amount(text, name) if text and text != "0" else 0


def _parse_cases(fields: Fields) -> int:
    text = _get_first(fields, "month_cases")
    cases = parse_quantity(text, "month_cases") if text and text != "0" else 0
    return min(cases, 10_000)


# --- rendering ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """consent: the one that was given last, standing or not. matches: what it accepted lately."""

    consent: StandingConsent | None
    matches: Sequence[Match]
    now: datetime
    help_phone: str


async def _show(
    giver: Giver,
    runtime: MatchingRuntimeDep,
    typed: Fields | None = None,
    problems: Sequence[Problem] = (),
) -> Response:
    facts = ConsentFacts(
        consent=await _load_consent(runtime, giver.donor_id),
        matches=await store.find_consented(runtime.database, giver.donor_id, ROWS_SHOWN),
        now=await runtime.processor.now(),
        help_phone=runtime.settings.help_phone,
    )
    return render_consent(facts, giver, typed or {}, problems)


async def _load_consent(runtime: MatchingRuntimeDep, donor_id: str) -> StandingConsent | None:
    """Ended where the links were revoked that he gave it by."""
    consent_id = build_consent_id("donor", donor_id)
    consent = await mongo.load(runtime.database, StandingConsent, consent_id)
    revocation = await mongo.load(runtime.database, LinkRevocation, donor_id)
    return consent.end_with_links(revocation) if consent else None


def render_consent(
    facts: ConsentFacts,
    giver: Giver,
    typed: Fields | None = None,
    problems: Sequence[Problem] = (),
) -> HTMLResponse:
    now, consent = facts.now, facts.consent
    standing = consent if consent and consent.is_on(now) else None
    typed = typed or {}
    return giver.render(
        "consent.html",
        status=422 if problems else 200,
        terms=describe_terms(standing.terms) if standing else [],
        month=_describe_month(standing, now) if standing else [],
        since=standing.given_at if standing else None,
        over=_describe_end(consent, now) if consent and not standing else None,
        rows=[_make_row(match) for match in facts.matches],
        categories=tuple(Category),
        towns=list(load_towns().values()),
        chosen={*typed.get("category", ()), *typed.get("town", ())},
        typed={name: values[0] for name, values in typed.items() if values},
        problems=problems,
        help_phone=facts.help_phone,
    )


Line = tuple[str, str, tuple[str, str]]
"""What, in English, and how: in Chinese and English."""


def describe_terms(terms: ConsentTerms) -> list[Line]:
    """In plain words."""
    names = [name_code(code) for code in terms.categories] or [("不限", "any")]
    zh, en = zip(*names, strict=True)
    towns = [name_town(code) for code in terms.town_codes]
    towns_zh, towns_en = zip(*towns or [("全市", "whole city")], strict=True)
    until = terms.valid_until
    rows: list[Line] = [
        ("哪方面", "What for", ("、".join(zh), ", ".join(en))),
        ("哪些镇街", "Where", ("、".join(towns_zh), ", ".join(towns_en))),
    ]
    if terms.request_fen and terms.month_fen:
        rows += [
            ("资金，每项至多", "Money, for one", _name_sum(terms.request_fen)),
            ("资金，每月至多", "Money, a month", _name_sum(terms.month_fen)),
        ]
    if terms.month_cases:
        cases = f"{terms.month_cases} 项", f"{terms.month_cases} requests"
        rows.append(("物资和服务，每月至多", "Goods and time, a month", cases))
    return [*rows, ("到哪一天为止", "Until", name_day(until))]


def _describe_month(consent: StandingConsent, now: datetime) -> list[Line]:
    """What this month's limits have left."""
    counted, terms = consent.turn_to(now), consent.terms
    rows: list[Line] = []
    if terms.request_fen and terms.month_fen:
        agreed, rest = _name_sum(counted.month_fen), terms.month_fen - counted.month_fen
        left = _name_sum(max(0, rest))
        money = f"{agreed[0]}，还可同意 {left[0]}", f"{agreed[1]}, {left[1]} left"
        rows.append(("资金", "Money", money))
    if terms.month_cases:
        cases, free = counted.month_cases, max(0, terms.month_cases - counted.month_cases)
        goods = f"{cases} 项，还可同意 {free} 项", f"{cases} requests, {free} left"
        rows.append(("物资和服务", "Goods and time", goods))
    return rows


def _name_sum(fen: int) -> tuple[str, str]:
    return f"{format_yuan(fen)} 元", f"CNY {format_yuan(fen)}"


def _describe_end(consent: StandingConsent, now: datetime) -> tuple[str, str]:
    at = min(consent.ended_at or now, consent.terms.valid_until)
    zh, en = name_moment(at)
    return f"上一次的常设同意已于 {zh} 停止。", f"The last one ended: {en}."


def _make_row(match: Match) -> dict[str, object]:
    return {
        "match": match,
        "state": name_state(match.state),
        "on": match.proposed_at,
    }
