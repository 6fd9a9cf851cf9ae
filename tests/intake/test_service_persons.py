"""Pictures of a case, and one person on one page: seen, corrected, handed over, erased."""

import re

from shared.contracts.links import REQUEST
from shared.security import Role
from shared.towns import town_name
from tests.intake.builders import CHASHAN, SHIJIE
from tests.intake.desk import sign_in, submit_large
from tests.intake.harness import Visitor
from tests.intake.test_attachments import PDF, draw
from tests.support.browser import Browser


async def test_pictures_are_seen_by_who_works_on_the_case_and_by_who_sent_them(
    visitor: Visitor,
) -> None:
    """Staff put one there, the applicant another; nobody of elsewhere finds either, and erasing
    the person leaves nothing to open."""
    request_id = await submit_large(visitor, key="pictures")
    stored = await visitor.request(request_id)
    browser = await sign_in(visitor, "s-town", Role.APPROVER_TOWN, CHASHAN)
    elsewhere = await sign_in(visitor, "s-elsewhere", Role.APPROVER_TOWN, "441900104")
    path = f"/cases/{request_id}"
    picture = {"file": ("家.jpg", draw(), "text/html")}
    put = await browser.http.post(f"{path}/files", data={"kind": "before"}, files=picture)
    assert put.status_code == 303, put.text
    page = await browser.get(path)
    (small,) = re.findall(r'<img src="(/cases/[^"]+size=small)"', page.text)
    picture_path = small.partition("/files")[2]
    shown = await browser.get(small)
    assert (shown.headers["content-type"], shown.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "家.jpg" not in shown.headers["content-disposition"]
    assert "前（现状）" in page.text
    assert (await elsewhere.get(small)).status_code == 404
    foreign = await elsewhere.http.post(f"{path}/files", data={"kind": "after"}, files=picture)
    assert foreign.status_code == 404
    there = {"name": "欧阳丙", "phone": visitor.phone}
    theirs = await visitor.submit(key="p-2", area={"town_code": "441900104"}, applicant=there)
    through_own = f"/cases/{theirs['request_id']}/files{picture_path}"
    assert (await elsewhere.get(through_own)).status_code == 404
    assert (await elsewhere.post(f"{through_own.partition('?')[0]}/remove")).status_code == 404
    program = {"file": ("a.jpg", b"MZ" + bytes(99), "image/jpeg")}
    refused = await browser.http.post(f"{path}/files", data={"kind": "proof"}, files=program)
    assert refused.status_code == 422
    assert "这里可以放照片" in refused.text

    now = await visitor.runtime.processor.now()
    token = visitor.stack.keyring.make_link(
        REQUEST.purpose, request_id, REQUEST.compute_end(now), now, holder=stored.person_id
    )
    own = Browser(visitor.http)
    document = {"file": ("诊断.pdf", PDF, "image/png")}
    sent = await own.http.post(REQUEST.path(token, "files"), files=document)
    assert sent.status_code == 303
    page = await own.get(REQUEST.path(token))
    (address,) = re.findall(r'href="(/r/[^"]+/files/[^"]+)"', page.text)
    saved = await own.get(address)
    assert saved.content == PDF
    assert saved.headers["content-disposition"].startswith("attachment")
    assert (await own.get(address.rpartition("/")[0] + picture_path)).status_code == 404
    assert {row["purpose"] for row in await visitor.looks(stored.person_id)} >= {"read_attachment"}

    await visitor.erase(stored.person_id)
    assert (await browser.get(small)).status_code == 404
    assert await visitor.database["attachment_files.files"].count_documents({}) == 0


async def test_one_person_is_corrected_handed_to_himself_and_erased_by_page(
    visitor: Visitor,
) -> None:
    """Two records that look alike are joined and taken apart; a collector neither exports nor
    erases, and who erases says first that he read what it does."""
    request_id = await submit_large(
        visitor, key="own", applicant={"name": "端木乙", "phone": visitor.phone}
    )
    other_id = await submit_large(
        visitor, key="two", applicant={"name": "端木甲", "phone": visitor.phone}
    )
    person, other = [(await visitor.request(id_)).person_id for id_ in (request_id, other_id)]
    city = await sign_in(visitor, "s-city", Role.APPROVER_CITY)
    collector = await sign_in(visitor, "s-walk", Role.COLLECTOR, CHASHAN)
    elsewhere = await sign_in(visitor, "s-elsewhere", Role.APPROVER_TOWN, "441900104")
    path = f"/desk/persons/{person}"
    assert path in (await city.get(f"/cases/{request_id}")).text

    alike = await city.get("/desk/alike")
    assert {"端木甲", "端木乙"} <= set(re.findall("端木.", alike.text))
    (row,) = [each for each in alike.text.split("<section") if "端木甲" in each]
    (merge,) = re.findall(r'action="(/desk/alike/[^"]+/merge)"', row)
    assert (await city.http.post(merge)).status_code == 303
    page = await city.get(path)
    assert other in page.text
    assert (await city.http.post(f"{path}/unmerge")).status_code == 303
    assert other not in (await city.get(path)).text

    wrong = await collector.http.post(f"{path}/correct", data={"phone": "123", "reason": "身份证"})
    assert wrong.status_code == 422
    right = {"name": "端木丙", "reason": "看过身份证"}
    assert (await collector.http.post(f"{path}/correct", data=right)).status_code == 303
    page = await collector.get(path)
    assert "端木丙" in page.text
    for verb in ("export", "erase"):
        assert (await collector.http.post(f"{path}/{verb}")).status_code == 403
    assert (await elsewhere.get(path)).status_code == 404

    printed = await city.http.post(f"{path}/export")
    assert "家里漏雨" in printed.text
    saved = await city.http.post(f"{path}/export", data={"form": "json"})
    assert saved.json()["texts"][request_id] == "家里漏雨"
    unread = await city.http.post(f"{path}/erasure")
    assert unread.status_code == 422
    assert "请先看过删除会带来什么" in unread.text
    read = {"read": "yes"}
    bounded = await sign_in(visitor, "s-bounded", Role.APPROVER_CITY, CHASHAN)
    for verb in ("erasure", "erasure/refuse", "erase"):
        assert (await bounded.http.post(f"{path}/{verb}", data=read)).status_code == 403, (
            "of a town"
        )
    assert (await city.http.post(f"{path}/erase", data=read)).status_code == 409, "not proposed"
    assert (await city.http.post(f"{path}/erasure", data=read)).status_code == 303
    assert "请另一位市级审批人员" in (await city.get(path)).text
    alone = await city.http.post(f"{path}/erase", data=read)
    assert alone.status_code == 409
    assert "端木丙" in alone.text
    second = await sign_in(visitor, "s-city-2", Role.APPROVER_CITY)
    assert person in (await second.get("/desk/erasures")).text
    assert "确认删除" in (await second.get(path)).text
    assert (await second.http.post(f"{path}/erase", data=read)).status_code == 303
    page = await city.get(path)
    assert "端木" not in page.text
    assert (await visitor.request(request_id)).state == "withdrawn"
    assert (await visitor.request(other_id)).state == "recorded", "who shares the phone"


async def test_a_town_that_records_a_name_and_a_phone_reads_nothing_that_another_entered(
    visitor: Visitor,
) -> None:
    """Nor does it end his links, choose how he is told, or end what the other town works on."""
    number = "441999194910011238"
    applicant = {"name": "尉迟丁", "phone": visitor.phone}
    there = await visitor.post(
        "/requests",
        visitor.body(area={"town_code": SHIJIE}, applicant={**applicant, "id_number": number}),
        key="there",
        who=visitor.harness.collectors[SHIJIE],
    )
    here = await visitor.post(
        "/requests",
        visitor.body(area={"town_code": CHASHAN}, applicant=applicant),
        key="here",
        who=visitor.harness.collectors[CHASHAN],
    )
    case, theirs = here.json()["request_id"], there.json()["request_id"]
    person = (await visitor.request(case)).person_id
    assert (await visitor.request(theirs)).person_id == person
    town, collector = visitor.harness.town, visitor.harness.collectors[CHASHAN]
    found = await visitor.post("/persons/find", {"phone": visitor.phone}, who=collector)
    (hit,) = found.json()["persons"]
    assert (hit["name"], hit["phone"]) == ("尉迟丁", visitor.phone)
    assert (hit["id_number"], hit["town_zh"]) == (None, "")
    exported = await visitor.post(f"/persons/{person}/export", who=town)
    assert exported.status_code == 200
    assert number[-4:] not in exported.text.replace(person, "")
    assert exported.json()["looks"] == []
    for path in (f"/persons/{person}/preference", f"/persons/{person}/links/revoke"):
        refused = await visitor.post(path, {"language": "en"}, key=path[-6:], who=town)
        assert refused.status_code == 403
        assert refused.json()["problems"][0]["code"] == "person_elsewhere"
    word = {"purpose": "handling", "word": "end", "way": "spoken"}
    browser = await sign_in(visitor, "s-here", Role.COLLECTOR, CHASHAN)
    assert (await browser.http.post(f"/cases/{case}/consent", data=word)).status_code == 303
    assert (await visitor.request(case)).state == "withdrawn"
    assert (await visitor.request(theirs)).state != "withdrawn"
    full = await visitor.post(f"/persons/{person}/export", who=visitor.harness.elsewhere)
    assert full.json()["id_number"] == number


async def test_a_case_shows_what_its_person_received_before_from_any_fund_and_town(
    visitor: Visitor,
) -> None:
    """What, when, where and of which fund; who asked for it there stays with who works there."""
    named = {"name": "宇文丙", "phone": visitor.phone}
    there = await submit_large(
        visitor, key="before", applicant=named, area={"town_code": SHIJIE}, text="床板断了"
    )
    here = await submit_large(visitor, key="now", applicant=named)
    now = await visitor.runtime.processor.now()
    portion = {"quantity": 120_000, "stage": "confirmed", "fund_id": "F-other", "at": now}
    changes = {"matches": {f"M-{there}-O-1-1": portion}}
    await visitor.database["requests"].update_one({"_id": there}, {"$set": changes})
    browser = await sign_in(visitor, "s-reads-past", Role.APPROVER_TOWN, CHASHAN)
    page = (await browser.get(f"/cases/{here}")).text
    (row,) = re.findall(r"<li>[^<]*<strong><bdi>[^<]*1,200.00[^<]*</bdi></strong>.*?</li>", page)
    assert "已收到" in row
    assert town_name(SHIJIE) in row
    assert "F-other" in row
    assert "床板断了" not in page


async def test_who_met_a_person_or_recorded_for_him_is_told_to_our_services(
    visitor: Visitor,
) -> None:
    """As it stands here, before any event of it is heard; nobody else is told."""
    asked = visitor.body()
    created = await visitor.post("/requests", asked, key="w", who=visitor.harness.collector)
    request_id = created.json()["request_id"]
    [request] = await visitor.database["requests"].find({"_id": request_id}).to_list()
    seen = {"seen": {"manner": "visit"}}
    met = await visitor.post(
        f"/requests/{request_id}/vouch", seen, key="v", who=visitor.harness.village
    )
    assert met.status_code == 200, met.text
    service = visitor.harness.service
    answers = {}
    for by in ("lin", "village", "town"):
        query = {"person_ids": [request["person_id"], "P-nobody"], "by": by}
        assert (await visitor.post("/internal/vouched", query)).status_code == 403
        answer = await visitor.post("/internal/vouched", query, who=service)
        answers[by] = [row["vouched"] for row in answer.json()["vouched"]]
    assert answers == {"lin": [True, False], "village": [True, False], "town": [False, False]}
