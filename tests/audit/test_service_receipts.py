"""Receipts and proofs over HTTP: for everybody, for staff, and for the donor by his link."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.audit.ledger.receipts import Receipt
from services.audit.model import Commitment, Donation
from services.audit.public import PublicLogs
from services.audit.tlog.merkle import EMPTY_ROOT
from services.audit.tlog.note import VerifierKey
from shared import mongo
from shared.contracts.events import PersonErased
from shared.contracts.links import GIFT_RECEIPT
from shared.security import Role
from tests.audit.facts import acceptance, gift, goods
from tests.audit.harness import AuditHarness
from tests.support.eventually import eventually
from tests.support.serving import serve_app


async def donate(harness: AuditHarness, *ids: str) -> tuple[list[Donation], dict[str, Any]]:
    """Gifts of 123.45 yuan each, and the summary once they are published."""
    await harness.open_fund()
    await harness.publish_in_order(*(gift(12_345, id_) for id_ in ids))
    summary = await harness.wait_published(1 + len(ids))
    gifts = await mongo.find(harness.audit.runtime.database, Donation, {}, sort=[("entry", 1)])
    return gifts, summary


async def test_everybody_gets_the_proof_of_any_entry(harness: AuditHarness) -> None:
    (one, two), summary = await donate(harness, "g-1", "g-2")
    key = VerifierKey.parse(summary["vkey"])
    for index, subject in ((1, one.id), (2, two.id)):
        answer = await harness.audit.http.get(f"{summary['log_path']}/proof/{index}")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=60"
        entry, _ = Receipt.parse(answer.content).check([key])
        assert entry["subject"] == subject
    for path in (f"{summary['log_path']}/proof/3", "/log/1999/proof/0", "/log/..%2Fx/proof/0"):
        missing = await harness.audit.http.get(path)
        assert missing.status_code == 404
        assert missing.headers.get("cache-control", "no-store") == "no-store"
    assert (await harness.audit.http.get(f"{summary['log_path']}/proof/-1")).status_code == 422


async def test_a_frozen_log_may_be_kept_by_caches(harness: AuditHarness) -> None:
    logs = harness.audit.runtime.resources
    assert isinstance(logs, PublicLogs)
    closed = logs.open_directory("guanjia.test/log/2001")
    closed.publish([(0, b"entry")])
    for frozen, kept_s in ((False, "no-cache"), (True, "public, max-age=3600")):
        if frozen:
            closed.freeze(1, closed.find_checkpoint().root)
        answer = await harness.audit.http.get("/log/2001/checkpoint")
        assert answer.headers["cache-control"] == kept_s
        proof = await harness.audit.http.get("/log/2001/proof/0")
        assert ("immutable" in proof.headers["cache-control"]) == frozen
    logs.open_directory("guanjia.test/log/2002").freeze(0, EMPTY_ROOT)
    assert (await harness.audit.http.get("/log/2002/proof/0")).status_code == 404


async def test_staff_gets_the_receipt_of_a_gift(harness: AuditHarness) -> None:
    (one, _), summary = await donate(harness, "g-1", "g-2")
    answer = await harness.audit.http.get(f"/donations/{one.id}/receipt", headers=harness.maker)
    assert "receipt-1.tlog-proof" in answer.headers["content-disposition"]
    entry, checkpoint = Receipt.parse(answer.content).check([VerifierKey.parse(summary["vkey"])])
    assert (entry["subject"], entry["index"]) == (one.id, one.entry)
    assert checkpoint.size == 3


async def test_receipts_are_for_finance_and_auditors_alone(harness: AuditHarness) -> None:
    collector = harness.stack.bearer("collector", Role.COLLECTOR)
    for who, status in (({}, 401), (collector, 403), (harness.maker, 404)):
        for method, path in (("GET", "receipt"), ("POST", "receipt-link")):
            answer = await harness.audit.http.request(
                method,
                f"/donations/D-unknown/{path}",
                headers=who,
                json={"donor_id": "P-1"} if method == "POST" else None,
            )
            assert answer.status_code == status


async def test_a_refused_gift_has_no_receipt(harness: AuditHarness) -> None:
    await harness.publish_in_order(gift(1, "g-1", fund="UNKNOWN"))
    await harness.wait_published(1)
    (refused,) = await mongo.find(harness.audit.runtime.database, Donation, {})
    answer = await harness.audit.http.get(f"/donations/{refused.id}/receipt", headers=harness.maker)
    link = await harness.audit.http.post(
        f"/donations/{refused.id}/receipt-link",
        json={"donor_id": refused.donor_id},
        headers=harness.maker,
    )
    for each in (answer, link):
        assert each.status_code == 409
        assert each.json()["problems"][0]["code"] == "gift_refused"


async def test_a_donor_sees_his_gift_by_the_link_and_takes_the_receipt(
    harness: AuditHarness,
) -> None:
    (one,), summary = await donate(harness, "g-1")
    http = harness.audit.http
    asked = {"donor_id": one.donor_id}
    link = await http.post(f"/donations/{one.id}/receipt-link", json=asked, headers=harness.maker)
    path = "/g/" + link.json()["url"].rpartition("/g/")[2]
    page = await http.get(path)
    assert page.status_code == 200
    assert "123.45" in page.text
    assert summary["vkey"] in page.text
    assert one.donor_id not in page.text
    assert page.headers["cache-control"] == "no-store"
    token = path.rpartition("/")[2]
    assert f'href="{token}/receipt"' in page.text
    file = await http.get(f"{path}/receipt")
    entry, _ = Receipt.parse(file.content).check([VerifierKey.parse(summary["vkey"])])
    assert entry["subject"] == one.id
    assert "已由两人冲正" not in page.text
    await check_goods(harness)
    place = {"log": summary["log"], "index": one.entry, "reference": "更正单-1"}
    undone = await harness.propose_and_approve("/reversals", "r-1", place)
    assert undone.status_code == 200, undone.text
    assert "已由两人冲正，账上不再计算" in (await http.get(path)).text


async def check_goods(harness: AuditHarness) -> None:
    """A gift of goods has its page too, by the link of its notice."""
    await harness.publish_in_order(goods(3))
    await harness.wait_published(3)
    [gift] = await mongo.find(harness.audit.runtime.database, Donation, {"quantity": 3})
    now = await harness.audit.runtime.processor.now()
    token = harness.stack.keyring.make_link(
        GIFT_RECEIPT.purpose, gift.id, GIFT_RECEIPT.compute_end(now), now, holder=gift.donor_id
    )
    page = await harness.audit.http.get(GIFT_RECEIPT.path(token))
    assert page.status_code == 200
    assert "物资入库" in page.text


async def check_giving(harness: AuditHarness, gift: Donation) -> None:
    """What matching's page of a giver is told: his own gifts and entries alone, and no machine's
    credential but our own services'."""
    service = harness.stack.bearer("matching", Role.SERVICE)
    await harness.publish_in_order(acceptance("m-1", 5_000))
    await harness.wait_published(3)
    [commitment] = await mongo.find(harness.audit.runtime.database, Commitment, {})

    async def ask(donor_id: str, year: int, who: dict[str, str] = service) -> Any:
        query = {"donor_id": donor_id, "year": year, "match_ids": [commitment.id]}
        return await harness.audit.http.post("/internal/giving", json=query, headers=who)

    assert (await ask(gift.donor_id, 2026, harness.maker)).status_code == 403
    year = gift.received_at.year
    said = (await ask(gift.donor_id, year)).json()
    [row] = said["gifts"]
    assert (row["unit"], row["quantity"], row["undone"]) == ("fen", 12_345, False)
    file = await harness.audit.http.get(row["receipt"])
    key = VerifierKey.parse((await harness.get("/summary"))["vkey"])
    assert Receipt.parse(file.content).check([key])[0]["subject"] == gift.id
    assert (await harness.audit.http.get(row["entry"])).status_code == 200
    # No look makes a link: none outlives the page that it would stand on.
    assert "/g/" not in str(said)
    assert [fund["received_fen"] for fund in said["funds"]] == [12_345]
    assert not (await ask(gift.donor_id, year - 1)).json()["gifts"]
    [entry] = (await ask(commitment.donor_id, year)).json()["entries"]
    assert entry["match_id"] == commitment.id
    assert (await harness.audit.http.get(entry["path"])).status_code == 200
    assert (await ask("P-somebody", year)).json() == {"gifts": [], "funds": [], "entries": []}


