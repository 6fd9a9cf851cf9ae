"""The page of a message: whose it is, and which case or delivery it is about."""

import re

from shared.security import Role
from tests.intake.builders import CHASHAN, SHIJIE
from tests.intake.desk import sign_in, submit_large
from tests.intake.harness import Visitor


async def test_a_message_is_noted_on_a_case_by_choosing_it_or_by_the_six_signs_people_see(
    visitor: Visitor,
) -> None:
    """Several with the same signs are chosen from; of another town none is seen."""
    names = [f"某{visitor.number}{sign}" for sign in "甲乙丙"]
    another = visitor.phone[:-1] + ("7" if visitor.phone[-1] != "7" else "8")
    sent = ((visitor.phone, CHASHAN), (another, CHASHAN), (visitor.phone, SHIJIE))
    own, other, foreign = [
        await submit_large(
            visitor,
            key=f"note-{number}",
            applicant={"name": names[number], "phone": phone},
            area={"town_code": town},
        )
        for number, (phone, town) in enumerate(sent)
    ]
    browser = await sign_in(visitor, "s-noter", Role.APPROVER_TOWN, CHASHAN)
    signs = own[-6:]
    same = {"$set": {"ending_of_id": signs}}
    requests = visitor.database["requests"]

    async def write(text: str, at: int) -> str:
        await visitor.sms(text, at=at)
        listed = await visitor.get("/messages?limit=200", visitor.harness.operator)
        return f"/inbox/{listed.json()['messages'][-1]['message_id']}"

    for number, typed in enumerate(({"request_id": signs.upper()}, {"target": own})):
        path = await write(f"{visitor.number}那件事{number}", 1_642_000_010 + number)
        await visitor.database["messages"].update_many({}, {"$set": {"town_code": CHASHAN}})
        page = (await browser.get(path)).text
        assert names[0] in page
        assert names[2] not in page, "who is of another town"
        assert f'value="{own}"' in page
        assert not any(f'value="{id_}"' in page for id_ in (other, foreign))
        await requests.update_one({"_id": foreign}, same)
        if number == 0:
            await requests.update_one({"_id": other}, same)
            several = await browser.post(f"{path}/handle", handling="note", reason="备注", **typed)
            assert (several.status_code, "有2件诉求是这个尾号" in several.text) == (422, True)
            assert all(f'value="{id_}"' in several.text for id_ in (own, other))
            assert f'value="{foreign}"' not in several.text
            await requests.update_one({"_id": other}, {"$set": {"ending_of_id": "000000"}})
        done = await browser.post(f"{path}/handle", handling="note", reason="备注", **typed)
        assert done.status_code == 303, done.text
        noted = await visitor.get(path.replace("/inbox", "/messages"), visitor.harness.town)
        assert noted.json()["request_id"] == own
        assert f"{visitor.number}那件事{number}" in (await browser.get(f"/cases/{own}")).text


async def test_a_wechat_message_says_whose_account_it_is_to_who_may_see_him(
    visitor: Visitor,
) -> None:
    await visitor.says("1", "助学 300元 茶山镇 李四")
    (request,) = await visitor.requests()
    await visitor.says("2", "取消我妈那个好了麻烦你们了")
    row = await visitor.database["messages"].find_one({"state": "unread"})
    assert row is not None
    browser = await sign_in(visitor, "s-namer", Role.APPROVER_TOWN, CHASHAN)
    page = (await browser.get(f"/inbox/{row['_id']}")).text
    assert f'<a href="/desk/persons/{request.person_id}"><bdi>李四</bdi></a>' in page
    assert "find_person" in {look["purpose"] for look in await visitor.looks(request.person_id)}
    elsewhere = {"$set": {"town_code": SHIJIE}}
    await visitor.database["messages"].update_one({"_id": row["_id"]}, elsewhere)
    stranger = await sign_in(visitor, "s-unnamed", Role.APPROVER_TOWN, SHIJIE)
    page = (await stranger.get(f"/inbox/{row['_id']}")).text
    assert "李四" not in page
    assert "没有登记，或不在您的辖区" in page


