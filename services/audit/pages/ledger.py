"""善款去向: what the public log says, for everybody. No credential, no script needed to read it.

One page checks an entry in the visitor's own browser, so that we need not be believed.
"""

import asyncio
import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import Annotated, TypeVar, cast
from urllib.parse import urlencode

import orjson
from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.audit import messages
from services.audit.entry_search import (
    EntryFilter,
    EntryRow,
    FoundEntries,
    describe_entry,
    find_entries,
    find_place,
)
from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.kinds import KINDS
from services.audit.overview import Overview, add_months, add_totals, add_uses
from services.audit.pages import charts, tables
from services.audit.pages.saved import SCRIPT, collect_proof_files, inline_assets
from services.audit.public import PublicLogs
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.settings import AuditSettings
from services.audit.tlog.reader import read_entry
from shared.contracts.ledger_fields import INTEGER_MAX
from shared.contracts.values import Category
from shared.documents import Document
from shared.towns import index_codes_by_name, load_towns, town_name
from shared.web.access import Denied, Router, check_rate_limit
from shared.web.callers import find_address
from shared.web.links import LinkRoute
from shared.web.pages import HEADERS, SCRIPT_HEADERS, Pages

router = Router(route_class=LinkRoute, include_in_schema=False)

PAGES = Pages("services.audit")
CHARTED_MONTHS_MAX = 24
R = TypeVar("R")
"""Renders a template with its values."""

LogName = Annotated[str, Path(pattern=r"^[\w][\w.-]{0,100}$")]
Index = Annotated[int, Path(ge=0, le=INTEGER_MAX)]
Id = Annotated[str, Query(max_length=256)]
Code = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class ShownLog:
    """A log as pages name it. title: Chinese and English. size: entries that the figures are made
    of; published: all."""

    name: str
    title: tuple[str, str]
    size: int = 0
    published: int = 0


# --- routes ---------------------------------------------------------------------------------------


@router.get("/ledger")
async def show_ledger(request: Request, runtime: AuditRuntimeDep) -> Response:
    """Of our own foundation, the year that runs."""
    names = await asyncio.to_thread(runtime.resources.list_names)
    own = [name for name in names if "-" not in name] or names
    if not own:
        return PAGES.render_for(request, "ledger_empty.html")
    return await show_log(own[0], request, runtime)


@router.get("/ledger/verify")
async def show_how_to_verify(request: Request, runtime: AuditRuntimeDep) -> Response:
    await _count(request)
    logs, settings = runtime.resources, runtime.settings

    def read() -> list[tuple[ShownLog, list[str]]]:
        names = logs.list_names()
        pairs = [(name, ShownLog(name, name_log(settings, name))) for name in names]
        return [(log, logs.list_vkeys(logs.find_origin(name) or "")) for name, log in pairs]

    listed = await asyncio.to_thread(read)
    return render_how_to_verify(request, listed, settings.find_public_url("audit"))


@router.get("/ledger/{log}")
async def show_log(log: LogName, request: Request, runtime: AuditRuntimeDep) -> Response:
    names = await asyncio.to_thread(runtime.resources.list_names)
    others = [ShownLog(name, name_log(runtime.settings, name)) for name in names if name != log]
    return await _read(request, runtime, log, partial(render_ledger, request, others=others))


@router.get("/ledger/{log}/fund")
async def show_fund_flow(
    log: LogName,
    id: Id,  # noqa: A002
    request: Request,
    runtime: AuditRuntimeDep,
) -> Response:
    def render(which: ShownLog, figures: Overview) -> Response:
        if id not in figures.funds:
            raise Denied(messages.FUND_UNKNOWN.refusal(404, id=id))
        return render_fund(request, which, figures, id)

    return await _read(request, runtime, log, render)


@router.get("/ledger/{log}/tables/{table}.{form}")
async def download_table(
    log: LogName,
    table: tables.TableName,
    form: tables.Format,
    request: Request,
    runtime: AuditRuntimeDep,
    fund: Id = "",
) -> Response:
    def build(_: ShownLog, figures: Overview) -> Response:
        content = tables.render_table(tables.build_table(figures, table, fund), form)
        name = f'attachment; filename="guanjia-{log}-{table}.{form}"'
        headers = HEADERS | {"Content-Disposition": name}
        return Response(content, media_type=tables.MEDIA_TYPES[form], headers=headers)

    return await _read(request, runtime, log, build)


