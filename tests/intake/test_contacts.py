"""Persons on the running service: whose a phone and a WeChat are, who is given them, how long."""

import json
import re
from datetime import timedelta
from xml.etree import ElementTree

from services.intake.model import Message, Reply, Request
from services.intake.own import proofs
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import MatchConfirmed, MatchDelivered, PersonErased, PersonLinksRevoked
from tests.intake.builders import CHASHAN, SHIJIE, make_match_event
from tests.intake.harness import Visitor


async def deliver(visitor: Visitor, request: Request, match_id: str) -> None:
    """Matching says that it was handed over."""
    fact = make_match_event(MatchDelivered, request, 20_000).data
    await visitor.stack.publish(visitor.stack.own("/matching", match_id, 1, fact))
    await visitor.becomes(request.id, lambda request: request.matches)


async def read_reply(visitor: Visitor, person_id: str) -> str | None:
    """The match that this person's one reply is about."""
    (reply,) = await mongo.find(visitor.database, Reply, {"person_id": person_id})
    return reply.match_id


async def test_a_partner_takes_over_nobodys_notices_and_confirmations(visitor: Visitor) -> None:
    """He names the victim's phone with his own WeChat before anybody else knows the phone."""
    partner = visitor.harness.partners["thief"]
    party = {"name": "张三", "phone": visitor.phone, "wechat_openid": visitor.openid}
    assert (await visitor.post("/parties", party, key="p-1", who=partner)).status_code == 201
    await visitor.sms("心愿 生活物资 200元 茶山镇 低保 张三")
    (request,) = await visitor.requests()
    await deliver(visitor, request, f"M-{visitor.number}")
    (contact,) = await visitor.contact(request.person_id)
    assert (contact["phone"], contact["openid"]) == (visitor.phone, None), "his notices go by SMS"
    answered = ElementTree.fromstring((await visitor.says("1", "收到")).text)
    assert "没有等待您确认" in (answered.findtext("Content") or "")
    await visitor.sms("收到", at=1_642_000_100)
    assert await read_reply(visitor, request.person_id) == f"M-{visitor.number}"


async def test_who_sends_the_code_of_his_wechat_from_his_phone_is_reached_by_both(
    visitor: Visitor,
) -> None:
    id_ = (await visitor.submit())["request_id"]
    request = await visitor.request(id_)
    asked = (await visitor.says("1", "绑定手机")).text
    code = re.search(r"绑定 (\d{8})", asked)
    assert code is not None, asked
    (before,) = await visitor.contact(request.person_id)
    await visitor.sms(f"绑定 {code.group(1)}", at=1_642_000_100)
    (bound,) = await visitor.contact(request.person_id)
    assert (before["openid"], bound["openid"]) == (None, visitor.openid)
    await deliver(visitor, request, f"M-{visitor.number}")
    assert "已确认收到" in (await visitor.says("2", "收到")).text
    assert await read_reply(visitor, request.person_id) == f"M-{visitor.number}"
    other = Visitor(visitor.harness)
    await other.sms(f"绑定 {code.group(1)}", at=1_642_000_200)
    assert await visitor.contact(request.person_id) == [bound], "a code is used once"
    assert "不客气" in (await visitor.says("3", "收到")).text, "and a second yes says nothing new"


# --- ids and limits -------------------------------------------------------------------------------