async def test_an_answer_is_read_for_the_delivery_that_waits_and_a_choice_where_two_do(
    visitor: Visitor,
) -> None:
    id_ = await submit_large(visitor, applicant={"name": "吴十", "phone": visitor.phone})
    await visitor.vouch(id_)
    browser = await sign_in(visitor, "s-hearer", Role.APPROVER_TOWN, CHASHAN)
    await visitor.sms(f"{visitor.number}说不清", at=1_642_000_020)
    await visitor.database["messages"].update_many({}, {"$set": {"town_code": CHASHAN}})
    row = await visitor.database["messages"].find_one({"state": "unread"})
    assert row is not None
    path = f"/inbox/{row['_id']}"
    said = {"handling": "answer", "reason": "电话里说的", "meaning": "not_received"}
    await browser.get(path)
    none = await browser.post(f"{path}/handle", request_id=id_[-6:], **said)
    assert "没有等待答复的送达" in none.text
    portion = {"quantity": 100, "stage": "delivered", "fund_id": "", "at": None}
    matches = {f"M-{id_}-O-1-1": portion, f"M-{id_}-O-2-1": portion}
    await visitor.database["requests"].update_one({"_id": id_}, {"$set": {"matches": matches}})
    two = await browser.post(f"{path}/handle", request_id=id_[-6:], **said)
    assert "请选择是哪一次" in two.text
    first = next(iter(matches))
    assert f'value="{first}"' in two.text
    done = await browser.post(f"{path}/handle", target=first, **said)
    assert done.status_code == 303, done.text
    stored = await visitor.database["messages"].find_one({"_id": row["_id"]})
    assert stored is not None
    assert (stored["request_id"], stored["match_id"]) == (id_, first)


async def test_a_conversation_is_one_row_and_one_decision_and_what_comes_since_waits(
    visitor: Visitor,
) -> None:
    """Every text stands on the case, and the form is filled in with the words it is from."""
    for number, text in enumerate(("轮椅", "惠州", "茶山那边", "我妈那里")):
        await visitor.sms(text, at=1_642_000_030 + number)
    messages = visitor.database["messages"]
    last = await messages.find_one({}, sort=[("received_at", -1)])
    assert last is not None
    own = {"point_id": last["point_id"]}
    await messages.update_many(
        {"point_id": {"$ne": last["point_id"]}}, {"$set": {"state": "handled"}}
    )
    await messages.update_many(own, {"$set": {"town_code": CHASHAN, "state": "unread"}})
    first = await messages.find_one(own, sort=[("received_at", 1), ("_id", 1)])
    assert first is not None
    path = f"/inbox/{first['_id']}"
    browser = await sign_in(visitor, "s-reads-all", Role.APPROVER_TOWN, CHASHAN)
    inbox = (await browser.get("/inbox")).text
    assert inbox.count('href="/inbox/') == 1
    assert "轮椅 / 惠州 / 茶山那边 / 我妈那里" in inbox
    assert "4 条" in inbox
    stranger = await sign_in(visitor, "s-reads-none", Role.APPROVER_TOWN, SHIJIE)
    assert "轮椅" not in (await stranger.get("/inbox")).text
    page = (await browser.get(path)).text
    assert 'name="item" value="轮椅"' in page
    assert "来自：" in page
    ticked = dict.fromkeys(re.findall(r'name="(read-[^"]+)"', page), "1")
    assert len(ticked) == 4
    await visitor.sms("还有别的事情要说", at=1_642_000_040)
    await messages.update_many({}, {"$set": {"town_code": CHASHAN}})
    typed = {"name": "王芳", "item": "轮椅", "quantity": "1", "unit": "台", "town": CHASHAN}
    typed |= {"category": "disability", "class": "general", "several": "1", "reason": "来信"}
    none = await browser.post(f"{path}/request", **typed)
    assert (none.status_code, "请勾选要一并处理的来信" in none.text) == (422, True)
    made = await browser.post(f"{path}/request", **typed, **ticked)
    assert made.status_code == 303, made.text
    case = (await browser.get(made.headers["location"])).text
    assert "轮椅\n惠州\n茶山那边\n我妈那里" in case
    left = (await browser.get("/inbox")).text
    assert "还有别的事情要说" in left
    assert "茶山那边" not in left
