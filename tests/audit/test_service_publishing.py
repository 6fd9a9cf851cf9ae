"""Publishing by a running audit: keys that change, witnesses that are away, logs gone wrong."""

import asyncio
from pathlib import Path
from typing import Any

from services.audit.ledger.verification import verify_log
from services.audit.public import PublicLogs, key_path
from services.audit.tlog.checkpoint import trusted_checkpoint
from services.audit.tlog.keys import KeyFile
from services.audit.tlog.note import Note
from tests.audit.deciding import gift
from tests.audit.office import Office, open_office
from tests.audit.witnessing import witnessing
from tests.support.eventually import eventually
from tests.support.house import House

TWO = {"guanjia": "莞家", "chashan": "茶山镇慈善会"}


async def test_a_log_gone_wrong_stops_alone_and_says_so(house: House) -> None:
    office = await open_office(house, foundations=TWO)
    await office.open_fund()
    await office.open_fund("TEA", foundation="chashan")
    said = await office.published(1)
    await eventually(lambda: tea(office), lambda s: s["published"]["size"] == 1)
    checkpoint = Path((await tea(office))["log_dir"]) / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"\n1\n", b"\n2\n"))
    await office.hears(gift(100), gift(200, "tea", fund="TEA"))
    stopped = await eventually(lambda: tea(office), lambda s: s["publishing_stopped"] != "")
    assert "not ours" in stopped["publishing_stopped"]
    told = await readiness(office)
    assert told["status"] == "ready"
    assert [(each["log"], each["state"]) for each in told["logs"]] == [(stopped["log"], "stopped")]
    assert "not ours" in told["logs"][0]["reason"]
    said = await office.published(2)
    assert said["publishing_stopped"] == ""
    await office.verified(said)


async def test_another_logs_key_stops_the_publisher_and_nobody_else(house: House) -> None:
    plain = await open_office(house)
    await plain.open_fund()
    said = await plain.published(1)
    await plain.audit.stop()
    name = said["log_path"].rpartition("/")[2]
    path = key_path(house.secrets_dir, name)
    path.unlink()
    KeyFile(path, "guanjia.test/log/of-another").read()
    office = await open_office(house)
    stopped = await eventually(
        lambda: office.get("/summary"), lambda s: s["publishing_stopped"] != ""
    )
    assert (stopped["vkey"], stopped["size"], stopped["published"]["size"]) == ("", 1, 0)
    assert stopped["log_dir"] == said["log_dir"]
    assert (await office.audit.http.get(f"{said['log_path']}/vkey")).status_code == 404
    assert (await office.audit.http.get(f"{said['log_path']}/checkpoint")).status_code == 200


async def test_both_keys_sign_as_soon_as_there_are_two_and_the_old_one_goes(
    office: Office,
) -> None:
    await office.open_fund()
    said = await office.published(1)
    name = said["log_path"].rpartition("/")[2]
    keys = KeyFile(key_path(office.house.secrets_dir, name), said["log"])
    (old,), new = keys.read(), keys.add()
    await eventually(lambda: signed_by(office, said), lambda ids: ids == [old.vkey.id, new.vkey.id])
    listed = await office.audit.http.get(f"{said['log_path']}/vkey")
    assert listed.text.split() == [str(old.vkey), str(new.vkey)]
    await office.hears(gift(100))
    await office.published(2)
    for vkey in listed.text.split():
        assert (await asyncio.to_thread(verify_log, said["log_dir"], vkey)).ok
    keys.retire()
    await eventually(lambda: signed_by(office, said), lambda ids: ids == [new.vkey.id])
    assert (await office.published(2))["vkey"] == str(new.vkey)


async def test_with_a_quorum_nothing_stands_that_no_witness_has_seen(
    house: House, tmp_path: Path
) -> None:
    """The witness knows the log's key, so the log was there first."""
    plain = await open_office(house)
    await plain.open_fund()
    said = await plain.published(1)
    await plain.audit.stop()
    (key,) = PublicLogs(house.secrets_dir, house.secrets_dir, "guanjia.test/log").keys(said["log"])
    with witnessing(tmp_path / "w", key) as witness:
        office = await open_office(
            house, witnesses=[f"{witness.url} {witness.key}"], witness_quorum=1
        )
        await office.hears(gift(100, "g-1"))
        await office.published(2)
    await office.hears(gift(100, "g-2"))
    told = await eventually(lambda: readiness(office), lambda said: "logs" in said)
    assert told["status"] == "ready"
    assert [(each["log"], each["state"]) for each in told["logs"]] == [
        (said["log"], "waits_for_witnesses")
    ]
    waiting = await office.get("/summary")
    assert (waiting["size"], waiting["published"]["size"]) == (3, 2)
    await office.hears(gift(100, "g-3"))
    await eventually(lambda: office.get("/summary"), lambda s: s["size"] == 4)
    port = int(witness.url.rpartition(":")[2])
    with witnessing(tmp_path / "w", key, port=port):
        said = await office.published(4)
        await eventually(lambda: readiness(office), lambda said: said == {"status": "ready"})
    note = (Path(said["log_dir"]) / "checkpoint").read_bytes()
    assert trusted_checkpoint(note, [key.vkey], [witness.key]).size == 4
    await office.verified(said)


async def readiness(office: Office) -> Any:
    """What the service says of itself; it stays in rotation whatever a log lacks."""
    answer = await office.audit.http.get("/health/ready")
    assert answer.status_code == 200
    return answer.json()


async def tea(office: Office) -> Any:
    return (await office.get("/summary"))["foundations"]["chashan"]


async def signed_by(office: Office, said: dict[str, Any]) -> list[bytes]:
    answer = await office.audit.http.get(f"{said['log_path']}/checkpoint")
    return [each.key_id for each in Note.parse(answer.content).signatures]
