"""HTTP: fees, refunds and a bank's interest and charges by two people, and the files that prove
what they entered."""

from typing import Annotated

from fastapi import Depends, File, Form, Path, Query, Response, UploadFile

from services.audit.api.access import Checker, Maker, Reader
from services.audit.messages import ENTRY_UNKNOWN
from services.audit.model.vouchers import (
    FILE_BYTES_MAX,
    ApproveBankEntry,
    ApproveFundFee,
    ApproveGiftRefund,
    BankEntry,
    DeclineBankEntry,
    DeclineFundFee,
    DeclineGiftRefund,
    FundFee,
    GiftRefund,
    ProposeBankEntry,
    ProposeFundFee,
    ProposeGiftRefund,
    VoucherFile,
)
from services.audit.resources import AuditRuntimeDep
from services.audit.store import LOOKS
from services.audit.vouchers.files import build_file_sealer, read_file
from shared import mongo
from shared.contracts.values import Identifier
from shared.errors import Invalid, refuse
from shared.security import Credential, Role
from shared.web.access import Denied, IdempotencyKey, Router, RuntimeDep, allow, answer_to, respond
from shared.web.admission import takes_bytes

router = Router()
Limit = Annotated[int, Query(ge=1, le=1000)]
Id = Annotated[Identifier, Path()]
Viewer = Annotated[
    Credential,
    Depends(allow(Role.AUDITOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True)),
]
AROUND_FILE = 64 * 1024


@router.post("/voucher-files", status_code=201)
@takes_bytes(FILE_BYTES_MAX + AROUND_FILE)
async def add_voucher_file(
    file: Annotated[UploadFile, File()],
    note: Annotated[str, Form(max_length=200)],
    runtime: AuditRuntimeDep,
    maker: Maker,
    key: IdempotencyKey,
) -> Response:
    """A scan, stored sealed; its digest goes on the log with the entry that it proves."""
    try:
        data = read_file(await file.read(), note)
    except Invalid as invalid:
        return respond(refuse(422, *invalid.problems))
    return await answer_to(runtime, maker, data, key)


@router.get("/voucher-files/{file_id}")
async def read_voucher_file(file_id: Id, viewer: Viewer, runtime: AuditRuntimeDep) -> Response:
    """A scan may name people: the look is stored."""
    file = await mongo.load(runtime.database, VoucherFile, file_id)
    if file is None:
        raise Denied(ENTRY_UNKNOWN.refusal(404))
    now = await runtime.processor.now()
    await LOOKS.add(runtime.database, viewer, "read_voucher_file", [file.id], now)
    content = build_file_sealer(runtime.keyring).open(file.id, file.content)
    headers = {"Cache-Control": "no-store", "Content-Disposition": "attachment"}
    return Response(content, media_type=file.media_type, headers=headers)


@router.get("/fund-fees", dependencies=[Reader])
async def list_fund_fees(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    proposals = await mongo.find(
        runtime.database, FundFee, {}, sort=[("state", -1), ("_id", 1)], limit=limit
    )
    return {"fund-fees": [each.to_json() for each in proposals]}


@router.post("/fund-fees", status_code=202)
async def propose_fund_fee(
    fee: ProposeFundFee, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """What the foundation keeps of a fund, within the fund's terms."""
    return await answer_to(runtime, maker, fee, key)


@router.post("/fund-fees/{fee_id}/approve")
async def approve_fund_fee(
    fee_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, ApproveFundFee(fee_id=fee_id), key)


@router.post("/fund-fees/{fee_id}/decline")
async def decline_fund_fee(
    fee_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineFundFee(fee_id=fee_id), key)


@router.get("/bank-entries", dependencies=[Reader])
async def list_bank_entries(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    proposals = await mongo.find(
        runtime.database, BankEntry, {}, sort=[("state", -1), ("_id", 1)], limit=limit
    )
    return {"bank-entries": [each.to_json() for each in proposals]}


@router.post("/bank-entries", status_code=202)
async def propose_bank_entry(
    entry: ProposeBankEntry, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Interest that a bank paid, or a charge that it took, into the books of one fund."""
    return await answer_to(runtime, maker, entry, key)


@router.post("/bank-entries/{entry_id}/approve")
async def approve_bank_entry(
    entry_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, ApproveBankEntry(entry_id=entry_id), key)


@router.post("/bank-entries/{entry_id}/decline")
async def decline_bank_entry(
    entry_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineBankEntry(entry_id=entry_id), key)


@router.get("/gift-refunds", dependencies=[Reader])
async def list_gift_refunds(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    proposals = await mongo.find(
        runtime.database, GiftRefund, {}, sort=[("state", -1), ("_id", 1)], limit=limit
    )
    return {"gift-refunds": [each.to_json() for each in proposals]}


@router.post("/gift-refunds", status_code=202)
async def propose_gift_refund(
    refund: ProposeGiftRefund, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Of a gift, or a part of it, as the bank gave it back."""
    return await answer_to(runtime, maker, refund, key)


@router.post("/gift-refunds/{refund_id}/approve")
async def approve_gift_refund(
    refund_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, ApproveGiftRefund(refund_id=refund_id), key)


@router.post("/gift-refunds/{refund_id}/decline")
async def decline_gift_refund(
    refund_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineGiftRefund(refund_id=refund_id), key)