async def test_a_partner_gets_ids_of_his_own_and_learns_of_no_phone_whether_it_is_known(
    visitor: Visitor,
) -> None:
    """A disabled person's phone is posted by two partners, and one that nobody knows."""
    request = await visitor.request((await visitor.submit())["request_id"])
    known, unknown = visitor.phone, f"+86139{visitor.number:08}"
    ids: dict[str, str] = {}
    for name in ("one", "two"):
        for phone in (known, unknown):
            first = await register(visitor, phone, name, "1")
            assert await register(visitor, phone, name, "2") == first, "always the same"
            row = {
                "idempotency_key": f"{name}{phone[1:]}",
                "party": {"name": "某人", "phone": phone},
            }
            who = visitor.harness.partners[name]
            (answer,) = (await visitor.post("/parties/batch", [row], who=who)).json()["answers"]
            assert answer["person_id"] == first
            ids[f"{name} {phone}"] = first
    assert len(set(ids.values())) == 4, "and to another partner another"
    assert {id_[:3] for id_ in ids.values()} == {"PT-"}
    seen = (await visitor.get(f"/requests/{request.id}", visitor.harness.channel)).json()
    assert seen["person_id"] not in (request.person_id, *ids.values())
    party = {"name": "张三", "phone": known}
    by_staff = await visitor.post("/parties", party, key="s", who=visitor.harness.operator)
    assert by_staff.json() == {"person_id": request.person_id}


async def register(visitor: Visitor, phone: str, partner: str, key: str) -> str:
    """The id that the partner is answered, and nothing else."""
    party, who = {"name": "某人", "phone": phone}, visitor.harness.partners[partner]
    answer = await visitor.post("/parties", party, key=f"{key}-{phone}", who=who)
    body = answer.json()
    assert (answer.status_code, list(body)) == (201, ["person_id"])
    return str(body["person_id"])


async def test_nobody_renames_a_person_by_another_name_at_his_phone(visitor: Visitor) -> None:
    request = await visitor.request((await visitor.submit())["request_id"])
    partner, collectors = visitor.harness.partners["one"], visitor.harness.collectors
    renamed = {"name": "骗子", "phone": visitor.phone}
    for key, who in (("1", partner), ("2", collectors[SHIJIE]), ("3", collectors[CHASHAN])):
        answer = await visitor.post("/parties", renamed, key=key, who=who)
        assert answer.status_code == 201
        assert answer.json()["person_id"] != request.person_id
    seen = await visitor.get(f"/requests/{request.id}", visitor.harness.town)
    assert seen.json()["applicant"]["name"] == "张三"


async def test_lookups_are_limited_per_call_and_per_minute(visitor: Visitor) -> None:
    settings = visitor.runtime.settings
    partner = visitor.harness.partners["many"]

    def make_rows(count: int, call: int) -> list[dict[str, object]]:
        return [
            {"idempotency_key": f"{call}-{n}", "party": {"name": f"企业{visitor.number}-{n}"}}
            for n in range(count)
        ]

    most = settings.parties_per_call
    over = await visitor.post("/parties/batch", make_rows(most + 1, 0), who=partner)
    assert over.status_code == 422
    assert f"最多登记{most}个" in over.json()["problems"][0]["zh"]
    calls = settings.parties_per_minute // most
    statuses = [
        (await visitor.post("/parties/batch", make_rows(most, n), who=partner)).status_code
        for n in range(calls)
    ]
    assert statuses == [200] * calls
    for path, body, key in (
        ("/parties/batch", make_rows(1, calls), ""),
        ("/parties", {"name": "企业"}, "p"),
    ):
        late = await visitor.post(path, body, key=key, who=partner)
        assert late.status_code == 429
        assert 0 < int(late.headers["Retry-After"]) <= 60
    other = visitor.harness.partners["few"]
    assert (await visitor.post("/parties/batch", make_rows(1, 0), who=other)).status_code == 200
    staff = visitor.harness.operator
    assert (await visitor.post("/parties/batch", make_rows(most, 0), who=staff)).status_code == 200


# --- who is given them, and for how long ----------------------------------------------------------


