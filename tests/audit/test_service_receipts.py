"""Receipts and proofs over HTTP: for everybody, for staff, and for the donor by his link."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.audit.ledger.receipts import Receipt
from services.audit.model import Donation
from services.audit.public import PublicLogs
from services.audit.tlog.merkle import EMPTY_ROOT
from services.audit.tlog.note import VerifierKey
from shared import mongo
from shared.contracts.links import GIFT_RECEIPT
from shared.security import Role
from tests.audit.deciding import gift
from tests.audit.office import Office
from tests.audit.test_service import served
from tests.support.eventually import eventually


async def donated(office: Office, *ids: str) -> tuple[list[Donation], dict[str, Any]]:
    """Gifts of 123.45 yuan each, and the summary once they are published."""
    await office.open_fund()
    await office.hears(*(gift(12_345, id_) for id_ in ids))
    said = await office.published(1 + len(ids))
    found = await mongo.find(office.audit.runtime.database, Donation, {}, sort=[("entry", 1)])
    return found, said


async def test_everybody_gets_the_proof_of_any_entry(office: Office) -> None:
    (one, two), said = await donated(office, "g-1", "g-2")
    key = VerifierKey.parse(said["vkey"])
    for index, subject in ((1, one.id), (2, two.id)):
        answer = await office.audit.http.get(f"{said['log_path']}/proof/{index}")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=60"
        entry, _ = Receipt.parse(answer.content).check([key])
        assert entry["subject"] == subject
    for path in (f"{said['log_path']}/proof/3", "/log/1999/proof/0", "/log/..%2Fx/proof/0"):
        missing = await office.audit.http.get(path)
        assert missing.status_code == 404
        assert missing.headers.get("cache-control", "no-store") == "no-store"
    assert (await office.audit.http.get(f"{said['log_path']}/proof/-1")).status_code == 422


async def test_a_frozen_log_may_be_kept_by_caches(office: Office) -> None:
    logs = office.audit.runtime.extras
    assert isinstance(logs, PublicLogs)
    closed = logs.directory("guanjia.test/log/2001")
    closed.publish([(0, b"entry")])
    for frozen, kept_s in ((False, "no-cache"), (True, "public, max-age=3600")):
        if frozen:
            closed.freeze(1, closed.standing().root)
        answer = await office.audit.http.get("/log/2001/checkpoint")
        assert answer.headers["cache-control"] == kept_s
        proof = await office.audit.http.get("/log/2001/proof/0")
        assert ("immutable" in proof.headers["cache-control"]) == frozen
    logs.directory("guanjia.test/log/2002").freeze(0, EMPTY_ROOT)
    assert (await office.audit.http.get("/log/2002/proof/0")).status_code == 404


async def test_staff_gets_the_receipt_of_a_gift(office: Office) -> None:
    (one, _), said = await donated(office, "g-1", "g-2")
    answer = await office.audit.http.get(f"/donations/{one.id}/receipt", headers=office.maker)
    assert "receipt-1.tlog-proof" in answer.headers["content-disposition"]
    entry, checkpoint = Receipt.parse(answer.content).check([VerifierKey.parse(said["vkey"])])
    assert (entry["subject"], entry["index"]) == (one.id, one.entry)
    assert checkpoint.size == 3


async def test_receipts_are_for_finance_and_auditors_alone(office: Office) -> None:
    collector = office.house.bearer("collector", Role.COLLECTOR)
    for who, status in (({}, 401), (collector, 403), (office.maker, 404)):
        for method, path in (("GET", "receipt"), ("POST", "receipt-link")):
            answer = await office.audit.http.request(
                method, f"/donations/D-unknown/{path}", headers=who
            )
            assert answer.status_code == status


async def test_a_refused_gift_has_no_receipt(office: Office) -> None:
    await office.hears(gift(1, "g-1", fund="UNKNOWN"))
    await office.published(1)
    (refused,) = await mongo.find(office.audit.runtime.database, Donation, {})
    answer = await office.audit.http.get(f"/donations/{refused.id}/receipt", headers=office.maker)
    assert answer.status_code == 409
    assert answer.json()["problems"][0]["code"] == "gift_refused"


async def test_a_donor_sees_his_gift_by_the_link_and_takes_the_receipt(office: Office) -> None:
    (one,), said = await donated(office, "g-1")
    http = office.audit.http
    made = await http.post(f"/donations/{one.id}/receipt-link", headers=office.maker)
    path = "/g/" + made.json()["url"].rpartition("/g/")[2]
    page = await http.get(path)
    assert page.status_code == 200
    assert "123.45" in page.text
    assert said["vkey"] in page.text
    assert one.donor_id not in page.text
    assert page.headers["cache-control"] == "no-store"
    token = path.rpartition("/")[2]
    assert f'href="{token}/receipt"' in page.text
    file = await http.get(f"{path}/receipt")
    entry, _ = Receipt.parse(file.content).check([VerifierKey.parse(said["vkey"])])
    assert entry["subject"] == one.id


@pytest.mark.parametrize("purpose", [GIFT_RECEIPT.purpose, "match.donor"])
async def test_a_link_for_something_else_or_too_old_opens_nothing(
    office: Office, purpose: str
) -> None:
    (one,), _ = await donated(office, "g-1")
    runtime = office.audit.runtime
    now = await runtime.processor.now()
    later = now if purpose == GIFT_RECEIPT.purpose else now + timedelta(days=1)
    token = runtime.keyring.make_link(purpose, one.id, later)
    for path in (f"/g/{token}", f"/g/{token}/receipt", "/g/nonsense"):
        assert (await office.audit.http.get(path)).status_code == 401


async def test_a_gift_not_yet_published_is_to_be_asked_for_again(office: Office) -> None:
    await office.open_fund()
    await office.published(1)
    logs = office.audit.runtime.extras
    logs.stopped["guanjia.test/log/" + logs.name_of(await origin(office))] = "by this test"
    await office.hears(gift(1, "g-1"))
    await eventually(lambda: office.get("/summary"), lambda said: said["size"] == 2)
    (one,) = await mongo.find(office.audit.runtime.database, Donation, {})
    answer = await office.audit.http.get(f"/donations/{one.id}/receipt", headers=office.maker)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    runtime = office.audit.runtime
    expires_at = GIFT_RECEIPT.expires_at(await runtime.processor.now())
    token = runtime.keyring.make_link(GIFT_RECEIPT.purpose, one.id, expires_at)
    page = await office.audit.http.get(f"/g/{token}")
    assert (page.status_code, "请稍后再看" in page.text) == (503, True)


async def origin(office: Office) -> str:
    return str((await office.get("/summary"))["log"])


async def test_the_command_takes_the_receipt_from_the_service(
    office: Office, tmp_path: Path
) -> None:
    (one,), said = await donated(office, "g-1")
    file = tmp_path / "mine.tlog-proof"
    async with served(office.audit.app) as url:
        token = office.maker["Authorization"].removeprefix("Bearer ")
        env = os.environ | {"GUANJIA_AUDIT_URL": url, "GUANJIA_TOKEN": token}
        for donation, status in ((one.id, 0), ("D-unknown", 2)):
            command = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "from services.audit.cli import app; app()"),
                *("receipt", donation, "--out", str(file)),
                env=env,
            )
            assert await command.wait() == status
    entry, _ = Receipt.parse(file.read_bytes()).check([VerifierKey.parse(said["vkey"])])
    assert entry["subject"] == one.id