@router.get("/ledger/{log}/entries")
async def search_entries(
    log: LogName,
    request: Request,
    runtime: AuditRuntimeDep,
    fund: Id = "",
    kind: Code = "",
    category: Code = "",
    town: Code = "",
    before: Annotated[str, Query(max_length=20)] = "",
    number: Id = "",
) -> Response:
    number = number.strip()
    place = await _find_place(runtime, log, number) if number else None
    if place:
        return RedirectResponse(f"/ledger/{place[0]}/entries/{place[1]}", status_code=303)
    criteria = EntryFilter(fund, kind, category, index_codes_by_name().get(town, town))

    def render(which: ShownLog, figures: Overview) -> Response:
        start = int(before) if before.isascii() and before.isdigit() else None
        source = runtime.resources.open_log_source(log)
        hits = find_entries(source, figures, criteria, start)
        return render_entries(request, which, figures, criteria, hits, number)

    return await _read(request, runtime, log, render)


@router.get("/ledger/{log}/entries/{index}")
async def show_entry(
    log: LogName, index: Index, request: Request, runtime: AuditRuntimeDep
) -> Response:
    def render(which: ShownLog, figures: Overview) -> Response:
        logs = runtime.resources
        raw = _read_leaf(logs, which, index)
        vkeys = logs.list_vkeys(parse_entry(raw)["log"])
        return render_entry(request, which, figures, raw, vkeys)

    return await _read(request, runtime, log, render)


@router.get("/ledger/{log}/entries/{index}/offline")
async def download_offline_page(
    log: LogName, index: Index, request: Request, runtime: AuditRuntimeDep
) -> Response:
    """The page of an entry with all that its proof needs, for when there is no connection."""

    def render(which: ShownLog, figures: Overview) -> Response:
        logs = runtime.resources
        raw = _read_leaf(logs, which, index)
        files = collect_proof_files(logs.open_log_source(log), index)
        vkeys = logs.list_vkeys(parse_entry(raw)["log"])
        page = render_entry(request, which, figures, raw, vkeys, files)
        name = f'attachment; filename="guanjia-{log}-{index}.html"'
        page.headers["Content-Disposition"] = name
        return page

    return await _read(request, runtime, log, render)


async def _read(
    request: Request,
    runtime: AuditRuntime,
    log: str,
    build: Callable[[ShownLog, Overview], R],
) -> R:
    """What is built of a log's figures, in a thread. Raises Denied, TooManyError."""
    await _count(request)

    def read() -> R:
        logs = runtime.resources
        with logs.open_overview(log) as figures:
            checkpoint = logs.read_checkpoint(log)
            if figures is None or checkpoint is None:
                raise Denied(messages.LOG_UNKNOWN.refusal(404))
            title = name_log(runtime.settings, log)
            return build(ShownLog(log, title, figures.size, checkpoint.size), figures)

    return await asyncio.to_thread(read)


async def _count(request: Request) -> None:
    """One more look of this address. Raises TooManyError."""
    address = find_address(request)
    await check_rate_limit(request, f"reader:{address}")


async def _find_place(runtime: AuditRuntime, log: str, number: str) -> tuple[str, int] | None:
    """By an entry's number, or the id of a gift or a match."""
    if number.isascii() and number.isdigit() and len(number) <= len(str(INTEGER_MAX)):
        checkpoint = await asyncio.to_thread(runtime.resources.read_checkpoint, log)
        return (log, int(number)) if checkpoint and int(number) < checkpoint.size else None
    place = await find_place(runtime.database, number)
    return (runtime.resources.name_of(place[0]), place[1]) if place else None


def _read_leaf(logs: PublicLogs, log: ShownLog, index: int) -> bytes:
    if index >= log.published:
        raise Denied(messages.ENTRY_UNKNOWN.refusal(404))
    return read_entry(logs.open_log_source(log.name), log.published, index)


def name_log(settings: AuditSettings, name: str) -> tuple[str, str]:
    """莞家慈善基金会 2026年, Guanjia foundation 2026."""
    foundation, _, year = name.rpartition("-")
    title = settings.foundations.get(foundation or settings.default_foundation, foundation)
    zh, en = split_name(title)
    return f"{zh} {year}年", f"{en} {year}"


def split_name(name: str) -> tuple[str, str]:
    """莞家慈善基金会 Guanjia foundation: the Chinese and the English; one alone stands for both."""
    words = name.split()
    latin = len(list(takewhile(str.isascii, reversed(words))))
    if not 0 < latin < len(words):
        return name, name
    return " ".join(words[:-latin]), " ".join(words[-latin:])


# --- rendering ------------------------------------------------------------------------------------


