"""Who looked into the vault: read by auditors, and by the person whose data it is."""

from datetime import timedelta

from shared.contracts.values import CHINA
from tests.intake.harness import Visitor


async def test_the_applicant_reads_who_looked_at_his_data(visitor: Visitor) -> None:
    id_ = (await visitor.submit())["request_id"]
    person = (await visitor.request(id_)).person_id
    now = await visitor.runtime.processor.now()
    token = visitor.stack.keyring.make_link("request", id_, now + timedelta(days=1))
    assert (await visitor.get(f"/r/{token}")).json()["looks"] == []
    assert "还没有人看过" in (await visitor.get(f"/r/{token}", {"Accept": "text/html"})).text

    for _ in range(2):
        await visitor.get(f"/requests/{id_}", visitor.harness.village)
    await visitor.get(f"/requests/{id_}", visitor.harness.auditor)  # who sees nothing personal
    asked = {"purpose": "notice", "person_ids": [person]}
    await visitor.post("/internal/contacts", asked, who=visitor.harness.service)
    today = now.astimezone(CHINA).date().isoformat()
    looks = (await visitor.get(f"/r/{token}")).json()["looks"]
    assert looks == [
        {
            "on": today,
            "role_zh": "系统自动",
            "role_en": "the system",
            "purpose_zh": "发送通知",
            "purpose_en": "to send a notice",
        },
        {
            "on": today,
            "role_zh": "村（居）审批人员",
            "role_en": "approver of a village",
            "purpose_zh": "办理诉求",
            "purpose_en": "to work on requests",
        },
    ]
    page = (await visitor.get(f"/r/{token}", {"Accept": "text/html"})).text
    assert "村（居）审批人员：办理诉求" in page
    # The word of an approver's level is no account's id.
    page, shown = (text.replace("of a village", "") for text in (page, repr(looks)))
    for id_of_somebody in ("village", "notify", person):
        assert id_of_somebody not in page.replace("/static/", "")
        assert id_of_somebody not in shown
    other = await visitor.submit(
        "m-2", applicant={"name": "李四", "phone": f"+86139{visitor.number:08}"}
    )
    other_token = visitor.stack.keyring.make_link(
        "request", other["request_id"], now + timedelta(days=1)
    )
    assert (await visitor.get(f"/r/{other_token}")).json()["looks"] == []


async def test_auditors_read_who_looked_into_the_vault(visitor: Visitor) -> None:
    harness = visitor.harness
    id_ = (await visitor.submit())["request_id"]
    person = (await visitor.request(id_)).person_id
    for who in (harness.town, harness.village, harness.town):
        await visitor.get(f"/requests/{id_}", who)
    path = f"/vault-access?person_id={person}&limit=2"
    for wrong in (harness.operator, harness.town, harness.channel, harness.service):
        assert (await visitor.get(path, wrong)).status_code == 403
    refused = await visitor.get(path, harness.auditor_of_town)
    assert refused.status_code == 403
    assert "全市" in refused.json()["problems"][0]["zh"]
    first = (await visitor.get(path, harness.auditor)).json()
    second = (await visitor.get(f"{path}&after={first['next']}", harness.auditor)).json()
    looks = first["looks"] + second["looks"]
    assert [look["who"] for look in looks] == ["town", "village", "town"]
    assert {look["person_id"] for look in looks} == {person}
    assert looks[0]["role_zh"] == "镇街审批人员"
    assert looks[0]["purpose"] == "read_request"
    assert second["next"] is None
    assert visitor.phone not in repr(looks)
    everybody = (await visitor.get("/vault-access?limit=500", harness.auditor)).json()["looks"]
    assert len(everybody) >= 3
    assert (await visitor.get("/vault-access?after=x", harness.auditor)).status_code == 422
