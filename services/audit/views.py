"""What people read: funds, and each foundation's sums with the size and root they belong to."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from fastapi.responses import Response

from services.audit.accounts import Account, build_account_secrets
from services.audit.batch_file import (
    MEDIA_TYPES,
    Format,
    list_batch_rows,
    name_batch_file,
    write_batch,
)
from services.audit.ledger.balances import TOTALS
from services.audit.messages import BATCH_FILE_NOT_YOURS, ORDER_UNKNOWN
from services.audit.model import (
    Fund,
    LogHead,
    Mandate,
    Payable,
    Payee,
    PaymentOrder,
    Reversal,
    TakeBatchFile,
    Transfer,
)
from services.audit.public import PublicLogs
from services.audit.resources import AuditRuntime
from services.audit.store import (
    LOOKS,
    read_funds,
    read_heads,
    read_proposals,
    read_second_payments,
    read_unsettled,
)
from services.audit.tlog.checkpoint import Checkpoint, format_root
from shared import mongo
from shared.messaging.decision import Command
from shared.security import Credential
from shared.web.access import Denied

P = TypeVar("P", Transfer, Reversal)

READS_MAX = 20
LOOK_PURPOSES: Mapping[str, str] = {
    "read_payment_order": "查看付款单",
    "read_batch_file": "导出银行批量代发文件",
    "read_designation": "查看捐赠用途",
    "read_voucher_file": "查看凭证扫描件",
}
SETTLE_PAYMENT = {
    "zh": "款项已拨付而求助未落实：由财务两人冲正该笔拨付，或两人批准再次拨付；此前不再付款",
    "en": "paid, and the help did not arrive: two people reverse it, or approve a second payment",
}


async def load_funds(database: mongo.Database) -> dict[str, object]:
    return {"funds": [fund.to_json() for fund in await read_funds(database)]}


async def find_fund(database: mongo.Database, id_: str) -> dict[str, object] | None:
    fund = await mongo.load(database, Fund, id_)
    return fund.to_json() if fund else None


async def list_proposals(
    database: mongo.Database, kind: type[P], limit: int
) -> list[dict[str, object]]:
    return [proposal.to_json() for proposal in await read_proposals(database, kind, limit)]


async def list_unsettled(database: mongo.Database, limit: int) -> list[dict[str, object]]:
    """Requests that were paid for nothing, each with what to do and what was proposed."""
    unsettled = await read_unsettled(database, limit)
    proposals = await read_second_payments(database, (each.id for each in unsettled))
    return [
        {
            "request_id": each.id,
            "paid": [{"match_id": id_, "amount_fen": each.paid[id_]} for id_ in each.fallen],
            "refused": list(each.refused),
            "second_payment": proposals[each.id].to_json() if each.id in proposals else None,
            "to_do": SETTLE_PAYMENT,
        }
        for each in unsettled
    ]


async def load_payables(database: mongo.Database, limit: int) -> list[dict[str, object]]:
    """What may be ordered, is held because its match fell, or is asked about because the bank may
    have paid it; the longest due first."""
    query = {"owed_fen": {"$gt": 0}, "order_id": ""}
    payables = await mongo.find(
        database, Payable, query, sort=[("due_at_day", 1), ("_id", 1)], limit=limit
    )
    fields = {"id", "fund_id", "request_id", "owed_fen", "held", "log", "entry", "due_at_day"}
    return [
        {
            **each.model_dump(mode="json", include=fields),
            "has_payee": bool(each.payee_id),
            "is_asked": bool(each.question_ids),
        }
        for each in payables
    ]


async def take_batch_file(runtime: AuditRuntime, caller: Credential, order_id: str) -> None:
    """Stores the caller as its holder. Raises Denied where it was not exported, or somebody else
    has it."""
    command = Command(TakeBatchFile(order_id=order_id), principal=caller.principal)
    answer = await runtime.processor.execute(command)
    if answer.status >= 400:
        raise Denied(answer)


async def send_batch_file(
    runtime: AuditRuntime, caller: Credential, order_id: str, format_: Format
) -> Response:
    """Without what fell since, or is asked about. Raises Denied where the caller has not taken
    it."""
    order = await mongo.load(runtime.database, PaymentOrder, order_id)
    if order is None:
        raise Denied(ORDER_UNKNOWN.refusal(404))
    if order.taken_by != caller.principal:
        raise Denied(BATCH_FILE_NOT_YOURS.refusal(409))
    accounts = await open_payee_accounts(runtime, caller, order, "read_batch_file")
    ids = [line.match_id for line in order.lines]
    payables = await mongo.find(runtime.database, Payable, {"_id": {"$in": ids}})
    stopped_matches = {payable.id for payable in payables if payable.is_stopped}
    rows = list(list_batch_rows(order, accounts, stopped_matches))
    content = await asyncio.to_thread(write_batch, rows, format_)
    headers = {
        "Content-Disposition": f'attachment; filename="{name_batch_file(order, format_)}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=MEDIA_TYPES[format_], headers=headers)


async def open_payee_accounts(
    runtime: AuditRuntime, caller: Credential, order: PaymentOrder, purpose: str
) -> dict[str, Account]:
    """By payee; the look is stored first. Nothing else opens an account."""
    ids = sorted({line.payee_id for line in order.lines})
    payees = await mongo.find(runtime.database, Payee, {"_id": {"$in": ids}})
    await LOOKS.add(runtime.database, caller, purpose, ids, await runtime.processor.now())
    secrets = build_account_secrets(runtime.keyring)
    return {payee.id: secrets.open(payee) for payee in payees}


async def list_looks(
    database: mongo.Database, about: str | None, after: str, limit: int
) -> dict[str, object]:
    looks = await LOOKS.list_page(database, about, after, limit)
    return {
        "looks": [
            {
                "at": look.at,
                "who": look.who,
                "roles": sorted(look.roles),
                "purpose": look.purpose,
                "purpose_zh": LOOK_PURPOSES[look.purpose],
                "about": look.about,
            }
            for look in looks
        ],
        "next": looks[-1].id if len(looks) == limit else None,
    }


async def load_mandates(
    database: mongo.Database, source: str | None, limit: int
) -> list[dict[str, object]]:
    """source: of those alone that this partner may use; None: all."""
    query = {} if source is None else {"source": source}
    return [each.to_json() for each in await read_proposals(database, Mandate, limit, query)]


async def read_at_rest(database: mongo.Database) -> tuple[list[LogHead], list[Fund]]:
    """The heads and the funds of one moment: read again where a log grew in between."""
    heads = await read_heads(database)
    for _ in range(READS_MAX):
        funds = await read_funds(database)
        after = await read_heads(database)
        if after == heads:
            break
        heads = after
    return heads, funds


def sum_funds(head: LogHead, funds: list[Fund]) -> dict[str, object]:
    """Sums over all open funds of a foundation, of the ledger year that runs. committed_fen counts
    everything reserved in it; remaining_fen is what can still be promised."""
    own = [fund for fund in funds if fund.foundation == head.id]
    totals = [fund.totals for fund in own if fund.is_open]
    return {
        **{name: sum(each[name] for each in totals) for name in TOTALS},
        "size": head.size,
        "root": format_root(head.tree.compute_root()),
        "log": head.origin,
        "closed": [{"log": each.origin, "size": each.size} for each in head.closed],
        "funds": [fund.to_json() for fund in own],
    }


def describe_published(checkpoint: Checkpoint, logs: PublicLogs) -> dict[str, object]:
    """What anybody can see of the log, and how to check it. Blocking."""
    vkeys = logs.list_vkeys(checkpoint.origin)
    return {
        "vkey": vkeys[0] if vkeys else "",
        "vkeys": vkeys,
        "log_dir": str(logs.path_of(checkpoint.origin)),
        "log_path": f"/log/{logs.name_of(checkpoint.origin)}",
        "published": {"size": checkpoint.size, "root": format_root(checkpoint.root)},
        "publishing_stopped": logs.stopped.get(checkpoint.origin, ""),
    }


def build_summary(
    foundations: Mapping[str, dict[str, object]], names: Mapping[str, str], default: str
) -> dict[str, object]:
    """Our own foundation, and every one by its id."""
    named = {id_: {"name": names.get(id_, id_), **sums} for id_, sums in foundations.items()}
    return {**foundations[default], "foundations": named}