async def test_a_receipts_link_is_for_its_donor_alone_and_dies_with_him(
    harness: AuditHarness,
) -> None:
    auditor = harness.stack.bearer("reads-all", Role.AUDITOR)
    (one,), _ = await donate(harness, "g-1")
    await check_giving(harness, one)
    http, path = harness.audit.http, f"/donations/{one.id}/receipt-link"
    for who, donor, expected in (
        (harness.maker, "P-somebody", 409),
        (auditor, one.donor_id, 403),
        (harness.maker, one.donor_id, 200),
    ):
        answer = await http.post(path, json={"donor_id": donor}, headers=who)
        assert answer.status_code == expected
    page = "/g/" + answer.json()["url"].rpartition("/g/")[2]
    now = await harness.audit.runtime.processor.now()
    ends = now + timedelta(days=1)
    make_link = harness.stack.keyring.make_link
    others = f"/g/{make_link(GIFT_RECEIPT.purpose, one.id, ends, now, holder='P-somebody')}"
    assert [(await http.get(path)).status_code for path in (page, others)] == [200, 401]
    revoked = await harness.post("/links/revoke", harness.maker, "r", {"link": page})
    assert (revoked.status_code, (await http.get(page)).status_code) == (200, 401)
    another = f"/g/{make_link(GIFT_RECEIPT.purpose, one.id, ends, now, holder=one.donor_id)}"
    assert (await http.get(another)).status_code == 200
    await harness.stack.publish(harness.stack.own("/intake", one.donor_id, 1, PersonErased()))

    async def status() -> int:
        return (await http.get(f"{another}/receipt")).status_code

    await eventually(status, lambda code: code == 401)


