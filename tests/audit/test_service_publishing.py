"""Publishing by a running audit: keys that change, witnesses that are away, logs gone wrong."""

import asyncio
from pathlib import Path
from typing import Any

from services.audit.inspection import Inspector
from services.audit.ledger.verification import verify_log
from services.audit.model import format_entry_id
from services.audit.public import PublicLogs, key_path
from services.audit.tlog.checkpoint import open_checkpoint
from services.audit.tlog.keys import KeyFile
from services.audit.tlog.note import Note
from tests.audit.facts import gift
from tests.audit.harness import AuditHarness, start_harness
from tests.audit.witnessing import witnessing
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

TWO = {"guanjia": "莞家", "chashan": "茶山镇慈善会"}


async def test_a_log_gone_wrong_stops_alone_and_says_so(stack: StackHarness) -> None:
    harness = await start_harness(stack, foundations=TWO)
    await harness.open_fund()
    await harness.open_fund("TEA", foundation="chashan")
    summary = await harness.wait_published(1)
    await eventually(lambda: tea(harness), lambda s: s["published"]["size"] == 1)
    checkpoint = Path((await tea(harness))["log_dir"]) / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"\n1\n", b"\n2\n"))
    await harness.publish_in_order(gift(100), gift(200, "tea", fund="TEA"))
    stopped = await eventually(lambda: tea(harness), lambda s: s["publishing_stopped"] != "")
    assert "not ours" in stopped["publishing_stopped"]
    event = await readiness(harness)
    assert event["status"] == "ready"
    assert [(each["log"], each["state"]) for each in event["logs"]] == [(stopped["log"], "stopped")]
    assert "not ours" in event["logs"][0]["reason"]
    summary = await harness.wait_published(2)
    assert summary["publishing_stopped"] == ""
    await harness.verify(summary)
    await _check_a_changed_database(harness, summary["log"])


async def _check_a_changed_database(harness: AuditHarness, log: str) -> None:
    """Who writes to the database is noticed: at the next index, and in an entry of before."""
    runtime = harness.audit.runtime
    entries, inspector = runtime.database["entries"], Inspector(runtime.database, runtime.resources)
    original = await entries.find_one({"_id": format_entry_id(log, 1)})
    assert original is not None
    await entries.insert_one({**original, "_id": format_entry_id(log, 2), "index": 2})
    await inspector.look()
    assert "entry 2 lies in the database" in runtime.resources.differing[log]
    await entries.delete_one({"_id": format_entry_id(log, 2)})
    changed = {"leaf": original["leaf"].replace(b'"amount_fen":100,', b'"amount_fen":900,')}
    await entries.update_one({"_id": original["_id"]}, {"$set": changed})
    await inspector.look()
    assert "entry 1 in the database is not" in runtime.resources.differing[log]
    differing = [each for each in (await readiness(harness))["logs"] if each["log"] == log]
    assert [each["state"] for each in differing] == ["database_differs"]
    entry = {"log": log, "index": 1, "reference": "误记"}
    refused = await harness.post("/reversals", harness.maker, "wrong", entry)
    assert (refused.status_code, refused.json()["problems"][0]["code"]) == (
        409,
        "entry_differs",
    )
    await entries.replace_one({"_id": original["_id"]}, original)
    await inspector.look()
    assert log not in runtime.resources.differing
    assert (await harness.post("/reversals", harness.maker, "right", entry)).status_code == 202


async def test_another_logs_key_stops_the_publisher_and_nobody_else(stack: StackHarness) -> None:
    plain = await start_harness(stack)
    await plain.open_fund()
    summary = await plain.wait_published(1)
    await plain.audit.stop()
    name = summary["log_path"].rpartition("/")[2]
    path = key_path(stack.secrets_dir, name)
    path.unlink()
    KeyFile(path, "guanjia.test/log/of-another").read()
    harness = await start_harness(stack)
    stopped = await eventually(
        lambda: harness.get("/summary"), lambda s: s["publishing_stopped"] != ""
    )
    assert (stopped["vkey"], stopped["size"], stopped["published"]["size"]) == ("", 1, 0)
    assert stopped["log_dir"] == summary["log_dir"]
    assert (await harness.audit.http.get(f"{summary['log_path']}/vkey")).status_code == 404
    assert (await harness.audit.http.get(f"{summary['log_path']}/checkpoint")).status_code == 200