async def test_parties_of_a_batch_are_registered_each_by_itself(visitor: Visitor) -> None:
    alone = await visitor.post(
        "/parties",
        {"name": "茶园公司", "phone": visitor.phone},
        key="p-1",
        who=visitor.harness.operator,
    )
    rows = [
        {
            "idempotency_key": visitor.key("b-1"),
            "party": {"name": "茶园公司", "phone": visitor.phone},
        },
        {"idempotency_key": visitor.key("b-2"), "party": {"name": "某店", "phone": "138"}},
        {"idempotency_key": visitor.key("b-3"), "party": {"name": f"无电话{visitor.number}"}},
        {"idempotency_key": visitor.key("b-4"), "party": {"name": f"无电话{visitor.number}"}},
    ]
    first = (await visitor.post("/parties/batch", rows, who=visitor.harness.operator)).json()[
        "answers"
    ]
    again = (await visitor.post("/parties/batch", rows, who=visitor.harness.operator)).json()[
        "answers"
    ]
    assert first == again
    assert [each["status"] for each in first] == [201, 422, 201, 201]
    assert first[0]["person_id"] == alone.json()["person_id"], "the same name at the same phone"
    assert first[2]["person_id"] == first[3]["person_id"] != first[0]["person_id"]
    assert [problem["field"] for problem in first[1]["problems"]] == ["phone"]
    (contact,) = await visitor.contact(first[0]["person_id"])
    assert contact["phone"] == visitor.phone


async def test_contacts_are_given_to_services_and_every_look_is_logged(visitor: Visitor) -> None:
    party = await visitor.post(
        "/parties",
        {"name": "茶园公司", "phone": visitor.phone},
        key="p-1",
        who=visitor.harness.operator,
    )
    person = party.json()["person_id"]
    unknown = f"P-unknown{visitor.number}"
    asked = {"purpose": "test", "person_ids": [person]}
    assert (await visitor.post("/internal/contacts", asked)).status_code == 403
    known, nobody = await visitor.contact(person, unknown)
    assert known["phone"] == visitor.phone
    assert nobody["erased"]
    looks = await visitor.looks(person, unknown)
    assert {(row["person_id"], row["who"]) for row in looks} == {
        (person, "notify"),
        (unknown, "notify"),
    }
    assert visitor.phone not in repr(looks)

    service = visitor.harness.service
    wish = {"person_id": person, "channel": "sms", "language": "en"}
    assert (await visitor.post("/internal/preference", wish)).status_code == 403
    assert (await visitor.post("/internal/preference", wish, who=service)).status_code == 200
    ids = {"person_ids": [person, unknown]}
    assert (await visitor.post("/internal/preferences", ids)).status_code == 403
    said = await visitor.post("/internal/preferences", ids, who=service)
    assert said.json() == {"preferences": [wish]}

    phone = {"purpose": "giver_sign_in", "phone": visitor.phone}
    assert (await visitor.post("/internal/phone-owners", phone)).status_code == 403
    owners = await visitor.post("/internal/phone-owners", phone, who=service)
    assert owners.json() == {"phone-owners": [{"person_id": person}]}, "as staff registered him"
    stranger = phone | {"phone": "+8613900000001"}
    nobody_there = await visitor.post("/internal/phone-owners", stranger, who=service)
    assert nobody_there.json() == {"phone-owners": []}


async def test_names_are_given_to_services_alone_and_every_look_is_logged(visitor: Visitor) -> None:
    party = await visitor.post(
        "/parties",
        {"name": "茶园公司", "phone": visitor.phone},
        key="p-1",
        who=visitor.harness.operator,
    )
    person, unknown = party.json()["person_id"], f"P-unknown{visitor.number}"
    asked = {"purpose": "donor_name_shown", "person_ids": [person, unknown]}
    assert (await visitor.post("/internal/names", asked)).status_code == 403
    answer = await visitor.post("/internal/names", asked, who=visitor.harness.service)
    assert answer.json() == {
        "names": [
            {"person_id": person, "name": "茶园公司"},
            {"person_id": unknown, "name": None},
        ]
    }
    looks = await visitor.looks(person, unknown)
    assert {row["purpose"] for row in looks} == {"donor_name_shown"}
    assert "茶园公司" not in repr(looks)