def render_ledger(
    request: Request, log: ShownLog, figures: Overview, others: Iterable[ShownLog]
) -> HTMLResponse:
    flows = sorted(figures.funds.values(), key=lambda flow: (-flow.total.income, flow.id))
    total = add_totals(flows)
    return PAGES.render_for(
        request,
        "ledger.html",
        log=log,
        others=list(others),
        total=total,
        whole=charts.draw_whole(total),
        funds=[(flow, charts.draw_whole(flow.total)) for flow in flows],
        months=charts.draw_months(_list_latest(add_months(flows))),
        categories=charts.draw_categories(add_uses(flows, "categories")),
        towns=charts.draw_towns(add_uses(flows, "towns")),
        spots=charts.place_towns(add_uses(flows, "towns"), lambda town: _find_town(log, town)),
        query=urlencode,
    )


def render_fund(request: Request, log: ShownLog, figures: Overview, id_: str) -> HTMLResponse:
    flow = figures.funds[id_]
    return PAGES.render_for(
        request,
        "ledger_fund.html",
        log=log,
        flow=flow,
        total=flow.total,
        whole=charts.draw_whole(flow.total),
        months=charts.draw_months(_list_latest(add_months([flow]))),
        categories=charts.draw_categories(flow.categories),
        towns=charts.draw_towns(flow.towns),
        spots=charts.place_towns(flow.towns, lambda town: _find_town(log, town, id_)),
        query=urlencode,
    )


def _find_town(log: ShownLog, town: str, fund: str = "") -> str:
    """Where its entries are."""
    criteria = {"fund": fund, "town": town}
    return f"/ledger/{log.name}/entries?{urlencode({k: v for k, v in criteria.items() if v})}"


def _list_latest(months: Document) -> Document:
    return dict(list(months.items())[-CHARTED_MONTHS_MAX:])


def render_entries(
    request: Request,
    log: ShownLog,
    figures: Overview,
    criteria: EntryFilter,
    hits: FoundEntries,
    missing: str = "",
) -> HTMLResponse:
    """missing: a number that was looked for and is none."""
    chosen = {name: getattr(criteria, name) for name in criteria.__slots__}
    chosen["town"] = town_name(criteria.town)
    further = urlencode({**{k: v for k, v in chosen.items() if v}, "before": hits.before})
    return PAGES.render_for(
        request,
        "ledger_entries.html",
        log=log,
        rows=[_describe_row(row, figures) for row in hits.rows],
        criteria=chosen,
        missing=missing,
        further=further if hits.before else "",
        choices={
            "fund": [(flow.id, flow.name, flow.name) for flow in figures.funds.values()],
            "kind": [(kind.name, kind.zh, kind.name.replace("_", " ")) for kind in KINDS.values()],
            "category": [(code.value, *charts.name_category(code)) for code in Category],
            "town": [(name, name, town_name(code, "en")) for code, name in load_towns().items()],
        },
    )


def _describe_row(row: EntryRow, figures: Overview) -> dict[str, object]:
    """In words; a purpose only where it says one."""
    names = [figures.funds[id_].name if id_ in figures.funds else id_ for id_ in row.funds]
    return {
        "index": row.index,
        "day": row.day,
        "kind_zh": row.kind_zh,
        "kind_en": row.kind.replace("_", " "),
        "funds": names,
        "amount": row.amount,
        "category": charts.name_category(row.aim.category) if row.aim.category else None,
        "town": charts.name_town(row.aim.town) if row.aim.town else None,
    }


def render_entry(
    request: Request,
    log: ShownLog,
    figures: Overview,
    raw: bytes,
    vkeys: list[str],
    files: Mapping[str, bytes] | None = None,
) -> HTMLResponse:
    """files: what a page that is saved brings along; None where they are fetched."""
    entry = parse_entry(raw)
    fields = cast(Mapping[str, object], entry)
    encoded = {path: base64.b64encode(data).decode() for path, data in (files or {}).items()}
    page = PAGES.render_for(
        request,
        "ledger_entry.html" if files is None else "ledger_offline.html",
        log=log,
        row=_describe_row(describe_entry(entry, figures), figures),
        entry=fields,
        recorded_at=datetime.fromisoformat(entry["recorded_at"]),
        settles=fields.get("commitment"),
        reverses=fields.get("reverses"),
        raw=raw.decode(),
        vkeys=vkeys,
        files=orjson.dumps(encoded).decode() if files is not None else "",
        inline=inline_assets() if files is not None else None,
        script_url=SCRIPT.url,
    )
    if files is None:
        page.headers.update(SCRIPT_HEADERS)
    return page


def render_how_to_verify(
    request: Request, logs: Iterable[tuple[ShownLog, list[str]]], address: str
) -> HTMLResponse:
    return PAGES.render_for(request, "ledger_verify.html", logs=list(logs), address=address)
