"""Messages of people on a running intake: kept, asked about, read by staff, answered, forgotten."""

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

from services.intake.model import Person, Reply
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import MatchConfirmed, MatchDelivered, MatchReopened
from tests.intake.builders import CHASHAN, make_match_event
from tests.intake.harness import Visitor
from tests.intake.test_attachments import draw


async def test_an_sms_is_a_request_and_a_later_one_says_it_arrived(visitor: Visitor) -> None:
    for _ in range(2):
        said = await visitor.sms("心愿 生活物资 200元 茶山镇 低保 张三")
        assert said.json() == {"result": 0, "errmsg": "OK"}
    (request,) = await visitor.requests()
    assert (request.channel, request.state) == ("sms", "recorded")
    assert (await visitor.vouch(request.id))["state"] == "open"
    match_id = f"M-{visitor.number}"
    delivered = make_match_event(MatchDelivered, request, 20_000).data
    await visitor.stack.publish(visitor.stack.own("/matching", match_id, 1, delivered))
    await visitor.becomes(request.id, lambda request: request.matches)
    await visitor.sms("收到", at=1_642_000_100)
    (reply,) = await mongo.find(visitor.database, Reply, {"person_id": request.person_id})
    (event,) = await visitor.published(topics.RECEIPTS, reply.id, count=1)
    assert event["data"] == {
        "person_id": request.person_id,
        "meaning": "received",
        "match_id": match_id,
        "channel": "sms",
    }


async def test_no_word_is_lost_and_somebody_of_the_town_reads_it(visitor: Visitor) -> None:
    """Asked for what is missing, kept for a person, made a request, forgotten."""
    town, elsewhere = visitor.harness.town, visitor.harness.elsewhere
    first = (await visitor.says("1", "家里老人瘫痪，求一辆轮椅，茶山镇")).text
    assert "请问是为谁申请" in first
    assert (await visitor.says("1", "家里老人瘫痪，求一辆轮椅，茶山镇")).text.count("请问") == 1
    media_id = await visitor.upload(draw())
    photo = f"<MsgType>image</MsgType><MsgId>{visitor.key('2')}</MsgId>"
    photo += f"<MediaId>{media_id}</MediaId>"
    assert "保存好后会随您的诉求" in (await visitor.wechat(photo)).text
    said = (await visitor.says("3", "我妈妈王芳")).text
    (request,) = await visitor.requests()
    assert request.id in said
    assert request.id in (await visitor.says("3", "我妈妈王芳")).text, "pushed again"
    assert (request.need.item, request.need.unit, request.area.town_code) == ("轮椅", "台", CHASHAN)
    about = await visitor.get(f"/messages?state=&request_id={request.id}", town)
    assert about.status_code == 422
    about = await visitor.get(f"/messages?state=understood&request_id={request.id}", town)
    assert [row["kind"] for row in about.json()["messages"]] == ["text", "image", "text"]
    image = about.json()["messages"][1]["message_id"]
    (file,) = (await visitor.becomes(request.id, lambda request: request.attachments)).attachments
    for path in (f"/messages/{image}", f"/requests/{request.id}"):
        path = f"{path}/attachments/{file}"
        assert (await visitor.get(path, town)).headers["Content-Type"] == "image/jpeg"
        assert (await visitor.get(path, elsewhere)).status_code == 404
        assert (await visitor.get(path, visitor.harness.auditor)).status_code == 403

    await visitor.sms("我要投诉，茶山镇，再不管我就不想活了")
    await visitor.sms("茶山镇的事情，你们看看吧", at=1_642_000_001)
    mine = (await visitor.get("/messages?limit=200", town)).json()["messages"]
    mine = [row for row in mine if row["phone"] == visitor.phone]
    assert [(row["urgent"], row["reading"]) for row in mine] == [
        (True, "emergency"),
        (True, "unknown"),
    ]
    assert await visitor.looks(*[(await visitor.message(row)).point_id for row in mine])
    path = f"/messages/{mine[1]['message_id']}"
    assert (await visitor.get(path, elsewhere)).status_code == 404
    assert "text" not in (await visitor.get(path, visitor.harness.auditor)).json()
    wanted = {
        "kind": "project",
        "category": "public_works",
        "need": {"unit": "次", "quantity": 1, "item": "便民工程"},
        "area": {"town_code": CHASHAN},
        "name": "王先生",
        "reason": "来信反映路灯",
        "contacted": "called",
    }
    for _ in range(2):
        made = await visitor.post(f"{path}/request", wanted, key="made", who=town)
        assert made.status_code in (200, 201), made.text
    made_id = (await visitor.get(path, town)).json()["request_id"]
    assert (await visitor.request(made_id)).recorded_by == "town"
    own = await visitor.post(f"/requests/{made_id}/approve", key="own", who=town)
    assert own.status_code == 409, "who recorded it approves nothing"
    answered = await visitor.published(topics.RECEIPTS, mine[0]["message_id"], count=2)
    assert {event["type"].split(".")[2] for event in answered} == {"queued", "answered"}
    assert visitor.phone not in str(answered)
    (contact,) = await visitor.contact((await visitor.message(mine[0])).point_id)
    assert contact["phone"] == visitor.phone
    person_id = (await visitor.request(made_id)).person_id
    await visitor.erase(person_id)
    assert (await visitor.get(path, town)).json()["forgotten"]


