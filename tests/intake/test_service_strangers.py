"""Staff of another town, and who has no business here, try a town's persons and messages."""

from typing import Any

from shared.security import Role
from tests.intake.builders import CHASHAN
from tests.intake.harness import IntakeHarness, Visitor


async def read_all(visitor: Visitor) -> dict[str, list[dict[str, Any]]]:
    """Everything that is decided on, as it stands."""
    names = ("persons", "requests", "messages", "suggestions", "contact_points", "link_revocations")
    return {
        name: await visitor.database[name].find({}).sort("_id", 1).to_list(None) for name in names
    }


async def test_another_towns_staff_change_and_read_nothing_of_this_one(
    harness: IntakeHarness,
) -> None:
    visitor = Visitor(harness)
    need = {"unit": "fen", "quantity": 300_000}
    first = (await visitor.submit(key="m-1", need=need, text="家里漏雨"))["request_id"]
    other = {"name": "李四", "phone": visitor.phone}
    second = (await visitor.submit(key="m-2", need=need, applicant=other))["request_id"]
    person, another = [(await visitor.request(id_)).person_id for id_ in (first, second)]
    await visitor.sms("茶山镇的路灯坏了好久了谁管一下")
    message = await visitor.database["messages"].find_one({})
    assert message is not None
    suggestions = await visitor.database["suggestions"].find({}).to_list(None)
    assert suggestions
    suggestion = suggestions[0]["_id"]
    stack = harness.stack
    strangers = {
        "town": harness.elsewhere,
        "city of one town": stack.bearer("city-there", Role.APPROVER_CITY, area="441900104"),
        "collector": stack.bearer("collector-there", Role.COLLECTOR, area="441900104"),
        "village": stack.bearer("village-there", Role.APPROVER_VILLAGE, area="441900104001"),
        "neighbour": stack.bearer("village-here", Role.APPROVER_VILLAGE, area=f"{CHASHAN}999"),
        "operator": stack.bearer("it-there", Role.OPERATOR, area="441900104"),
        "support": stack.bearer("support-there", Role.SUPPORT, area="441900104"),
        "auditor": stack.bearer("auditor-there", Role.AUDITOR, area="441900104"),
        "finance": stack.bearer("finance-there", Role.FINANCE_CHECKER, area="441900104"),
        "partner": harness.partners["thief"],
        "channel": harness.other,
    }
    seen = {"seen": {"manner": "visit"}}
    attempts: list[tuple[str, str, Any]] = [
        ("GET", f"/requests/{first}", None),
        ("GET", f"/requests/{first}/judgement", None),
        ("POST", f"/requests/{first}/vouch", seen),
        ("POST", f"/requests/{first}/approve", {}),
        ("POST", f"/requests/{first}/decline", {"reason": "not_verified"}),
        ("POST", f"/requests/{first}/return", {"reason": "place_unclear"}),
        ("POST", f"/requests/{first}/classify", {"category": "medical"}),
        ("POST", f"/requests/{first}/withdraw", None),
        ("POST", f"/requests/{second}/unmerge", None),
        ("GET", f"/persons/{person}", None),
        ("POST", f"/persons/{person}/export", None),
        ("POST", f"/persons/{person}/correct", {"name": "王五", "reason": "看了证件"}),
        ("POST", f"/persons/{person}/merge", {"other_id": another}),
        ("POST", f"/persons/{person}/unmerge", None),
        ("POST", f"/persons/{person}/links/revoke", None),
        ("POST", f"/persons/{person}/erasure", None),
        ("POST", f"/persons/{person}/erasure/refuse", None),
        ("POST", f"/persons/{person}/erase", None),
        ("GET", "/erasures", None),
        ("POST", "/links/revoke", {"about": first}),
        ("POST", f"/suggestions/{suggestion}/merge", None),
        ("POST", f"/suggestions/{suggestion}/separate", None),
        ("GET", f"/messages/{message['_id']}", None),
        ("POST", f"/messages/{message['_id']}/handle", {"handling": "nothing", "reason": "无"}),
        ("POST", f"/messages/{message['_id']}/handle", {"handling": "opt_out", "reason": "无"}),
        ("GET", f"/cases/{first}", None),
        ("POST", f"/cases/{first}/phone", None),
        ("POST", f"/cases/{first}/withdraw", None),
        ("GET", f"/inbox/{message['_id']}", None),
        ("GET", "/vault-access", None),
    ]
    before = await read_all(visitor)
    wrong = []
    for who, bearer in strangers.items():
        for number, (method, path, body) in enumerate(attempts):
            headers = bearer | {"Idempotency-Key": f"s-{number}"}
            answer = await visitor.http.request(method, path, json=body, headers=headers)
            if answer.status_code not in (403, 404):
                wrong.append((who, method, path, answer.status_code, answer.text[:200]))
        found = await visitor.http.post(
            "/persons/find", json={"phone": visitor.phone}, headers=bearer
        )
        if found.status_code == 200 and found.json()["persons"]:
            wrong.append((who, "POST", "/persons/find", 200, found.text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert await read_all(visitor) == before