async def test_who_is_called_so_is_said_to_services_alone_and_every_look_is_logged(
    visitor: Visitor,
) -> None:
    name = f"茶园公司{visitor.number}"
    party = {"name": name, "phone": visitor.phone}
    registered = await visitor.post("/parties", party, key="p-1", who=visitor.harness.operator)
    person = registered.json()["person_id"]
    asked = {"name": f" {name[:2]} {name[2:]} ", "for_whom": "fin-maker"}
    assert (await visitor.post("/internal/namesakes", asked)).status_code == 403
    service = visitor.harness.service
    answer = await visitor.post("/internal/namesakes", asked, who=service)
    assert answer.json() == {"namesakes": [{"person_id": person}]}
    [look] = await visitor.looks(person)
    assert (look["purpose"], look["for_whom"]) == ("gift_search", "fin-maker")
    nobody = await visitor.post("/internal/namesakes", asked | {"name": f"不{name}"}, who=service)
    assert nobody.json() == {"namesakes": []}
    part = await visitor.post("/internal/namesakes", asked | {"name": name[:3]}, who=service)
    assert part.json() == {"namesakes": []}, "a part of a name finds nobody"


async def test_an_erased_person_breaks_nothing(visitor: Visitor) -> None:
    told = await visitor.submit()
    person = (await visitor.request(told["request_id"])).person_id
    await visitor.erase(person)
    (contact,) = await visitor.contact(person)
    assert contact["erased"]
    assert contact["phone"] is None
    seen = await visitor.get(f"/requests/{told['request_id']}", visitor.harness.town)
    assert seen.json()["text"] is None


async def test_who_sends_the_code_of_his_page_reads_corrects_and_erases_what_is_his(
    visitor: Visitor,
) -> None:
    applicant = {"name": "张三", "phone": visitor.phone, "contact_of": "own"}
    id_ = (await visitor.submit(applicant=applicant))["request_id"]
    request, now = await visitor.request(id_), await visitor.runtime.processor.now()
    ends = now + timedelta(days=1)
    holder = request.person_id
    own = f"/r/{visitor.stack.keyring.make_link('request', id_, ends, now, holder=holder)}/own"

    async def press(act: str, code: str, **form: str) -> tuple[int, str]:
        answer = await visitor.http.post(f"{own}/{act}", data={"code": code, **form})
        return answer.status_code, answer.text

    async def take_code(sender: Visitor, at: int) -> str:
        line = re.search(r"本人 (\d{8})", (await visitor.http.post(f"{own}/code")).text)
        assert line is not None
        for act in ("open", "export", "correct", "erase"):
            assert (await press(act, line.group(1), read="yes"))[0] in (403, 422), act
        await sender.sms(line.group(0), at=at)
        return line.group(1)

    page = await visitor.get(own)
    assert page.status_code == 200
    assert visitor.phone[3:] not in page.text
    assert (await press("export", "12345678"))[0] == 403
    stolen = await take_code(Visitor(visitor.harness), 1_642_000_100)
    for act in ("open", "export", "correct", "erase"):
        status, text = await press(act, stolen, read="yes", name="王五", form="json")
        assert (status, "本人" in text, visitor.phone in text) == (403, True, False), act
    await visitor.sms("屋漏水漏到床都湿了", at=1_642_000_150)
    code = await take_code(visitor, 1_642_000_200)
    assert (await press("open", code))[0] == 200
    assert "屋漏水漏到床都湿了" in (await press("export", code))[1]
    status, text = await press("export", code, form="json")
    assert status == 200
    assert visitor.phone in text
    assert "在网上查看或保存自己的资料" in text
    assert "屋漏水漏到床都湿了" in [row["text"] for row in json.loads(text)["messages"]]
    assert (await press("correct", code))[0] == 422
    assert (await press("correct", code, name="张珊"))[0] == 200
    listed = (await visitor.get("/messages?limit=200", visitor.harness.town)).json()["messages"]
    [asked] = [row for row in listed if row["channel"] == "web"]
    read = await visitor.get(f"/messages/{asked['message_id']}", visitor.harness.town)
    assert "姓名改为“张珊”" in read.text
    assert (await press("erase", code))[0] == 422, "he has to have read it"
    await deliver(visitor, request, f"M-{visitor.number}")
    status, text = await press("erase", code, read="yes")
    assert (status, "有帮助正在送来" in text) == (409, True)
    confirmed = make_match_event(MatchConfirmed, request, 20_000).data
    match_id = f"M-{visitor.number}"
    await visitor.stack.publish(visitor.stack.own("/matching", match_id, 2, confirmed))
    await visitor.becomes(id_, lambda request: request.matches[match_id].stage == "confirmed")
    status, text = await press("erase", code, read="yes")
    assert (status, "已经删除" in text) == (200, True)
    forgotten = await mongo.find(visitor.runtime.database, Message, {"key": None})
    assert {message.state for message in forgotten} <= {"understood", "handled"}
    assert len(forgotten) >= 3, "two codes or more, and what he wrote between"
    assert (await visitor.contact(holder))[0]["phone"] is None
    assert (await press("erase", code, read="yes"))[0] == 401, "his links are over with him"