async def test_who_writes_that_nothing_came_has_his_closed_request_reopened(
    visitor: Visitor,
) -> None:
    """Also where somebody else confirmed it for him."""
    id_ = (await visitor.submit())["request_id"]
    request, match_id = await visitor.request(id_), f"M-{visitor.number}"
    facts = [
        make_match_event(kind, request, 20_000).data for kind in (MatchDelivered, MatchConfirmed)
    ]
    told = [visitor.stack.own("/matching", match_id, n, fact) for n, fact in enumerate(facts, 1)]
    await visitor.stack.publish(*told)
    await visitor.becomes(id_, lambda request: request.state == "closed")
    await visitor.sms("没有收到。")
    (reply,) = await mongo.find(visitor.database, Reply, {"person_id": request.person_id})
    (event,) = await visitor.published(topics.RECEIPTS, reply.id, count=1)
    assert (event["data"]["meaning"], event["data"]["match_id"]) == ("not_received", match_id)
    reopened = make_match_event(MatchReopened, request, 20_000, was="confirmed").data
    await visitor.stack.publish(visitor.stack.own("/matching", match_id, 3, reopened))
    await visitor.becomes(id_, lambda request: request.state == "open")
    events = await visitor.published(topics.REQUESTS, id_, count=3)
    kinds = [event["type"].split(".")[2] for event in sorted(events, key=_sequence)]
    assert kinds == ["opened", "closed", "reopened"]


def _sequence(event: dict[str, Any]) -> int:
    return int(event["sequence"])


async def test_a_wechat_message_is_answered_in_the_conversation(visitor: Visitor) -> None:
    asked = await visitor.says("1", "心愿 助学 300元 虎门镇 残疾 李四")
    answer = ElementTree.fromstring(asked.text)
    assert answer.findtext("ToUserName") == visitor.openid
    assert answer.findtext("FromUserName") == "gh_1"
    (request,) = await visitor.requests()
    content = answer.findtext("Content") or ""
    assert request.id in content
    assert "须先由工作人员见到本人" in content
    now = await visitor.runtime.processor.now()
    token = visitor.stack.keyring.make_link("request", request.id, now + timedelta(days=1))
    page = await visitor.get(f"/r/{token}", {"Accept": "text/html"})
    assert "须先由工作人员见到本人" in page.text
    assert "例如" in (await visitor.says("2", "你好")).text


async def test_a_place_without_a_town_is_asked_about_and_taken_for_none(visitor: Visitor) -> None:
    assert "请问在哪个镇街" in (await visitor.says("w1", "求棉被2床，张三")).text
    place = "<Location_X>23.06</Location_X><Location_Y>113.87</Location_Y><Label></Label>"
    id_ = visitor.key("w2")
    asked = await visitor.wechat(f"<MsgType>location</MsgType><MsgId>{id_}</MsgId>{place}")
    assert "请问是石龙镇还是茶山镇？石龙镇请回复1，茶山镇请回复2" in asked.text
    assert not await visitor.requests(), "nobody guesses a town"
    assert "已登记" in (await visitor.says("w3", "２。")).text
    (request,) = await visitor.requests()
    assert (request.area.town_code, request.area.cell is not None) == (CHASHAN, True)


async def test_who_unfollows_is_forgotten(visitor: Visitor) -> None:
    await visitor.says("1", "助学 300元 虎门镇 李四")
    (request,) = await visitor.requests()
    (before,) = await visitor.contact(request.person_id)
    await visitor.wechat("<MsgType>event</MsgType><Event>unsubscribe</Event>")
    (after,) = await visitor.contact(request.person_id)
    assert (before["openid"], before["erased"]) == (visitor.openid, False)
    assert (after["openid"], after["erased"]) == (None, True)


async def test_who_stopped_notices_hears_again_when_he_asks_or_staff_say_so(
    visitor: Visitor,
) -> None:
    async def is_stopped() -> bool:
        person = await mongo.load(visitor.database, Person, request.person_id)
        assert person is not None
        return person.opted_out

    await visitor.sms("心愿 助学 300元 虎门镇 李四", at=1_642_100_001)
    (request,) = await visitor.requests()
    await visitor.sms("退订", at=1_642_100_002)
    assert await is_stopped()
    await visitor.sms("心愿 医疗救助 500元 虎门镇 李四", at=1_642_100_003)
    assert len(await visitor.requests()) == 2
    assert not await is_stopped(), "who asks for something wants to hear of it"

    await visitor.sms("退订", at=1_642_100_004)
    words = f"{visitor.number}号那件事我想了想"
    await visitor.sms(words, at=1_642_100_005)
    assert await is_stopped()
    staff = visitor.harness.collector
    inbox = (await visitor.get("/messages?limit=200", staff)).json()["messages"]
    (id_,) = [each["message_id"] for each in inbox if each.get("text") == words]
    handling = {"handling": "opt_in", "reason": "本人来电要求恢复"}
    headers = staff | {"Idempotency-Key": visitor.key("opt-in")}
    path = f"/messages/{id_}/handle"
    handled = await visitor.http.post(path, json=handling, headers=headers)
    assert handled.status_code == 200, handled.text
    assert not await is_stopped()
