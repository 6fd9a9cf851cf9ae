"""A donor's overview: his offers, what is under way, what arrived, the year, a certificate.

Behind the link to his proposals. It names nobody, him neither: whoever holds the link reads it.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import Query
from fastapi.responses import HTMLResponse, Response

from services.matching import store
from services.matching.giving import (
    UNDER_WAY,
    GivingYear,
    build_year,
    compute_bounds,
    find_year,
    list_years,
    write_workbook,
)
from services.matching.model.labels import name_state
from services.matching.model.match import Match
from services.matching.model.offer import Offer
from services.matching.pages.givers import GIVER_PATH, Giver, GiverDep, GiverRoute
from services.matching.proposals import keep_standing
from services.matching.resources import MatchingRuntimeDep
from shared import mongo
from shared.contracts.links import PROPOSALS
from shared.contracts.values import CHINA
from shared.errors import Transient
from shared.giving_client import Giving
from shared.web.access import Router
from shared.web.downloads import attach_workbook
from shared.web.pages import HEADERS

log = structlog.get_logger()

router = Router(route_class=GiverRoute)

NO_GIFTS = Giving()

GIVEN_MAX = 2000
"""Of a year; where there are more, the page, the sheet and the certificate say so."""
PROMISED_MAX = 500
OFFERS_MAX = 100
ROWS_SHOWN = 200
PDF = "application/pdf"
Year = Annotated[int, Query(ge=2000, le=2999)]


@router.get(PROPOSALS.route("giving"), response_class=HTMLResponse)
@router.get(GIVER_PATH + "/giving", response_class=HTMLResponse)
async def show_giving(
    giver: GiverDep, runtime: MatchingRuntimeDep, year: Year | None = None
) -> Response:
    donor_id = giver.donor_id
    now = await runtime.processor.now()
    figures = await _load_year(runtime, donor_id, year or find_year(now))
    years = list_years(await store.list_giving_years(runtime.database, donor_id), now)
    offers = await mongo.find(
        runtime.database, Offer, {"donor_id": donor_id}, sort=[("_id", 1)], limit=OFFERS_MAX
    )
    standing = [o for o in offers if not runtime.keyring.is_partner_gone(o.source)]
    waiting = await store.count_proposals(runtime.database, donor_id, now)
    gifts = await _fetch_gifts(runtime, donor_id, figures)
    return render_giving(
        figures, years, standing, waiting, giver, runtime.settings.help_phone, gifts
    )


async def _fetch_gifts(
    runtime: MatchingRuntimeDep, donor_id: str, figures: GivingYear
) -> Giving | None:
    """None while audit does not answer: the rest of the page does not wait for it."""
    ids = [match.id for match in (*_list_shown(figures), *figures.promised[:ROWS_SHOWN])]
    try:
        return await runtime.resources.giving.fetch(donor_id, figures.year, ids)
    except Transient as error:
        log.warning("gifts_unknown", error=str(error))
        return None


@router.get(PROPOSALS.route("giving.xlsx"))
@router.get(GIVER_PATH + "/giving.xlsx")
async def download_giving(
    giver: GiverDep, runtime: MatchingRuntimeDep, year: Year | None = None
) -> Response:
    donor_id = giver.donor_id
    year = year or find_year(await runtime.processor.now())
    figures = await _load_year(runtime, donor_id, year)
    content = await asyncio.to_thread(write_workbook, figures)
    return attach_workbook(content, f"guanjia-giving-{figures.year}")


@router.get(PROPOSALS.route("giving.pdf"))
@router.get(GIVER_PATH + "/giving.pdf")
async def download_report(
    giver: GiverDep, runtime: MatchingRuntimeDep, year: Year | None = None
) -> Response:
    year = year or find_year(await runtime.processor.now())
    figures = await _load_year(runtime, giver.donor_id, year)
    gifts = await _fetch_gifts(runtime, giver.donor_id, figures)
    content = await asyncio.to_thread(_write_report, figures, gifts, runtime.settings.public_url)
    return _attach(content, PDF, f"guanjia-giving-{figures.year}.pdf")


@router.get(PROPOSALS.route("certificate.pdf"), response_model=None)
@router.get(GIVER_PATH + "/certificate.pdf", response_model=None)
async def download_certificate(
    giver: GiverDep, runtime: MatchingRuntimeDep, year: Year | None = None
) -> Response:
    """Where there is none, the page says why."""
    now = await runtime.processor.now()
    figures = await _load_year(runtime, giver.donor_id, year or find_year(now))
    if figures.is_cut or not figures.given:
        return render_certificate(figures, now, giver)
    content = await asyncio.to_thread(_write_certificate, figures, now)
    return _attach(content, PDF, f"guanjia-certificate-{figures.year}.pdf")


def _write_report(figures: GivingYear, gifts: Giving | None, base_url: str) -> bytes:
    """What draws PDF takes a fifth of a second to load, and few ask for one: no start waits."""
    from services.matching.giving_pdf import write_report

    return write_report(figures, gifts, base_url.rstrip("/"))


def _write_certificate(figures: GivingYear, now: datetime) -> bytes:
    from services.matching.giving_pdf import write_certificate

    return write_certificate(figures, now)


def _attach(content: bytes, media_type: str, name: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


@router.get(PROPOSALS.route("certificate"), response_class=HTMLResponse)
@router.get(GIVER_PATH + "/certificate", response_class=HTMLResponse)
async def show_certificate(
    giver: GiverDep, runtime: MatchingRuntimeDep, year: Year | None = None
) -> Response:
    now = await runtime.processor.now()
    figures = await _load_year(runtime, giver.donor_id, year or find_year(now))
    return render_certificate(figures, now, giver)


async def _load_year(runtime: MatchingRuntimeDep, donor_id: str, year: int) -> GivingYear:
    """What was confirmed in it and what is under way, the latest first where there is too much."""
    first, next_first = compute_bounds(year)
    own: dict[str, object] = {"donor_id": donor_id}
    within = {"state": "confirmed", "confirmed_at": {"$gte": first, "$lt": next_first}}
    gifts = await mongo.find(
        runtime.database,
        Match,
        own | within,
        sort=[("confirmed_at", -1), ("_id", 1)],
        limit=GIVEN_MAX + 1,
    )
    promised = await mongo.find(
        runtime.database,
        Match,
        own | {"state": {"$in": list(UNDER_WAY)}},
        sort=[("changed_at", -1), ("_id", 1)],
        limit=PROMISED_MAX,
    )
    standing = keep_standing(runtime, [*gifts[:GIVEN_MAX], *promised])
    return build_year(standing, year, is_cut=len(gifts) > GIVEN_MAX)


# --- rendering ----------------------------------------------------------------------------------


def render_giving(
    figures: GivingYear,
    years: list[int],
    offers: list[Offer],
    waiting: int,
    giver: Giver,
    help_phone: str,
    giving: Giving | None = NO_GIFTS,
) -> HTMLResponse:
    """giving: what audit says; None where it did not answer."""
    entries = giving.entries if giving else {}
    return giver.render(
        "giving.html",
        figures=figures,
        years=years,
        offers=[offer for offer in offers if offer.state != "withdrawn"],
        given=[_describe(match, entries) for match in _list_shown(figures)],
        promised=[_describe(match, entries) for match in figures.promised[:ROWS_SHOWN]],
        waiting=waiting,
        gifts=giving.gifts if giving else [],
        funds=giving.funds if giving else [],
        are_gifts_known=giving is not None,
        help_phone=help_phone,
    )


def render_certificate(figures: GivingYear, now: datetime, giver: Giver) -> HTMLResponse:
    return giver.render(
        "certificate.html",
        figures=figures,
        today=now,
    )


def _list_shown(figures: GivingYear) -> tuple[Match, ...]:
    """The latest first."""
    return figures.given[::-1][:ROWS_SHOWN]


def _describe(match: Match, entries: Mapping[str, str]) -> dict[str, object]:
    """entries: by match, where it stands on the public ledger."""
    return {
        "entry": entries.get(match.id, ""),
        "since": f"{match.proposed_at.astimezone(CHINA):%Y-%m}",
        "match": match,
        "state": name_state(match.state),
        "on": match.confirmed_at or match.changed_at,
    }
