"""HTTP for who keeps the books: what the statements list, what givers wrote beside their gifts, and
pledge, bank and ledger compared."""

import asyncio
from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from services.audit import messages
from services.audit.preparing import build_bank_secrets
from services.audit.statements import listed, views
from services.audit.statements.likeness import Trait
from services.audit.store import LOOKS
from shared.answers import Answer
from shared.contracts.events import StatementRow
from shared.contracts.events.inbound import OwnAccount
from shared.contracts.values import Identifier, Moment, PositiveFen, Value
from shared.runtime import Runtime
from shared.security import Credential, Role, read_register
from shared.web.access import Denied, Router, RuntimeDep, allow

router = Router()

IDS_MAX = 1000
PAGE_MAX = 1000

BookReader = Annotated[
    Credential,
    Depends(
        allow(
            *(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.AUDITOR, Role.OPERATOR),
            whole_city=True,
        )
    ),
]
DesignationReader = Annotated[
    Credential,
    Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.AUDITOR, whole_city=True)),
]
MessageId = Annotated[str, Field(min_length=1, max_length=200)]


class GiftQuery(Value):
    """ids: of messages that the source published."""

    source: Annotated[str, Field(min_length=1, max_length=200)]
    ids: Annotated[tuple[MessageId, ...], Field(max_length=IDS_MAX)]


class AlikeRow(Value):
    """A row as it would be entered. id: of its message."""

    id: MessageId
    donor_id: Identifier
    fund_id: Identifier
    amount_fen: PositiveFen
    received_at: Moment
    bank_reference: Annotated[str, Field(max_length=200)] = ""
    statement: StatementRow | None = None
    own_account: OwnAccount = ""


class AlikeQuery(Value):
    source: Annotated[str, Field(min_length=1, max_length=200)]
    rows: Annotated[tuple[AlikeRow, ...], Field(max_length=IDS_MAX)]


@router.get("/statements")
async def list_statements(_caller: BookReader, runtime: RuntimeDep) -> dict[str, object]:
    """Per statement: rows, gifts, their total on the ledger, and how many others list too."""
    return await views.load_statements(runtime.database)


@router.get("/statements/overlaps")
async def list_overlaps(
    _caller: BookReader,
    runtime: RuntimeDep,
    statement: Annotated[list[str] | None, Query(max_length=100)] = None,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
) -> dict[str, object]:
    """Gifts that several rows list; of the statements named, or of all."""
    return await views.load_overlaps(runtime.database, statement or [], after, limit)


@router.post("/statements/find")
async def find_gifts(
    query: GiftQuery, _caller: BookReader, runtime: RuntimeDep
) -> dict[str, object]:
    """What became of the gifts that a source sent; for those who sent them.

    A source that is no bank's is refused with those that are: nothing it sends would be heard."""
    await _require_bank_source(runtime, query.source)
    return await views.load_outcomes(runtime.database, query.source, query.ids)


@router.post("/statements/lines/find")
async def find_bank_lines(
    query: GiftQuery, _caller: BookReader, runtime: RuntimeDep
) -> dict[str, object]:
    """What became of the rows about payments that a source sent: entered, known from another
    message, asked; null where nothing is known of one."""
    await _require_bank_source(runtime, query.source)
    return await views.load_line_outcomes(runtime.database, query.source, query.ids)


@router.post("/statements/alike")
async def find_alike(
    query: AlikeQuery, _caller: BookReader, runtime: RuntimeDep
) -> dict[str, object]:
    """Gifts that rows of a source may be the same as; for whoever enters the rows to be asked."""
    await _require_bank_source(runtime, query.source)
    secrets = build_bank_secrets(runtime.keyring)
    traits = [_make_trait(row, secrets.hide_reference(row.bank_reference)) for row in query.rows]
    return await views.load_alike(runtime.database, query.source, traits)


def _make_trait(row: AlikeRow, reference: str) -> Trait:
    place = (row.statement.statement, row.statement.row) if row.statement else None
    gift = (row.donor_id, row.fund_id, row.amount_fen, row.received_at, reference)
    return Trait(row.id, *gift, place, row.own_account)


@router.get("/reconciliation")
async def show_reconciliation(
    _caller: BookReader,
    runtime: RuntimeDep,
    limit: Annotated[int, Query(ge=0, le=10_000)] = 100,
) -> dict[str, object]:
    """Totals by fund, what does not match by kind and age, and the oldest of it. Ids only."""
    now = await runtime.processor.now()
    return (await views.reconcile(runtime.database, now, limit)).to_json()


async def _require_bank_source(runtime: Runtime, source: str) -> None:
    """Raises Denied, with the sources that are a bank's."""
    sources = await asyncio.to_thread(_list_bank_sources, runtime)
    if source not in sources:
        raise Denied(_refuse_source(source, sources))


def _list_bank_sources(runtime: Runtime) -> list[str]:
    """Those revoked too: what they sent is still found."""
    register = read_register(runtime.settings.secrets_dir / "credentials.json")
    return sorted(each.source for each in register if each.source and Role.BANK in each.roles)


def _refuse_source(source: str, sources: list[str]) -> Answer:
    return messages.SOURCE_UNKNOWN.refusal(
        404,
        "source",
        source=source,
        known_zh="、".join(sources) or "无",
        known_en=", ".join(sources) or "none",
    )


@router.get("/designations")
async def list_designations(
    caller: DesignationReader,
    runtime: RuntimeDep,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, object]:
    """Gifts with a purpose, by id: the text, which may be personal, and how it was understood.
    The look is stored."""
    secrets = build_bank_secrets(runtime.keyring)
    gifts = await listed.list_designated(runtime.database, after, limit)
    now = await runtime.processor.now()
    await LOOKS.add(runtime.database, caller, "read_designation", (gift.id for gift in gifts), now)
    return views.list_designated_gifts(gifts, secrets.open_designation, limit)
