"""Audit as a service on the real broker and database: facts in, entries, files and sums out."""

import asyncio
import json
import os
import random
import sys
from itertools import groupby
from typing import Any

from services.audit.cli.replay import compare
from services.audit.ledger.replay import replay
from services.audit.tlog.reader import open_source
from shared.contracts import topics
from shared.security import Role
from tests.audit.facts import FUND
from tests.audit.harness import AuditHarness, make_gift, make_lifecycle
from tests.support.eventually import eventually
from tests.support.serving import serve_app


async def test_a_gift_and_two_matches_end_in_verifiable_books(harness: AuditHarness) -> None:
    await harness.open_fund()
    stack = harness.stack
    await stack.publish(make_gift(stack, "g-1", 20_450_000))
    await harness.wait_published(2)
    confirmed_match = make_lifecycle(stack, "M-1", 300_00)
    released_match = make_lifecycle(stack, "M-2", 500_00, falls=True)
    await stack.publish(*confirmed_match, *released_match)
    summary = await harness.wait_published(6)
    assert summary["received_fen"] == 20_450_000
    assert summary["committed_fen"] == 800_00
    assert (summary["obligated_fen"], summary["released_fen"]) == (300_00, 500_00)
    assert summary["remaining_fen"] == 20_450_000 - 300_00
    report = await harness.verify(summary)
    assert report.entries == 6
    source = open_source(summary["log_dir"])
    assert compare(source, await asyncio.to_thread(replay, source), summary) == []


async def test_a_changed_balance_is_found_by_the_replay(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.stack.publish(make_gift(harness.stack, "g-1", 100))
    summary = await harness.wait_published(2)
    summary["funds"][0]["received_fen"] += 1
    source = open_source(summary["log_dir"])
    (difference,) = compare(source, replay(source), summary)
    assert (difference.what, difference.log, difference.service) == (
        f"{FUND} received_fen",
        "100",
        "101",
    )


async def test_whatever_is_redelivered_and_reordered_the_books_are_the_same(
    harness: AuditHarness,
) -> None:
    await harness.open_fund()
    stack = harness.stack
    gifts = [make_gift(stack, f"g-{n}", 1_000) for n in range(20)]
    await stack.publish(*gifts, *gifts)
    await harness.wait_published(21)
    facts = [r for n in range(20) for r in make_lifecycle(stack, f"M-{n}", 700, falls=n % 4 == 0)]
    shuffled = facts * 2
    random.Random(7).shuffle(shuffled)
    await stack.publish(*shuffled)
    summary = await harness.wait_published(21 + 40)
    assert summary["received_fen"] == 20_000
    assert summary["obligated_fen"] == 15 * 700
    assert summary["outstanding_fen"] == 0
    await harness.verify(summary)


async def test_a_used_id_with_other_content_is_on_the_log_and_not_in_the_fund(
    harness: AuditHarness,
) -> None:
    await harness.open_fund()
    stack = harness.stack
    await stack.publish(make_gift(stack, "g-1", 100), make_gift(stack, "g-1", 999))
    summary = await harness.wait_published(3)
    assert summary["received_fen"] == 100
    await harness.verify(summary)


async def test_every_entry_of_the_ledger_is_told(harness: AuditHarness) -> None:
    await harness.open_fund()
    stack = harness.stack
    await stack.publish(make_gift(stack, "g-1", 1_000), make_gift(stack, "g-2", 1, fund="UNKNOWN"))
    await harness.wait_published(3)
    await stack.publish(*make_lifecycle(stack, "M-1", 700), *make_lifecycle(stack, "M-2", 700))
    await harness.wait_published(7)
    facts = await eventually(lambda: stack.read(topics.LEDGER), lambda facts: len(facts) >= 7)
    assert sorted(event["data"]["index"] for event in facts) == list(range(7))
    by_subject = groupby(sorted(facts, key=lambda e: (e["subject"], int(e["sequence"]))), _subject)
    kinds = {subject: [e["type"].split(".")[2] for e in events] for subject, events in by_subject}
    due, other = sorted((kinds["M-1"], kinds["M-2"]))
    assert due == ["committed", "obligated"]
    assert other == ["refused", "refused"]
    assert kinds[FUND] == ["fund_opened"]
    assert sorted(kind for s, kind in kinds.items() if s.startswith("D-")) == [
        ["received"],
        ["refused"],
    ]


def _subject(event: dict[str, Any]) -> str:
    return str(event["subject"])


async def test_two_instances_append_to_one_log(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.start_another()
    stack = harness.stack
    await stack.publish(*(make_gift(stack, f"g-{n}", 10_000) for n in range(10)))
    await harness.wait_published(11)
    records = [r for n in range(60) for r in make_lifecycle(stack, f"M-{n}", 100)]
    await stack.publish(*records)
    summary = await harness.wait_published(11 + 120)
    assert summary["obligated_fen"] == 60 * 100
    await harness.verify(summary)


async def test_a_restarted_audit_goes_on_where_it_was(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.stack.publish(make_gift(harness.stack, "g-1", 1_000))
    before = await harness.wait_published(2)
    await harness.audit.stop()
    harness.audit = await harness.start_another()
    await harness.stack.publish(make_gift(harness.stack, "g-2", 1_000))
    after = await harness.wait_published(3)
    assert after["vkey"] == before["vkey"]
    assert after["received_fen"] == 2_000
    await harness.verify(after)


async def test_books_are_for_finance_and_auditors_alone(harness: AuditHarness) -> None:
    collector = harness.stack.bearer("collector", Role.COLLECTOR)
    body = {"fund_id": "X", "name": "x"}
    for method, path in (
        ("GET", "/funds"),
        ("GET", f"/funds/{FUND}"),
        ("GET", "/summary"),
        ("POST", "/funds"),
        ("POST", f"/funds/{FUND}/approve"),
        ("POST", f"/funds/{FUND}/decline"),
    ):
        for who, status in (({}, 401), (collector, 403)):
            headers = who | {"Idempotency-Key": "k"}
            answer = await harness.audit.http.request(method, path, headers=headers, json=body)
            assert answer.status_code == status, (method, path)


async def test_one_person_cannot_open_a_fund_alone(harness: AuditHarness) -> None:
    both = harness.stack.bearer("both", Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
    await harness.post("/funds", both, "k1", {"fund_id": FUND, "name": "独自一人"})
    refused = await harness.post(f"/funds/{FUND}/approve", both, "k2")
    assert refused.status_code == 409
    assert refused.json()["problems"][0]["code"] == "second_person_needed"
    assert (await harness.get(f"/funds/{FUND}"))["state"] == "proposed"


async def test_the_command_compares_the_log_with_the_running_service(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.stack.publish(make_gift(harness.stack, "g-1", 123_456))
    await harness.wait_published(2)
    async with serve_app(harness.audit.app) as server:
        token = harness.maker["Authorization"].removeprefix("Bearer ")
        command = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from services.audit.cli import app; app()",
            "replay",
            "--json",
            env=os.environ | {"GUANJIA_AUDIT_URL": server.url, "GUANJIA_TOKEN": token},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await command.communicate()
    summary = json.loads(out)
    assert (command.returncode, summary["compared"], summary["differences"]) == (0, True, [])
    assert summary["replay"]["funds"][0]["received_fen"] == 123_456