async def test_who_has_the_link_tries_no_codes_by_the_thousand(visitor: Visitor) -> None:
    id_ = (await visitor.submit())["request_id"]
    request, now = await visitor.request(id_), await visitor.runtime.processor.now()
    ends = now + timedelta(days=1)
    token = visitor.stack.keyring.make_link("request", id_, ends, now, holder=request.person_id)
    visitor.runtime.resources.own_quota.take(id_, proofs.TRIES_PER_MINUTE - 1)
    typed = {"code": "12345678"}
    assert (await visitor.http.post(f"/r/{token}/own/open", data=typed)).status_code == 403
    for act in ("open", "export", "correct", "erase", "code"):
        answer = await visitor.http.post(
            f"/r/{token}/own/{act}", data=typed, headers={"Accept": "text/html"}
        )
        assert (answer.status_code, "过于频繁" in answer.text) == (429, True), act
        assert int(answer.headers["Retry-After"]) <= 60


async def test_links_of_a_person_stop_when_staff_says_so_or_he_is_erased(visitor: Visitor) -> None:
    id_ = (await visitor.submit())["request_id"]
    person = (await visitor.request(id_)).person_id

    async def make_link(seconds: int = 0) -> str:
        now = await visitor.runtime.processor.now() + timedelta(seconds=seconds)
        ends = now + timedelta(days=1)
        return f"/r/{visitor.stack.keyring.make_link('request', id_, ends, now, holder=person)}"

    first, revoking = await make_link(), f"/persons/{person}/links/revoke"
    elsewhere = await visitor.post(revoking, key="a", who=visitor.harness.elsewhere)
    assert (elsewhere.status_code, (await visitor.get(first)).status_code) == (404, 200)
    assert (await visitor.post(revoking, key="b", who=visitor.harness.town)).status_code == 200
    assert (await visitor.get(first)).status_code == 401
    assert (await visitor.http.post(f"{first}/withdraw")).status_code == 401
    second, third = await make_link(), await make_link(seconds=1)
    leaked = {"link": f"https://gj.example{second}"}
    await visitor.post("/links/revoke", leaked, key="c", who=visitor.harness.town)
    assert [(await visitor.get(path)).status_code for path in (second, third)] == [401, 200]
    third = await make_link()
    await visitor.erase(person)
    assert (await visitor.get(third)).status_code == 401
    said = await visitor.published(topics.PERSONS, person, count=2)
    assert [event["type"] for event in said] == [PersonLinksRevoked.TYPE, PersonErased.TYPE]