async def test_both_keys_sign_as_soon_as_there_are_two_and_the_old_one_goes(
    harness: AuditHarness,
) -> None:
    await harness.open_fund()
    summary = await harness.wait_published(1)
    name = summary["log_path"].rpartition("/")[2]
    keys = KeyFile(key_path(harness.stack.secrets_dir, name), summary["log"])
    (old,), new = keys.read(), keys.add()
    await eventually(
        lambda: signed_by(harness, summary), lambda ids: ids == [old.vkey.id, new.vkey.id]
    )
    listed = await harness.audit.http.get(f"{summary['log_path']}/vkey")
    assert listed.text.split() == [str(old.vkey), str(new.vkey)]
    await harness.publish_in_order(gift(100))
    await harness.wait_published(2)
    for vkey in listed.text.split():
        assert (await asyncio.to_thread(verify_log, summary["log_dir"], vkey)).ok
    keys.retire()
    await eventually(lambda: signed_by(harness, summary), lambda ids: ids == [new.vkey.id])
    assert (await harness.wait_published(2))["vkey"] == str(new.vkey)


async def test_with_a_quorum_nothing_stands_that_no_witness_has_seen(
    stack: StackHarness, tmp_path: Path
) -> None:
    """The witness knows the log's key, so the log was there first."""
    plain = await start_harness(stack)
    await plain.open_fund()
    summary = await plain.wait_published(1)
    await plain.audit.stop()
    (key,) = PublicLogs(stack.secrets_dir, stack.secrets_dir, "guanjia.test/log").read_keys(
        summary["log"]
    )
    with witnessing(tmp_path / "w", key) as witness:
        harness = await start_harness(
            stack, witnesses=[f"{witness.url} {witness.key}"], witness_quorum=1
        )
        await harness.publish_in_order(gift(100, "g-1"))
        await harness.wait_published(2)
    await harness.publish_in_order(gift(100, "g-2"))
    event = await eventually(lambda: readiness(harness), lambda summary: "logs" in summary)
    assert event["status"] == "ready"
    assert [(each["log"], each["state"]) for each in event["logs"]] == [
        (summary["log"], "waits_for_witnesses")
    ]
    waiting = await harness.get("/summary")
    assert (waiting["size"], waiting["published"]["size"]) == (3, 2)
    await harness.publish_in_order(gift(100, "g-3"))
    await eventually(lambda: harness.get("/summary"), lambda s: s["size"] == 4)
    port = int(witness.url.rpartition(":")[2])
    with witnessing(tmp_path / "w", key, port=port):
        summary = await harness.wait_published(4)
        await eventually(lambda: readiness(harness), lambda summary: summary == {"status": "ready"})
    note = (Path(summary["log_dir"]) / "checkpoint").read_bytes()
    assert open_checkpoint(note, [key.vkey], [witness.key]).size == 4
    await harness.verify(summary)


async def readiness(harness: AuditHarness) -> Any:
    """What the service says of itself; it stays in rotation whatever a log lacks."""
    answer = await harness.audit.http.get("/health/ready")
    assert answer.status_code == 200
    return answer.json()


async def tea(harness: AuditHarness) -> Any:
    return (await harness.get("/summary"))["foundations"]["chashan"]


async def signed_by(harness: AuditHarness, summary: dict[str, Any]) -> list[bytes]:
    answer = await harness.audit.http.get(f"{summary['log_path']}/checkpoint")
    return [each.key_id for each in Note.parse(answer.content).signatures]