@pytest.mark.parametrize("purpose", [GIFT_RECEIPT.purpose, "match.donor"])
async def test_a_link_for_something_else_or_too_old_opens_nothing(
    harness: AuditHarness, purpose: str
) -> None:
    (one,), _ = await donate(harness, "g-1")
    runtime = harness.audit.runtime
    now = await runtime.processor.now()
    later = now if purpose == GIFT_RECEIPT.purpose else now + timedelta(days=1)
    token = runtime.keyring.make_link(purpose, one.id, later)
    for path in (f"/g/{token}", f"/g/{token}/receipt", "/g/nonsense"):
        assert (await harness.audit.http.get(path)).status_code == 401


async def test_a_gift_not_yet_published_is_to_be_asked_for_again(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.wait_published(1)
    logs = harness.audit.runtime.resources
    logs.stopped["guanjia.test/log/" + logs.name_of(await origin(harness))] = "by this test"
    await harness.publish_in_order(gift(1, "g-1"))
    await eventually(lambda: harness.get("/summary"), lambda summary: summary["size"] == 2)
    (one,) = await mongo.find(harness.audit.runtime.database, Donation, {})
    answer = await harness.audit.http.get(f"/donations/{one.id}/receipt", headers=harness.maker)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    runtime = harness.audit.runtime
    expires_at = GIFT_RECEIPT.compute_end(await runtime.processor.now())
    token = runtime.keyring.make_link(GIFT_RECEIPT.purpose, one.id, expires_at)
    page = await harness.audit.http.get(f"/g/{token}")
    assert (page.status_code, "请稍后再看" in page.text) == (503, True)


async def origin(harness: AuditHarness) -> str:
    return str((await harness.get("/summary"))["log"])


async def test_the_command_takes_the_receipt_from_the_service(
    harness: AuditHarness, tmp_path: Path
) -> None:
    (one,), summary = await donate(harness, "g-1")
    file = tmp_path / "mine.tlog-proof"
    async with serve_app(harness.audit.app) as server:
        token = harness.maker["Authorization"].removeprefix("Bearer ")
        env = os.environ | {"GUANJIA_AUDIT_URL": server.url, "GUANJIA_TOKEN": token}
        for donation, status in ((one.id, 0), ("D-unknown", 2)):
            command = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "from services.audit.cli import app; app()"),
                *("receipt", donation, "--out", str(file)),
                env=env,
            )
            assert await command.wait() == status
    entry, _ = Receipt.parse(file.read_bytes()).check([VerifierKey.parse(summary["vkey"])])
    assert entry["subject"] == one.id
