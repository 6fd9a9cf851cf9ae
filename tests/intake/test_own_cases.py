"""我的求助: by a code that only his own phone gets, he sees all that he asked for, and nothing of
anybody else's."""

import re
from typing import Any

import httpx
import pytest

from services.intake.model import WEB_SOURCE, AskOnPage, Request, RequestState
from services.intake.model.request import Portion
from services.intake.pages.mine import MINE_PATH, ON_ITS_PAGE, describe_in_list
from shared import mongo
from shared.contracts.events import RequestSubmitted
from shared.messaging.decision import Command
from shared.revocations import RevokeLinks
from shared.security import Role
from shared.security.spoken_codes import derive_code
from shared.spoken_words import ASKED_PER_DAY, SpokenWord
from shared.web.admission import Quota
from tests.intake.builders import CHASHAN
from tests.intake.harness import Visitor
from tests.support.eventually import eventually

HTML = {"Accept": "text/html"}
OWN = {"contact_of": "own"}
STRANGER = "13900139099"


def find_field(page: httpx.Response, name: str) -> str:
    value = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert value is not None, name
    return value[1]


async def wait_for_codes(
    visitor: Visitor, *person_ids: str, count: int = 1, **fields: object
) -> list[SpokenWord]:
    """That were asked for; the last one is looked up after the answer."""
    query = {"donor_id": {"$in": list(person_ids)}, **fields}

    async def find_words() -> list[SpokenWord]:
        return await mongo.find(visitor.database, SpokenWord, query)

    return await eventually(find_words, lambda words: len(words) == count)


class Phone:
    """A browser of its own, beside somebody's phone."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        transport = visitor.http._transport  # the same service, other cookies
        self.http = httpx.AsyncClient(transport=transport, base_url=visitor.http.base_url)

    async def ask_code(self, number: str, name: str = "") -> dict[str, str]:
        """The form that the code is typed into."""
        first = await self.http.get(f"{MINE_PATH}/sign-in", headers=HTML)
        form = {"form_token": find_field(first, "form_token"), "phone": number, "name": name}
        second = await self.http.post(f"{MINE_PATH}/sign-in", data=form, headers=HTML)
        assert second.status_code == 200
        fields = ("form_token", "phone", "ticket", *(("name",) if name else ()))
        return {field: find_field(second, field) for field in fields}

    async def enter(self, form: dict[str, str], code: str) -> httpx.Response:
        return await self.http.post(
            f"{MINE_PATH}/sign-in/code", data=form | {"code": code}, headers=HTML
        )

    async def sign_in(self, person_id: str, name: str = "") -> None:
        form = await self.ask_code(self.visitor.phone, name)
        [word] = await wait_for_codes(self.visitor, person_id, used_at=None)
        done = await self.enter(form, derive_code(self.visitor.runtime.keyring, word.id))
        assert (done.status_code, done.headers["location"]) == (303, MINE_PATH), done.text

    async def list_cases(self) -> list[str]:
        """Their addresses."""
        page = await self.http.get(MINE_PATH, headers=HTML)
        assert page.status_code == 200
        return re.findall(r'href="(/r/[^"]+)"', page.text)


@pytest.fixture
def phone(visitor: Visitor) -> Phone:
    """All tests come from one address."""
    visitor.harness.running.app.state.phone_sign_in_quota = Quota(1000)
    return Phone(visitor)


async def ask(visitor: Visitor, key: str, **applicant: Any) -> Request:
    named = {"name": "张三", "phone": visitor.phone} | applicant
    return await visitor.request((await visitor.submit(key=key, applicant=named))["request_id"])


async def type_on_page(visitor: Visitor, name: str) -> Request:
    """By anybody, at /ask."""
    applicant = {"name": name, "phone": visitor.phone, **OWN}
    request = RequestSubmitted.model_validate(visitor.body(applicant=applicant))
    key = f"{WEB_SOURCE}|{visitor.phone}-{name}"
    answer = await visitor.runtime.processor.execute(
        Command(AskOnPage(request=request), key=key, principal=WEB_SOURCE)
    )
    return await visitor.request(str(answer.body["request_id"]))


async def test_who_holds_the_phone_sees_his_own_cases_and_no_relatives(
    visitor: Visitor, phone: Phone
) -> None:
    first = await ask(visitor, "1", **OWN)
    second = await ask(visitor, "2", **OWN)
    mother = await ask(visitor, "3", name="李四", contact_of="family")
    assert mother.person_id != first.person_id == second.person_id
    signed_out = await phone.http.get(MINE_PATH, headers=HTML)
    assert (signed_out.status_code, signed_out.headers["location"]) == (303, "/mine/sign-in")
    assert (await phone.http.get(MINE_PATH)).status_code == 401

    await phone.sign_in(first.person_id)
    shown = (await phone.http.get(MINE_PATH, headers=HTML)).text
    for personal in ("张三", "李四", visitor.phone, visitor.phone[3:]):
        assert personal not in shown
    cases = await phone.list_cases()
    assert len(cases) == 2
    pages = [(await phone.http.get(path, headers=HTML)).text for path in cases]
    assert {id_ for id_ in (first.id, second.id, mother.id) if any(id_ in p for p in pages)} == {
        first.id,
        second.id,
    }


async def test_the_code_counts_once_in_the_browser_that_asked(
    visitor: Visitor, phone: Phone
) -> None:
    request = await ask(visitor, "1", **OWN)
    form = await phone.ask_code(visitor.phone)
    unknown = await phone.ask_code(STRANGER)
    [word] = await wait_for_codes(visitor, request.person_id)
    code = derive_code(visitor.runtime.keyring, word.id)
    wrong = "000000" if code != "000000" else "111111"
    for refused, typed in (
        (form, wrong),
        (form | {"ticket": unknown["ticket"]}, code),
        (form | {"phone": STRANGER}, code),
    ):
        assert (await phone.enter(refused, typed)).status_code == 422
    other = Phone(visitor)
    assert (await other.enter(form, code)).status_code == 422, "another browser"
    assert (await phone.enter(form, code)).status_code == 303
    assert (await phone.enter(form, code)).status_code == 422, "once"


async def test_no_answer_says_whether_a_phone_is_known(visitor: Visitor, phone: Phone) -> None:
    await ask(visitor, "1", **OWN)
    pages = []
    for number in (visitor.phone, STRANGER):
        first = await phone.http.get(f"{MINE_PATH}/sign-in", headers=HTML)
        form = {"form_token": find_field(first, "form_token"), "phone": number}
        answer = await phone.http.post(f"{MINE_PATH}/sign-in", data=form, headers=HTML)
        hidden = (find_field(answer, "ticket"), find_field(answer, "phone"))
        pages.append(re.sub("|".join(map(re.escape, hidden)), "", answer.text))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("whose", ["collector", "family", None])
async def test_a_phone_that_is_not_certainly_his_gets_no_code(
    visitor: Visitor, phone: Phone, whose: str | None
) -> None:
    request = await ask(visitor, "1", **({"contact_of": whose} if whose else {}))
    own = Visitor(visitor.harness)
    known = await ask(own, "1", **OWN)
    await phone.ask_code(visitor.phone)
    await phone.ask_code(own.phone)
    [word] = await wait_for_codes(visitor, request.person_id, known.person_id)
    assert word.donor_id == known.person_id, "asked later, and found"


async def test_a_phone_of_two_who_may_be_meant_signs_nobody_in(
    visitor: Visitor, phone: Phone
) -> None:
    """Signed in before the other came, he sees nothing any more."""
    first = await ask(visitor, "1", **OWN)
    await phone.sign_in(first.person_id)
    assert len(await phone.list_cases()) == 1
    await ask(visitor, "2", name="李四", **OWN)
    assert await phone.list_cases() == []


async def test_of_two_who_typed_one_phone_who_holds_it_signs_in_by_the_own_name(
    visitor: Visitor, phone: Phone
) -> None:
    """He sees what he asked for, and whoever types the phone later takes it from him no more."""
    own, other = await type_on_page(visitor, "张三"), await type_on_page(visitor, "李四")
    for name in ("", "王五"):
        await phone.ask_code(visitor.phone, name)
    await phone.sign_in(own.person_id, "张三")
    [case] = await phone.list_cases()
    assert own.id in (await phone.http.get(case, headers=HTML)).text
    again = Phone(visitor)
    await again.sign_in(own.person_id)
    assert len(await again.list_cases()) == 1
    late = Phone(visitor)
    await late.ask_code(visitor.phone, "李四")
    await wait_for_codes(visitor, other.person_id, count=0)


async def test_who_types_his_phone_elsewhere_takes_it_from_nobody_who_signed_in(
    visitor: Visitor, phone: Phone
) -> None:
    own = await type_on_page(visitor, "张三")
    await phone.sign_in(own.person_id)
    await type_on_page(visitor, "李四")
    [case] = await phone.list_cases()
    page = await phone.http.get(case, headers=HTML)
    assert page.status_code == 200
    assert own.id in page.text
    again = Phone(visitor)
    await again.sign_in(own.person_id)
    assert len(await again.list_cases()) == 1


async def test_a_page_that_was_opened_ends_once_the_phone_may_be_anothers(
    visitor: Visitor, phone: Phone
) -> None:
    request = await ask(visitor, "1", **OWN)
    await phone.sign_in(request.person_id)
    [case] = await phone.list_cases()
    assert (await phone.http.get(case, headers=HTML)).status_code == 200
    await ask(visitor, "2", name="李四", **OWN)
    for answer in (
        await phone.http.get(case, headers=HTML),
        await phone.http.post(f"{case}/withdraw", headers=HTML),
    ):
        assert answer.status_code == 401
    assert (await visitor.request(request.id)).state is request.state


async def test_auditors_alone_read_which_codes_were_asked_for(
    visitor: Visitor, phone: Phone
) -> None:
    request = await ask(visitor, "1", **OWN)
    await phone.sign_in(request.person_id)
    auditor = visitor.harness.auditor
    listed = await visitor.get(f"/words?about={request.person_id}", auditor)
    [word] = listed.json()["words"]
    assert (word["act"], word["donor_id"], word["wrong_codes"]) == ("sign_in", request.person_id, 0)
    assert word["used_at"] is not None
    assert visitor.phone[3:] not in listed.text
    for role in set(Role) - {Role.AUDITOR}:
        other = visitor.stack.bearer(f"words-{role}".replace("_", "-"), role)
        assert (await visitor.get("/words", other)).status_code == 403, role


async def test_five_codes_a_day(visitor: Visitor, phone: Phone) -> None:
    request = await ask(visitor, "1", **OWN)
    for asked in range(ASKED_PER_DAY):
        await phone.ask_code(visitor.phone)
        await wait_for_codes(visitor, request.person_id, count=asked + 1)
    await phone.ask_code(visitor.phone)
    own = Visitor(visitor.harness)
    known = await ask(own, "1", **OWN)
    await phone.ask_code(own.phone)
    people = (request.person_id, known.person_id)
    await wait_for_codes(visitor, *people, count=ASKED_PER_DAY + 1)


@pytest.mark.parametrize("everywhere", [False, True])
async def test_signing_out_ends_the_pages_that_were_opened(
    visitor: Visitor, phone: Phone, *, everywhere: bool
) -> None:
    request = await ask(visitor, "1", **OWN)
    await phone.sign_in(request.person_id)
    other = Phone(visitor)
    await other.sign_in(request.person_id)
    [case] = await other.list_cases() if everywhere else await phone.list_cases()
    [kept] = await other.list_cases()
    assert (await phone.http.get(case, headers=HTML)).status_code == 200
    cookies = dict(phone.http.cookies)
    page = await phone.http.get(MINE_PATH, headers=HTML)
    path = f"{MINE_PATH}/sign-out" + ("/everywhere" if everywhere else "")
    foreign = await phone.http.post(path, headers=HTML)
    assert foreign.status_code == 422, "no form of ours"
    out = await phone.http.post(
        path, data={"form_token": find_field(page, "form_token")}, headers=HTML
    )
    assert out.headers["location"] == "/mine/sign-in"
    assert (await phone.http.get(case, headers=HTML)).status_code == 401
    copied = "; ".join(f"{name}={value}" for name, value in cookies.items())
    stolen = await other.http.get(MINE_PATH, headers={"Cookie": copied})
    assert stolen.status_code == 401, "what was copied from before ends too"
    assert (await phone.http.get(kept, headers=HTML)).status_code == (401 if everywhere else 200)


async def test_signing_out_everywhere_ends_pages_also_where_the_phone_is_shared_by_now(
    visitor: Visitor, phone: Phone
) -> None:
    request = await ask(visitor, "1", **OWN)
    await phone.sign_in(request.person_id)
    other = Phone(visitor)
    await other.sign_in(request.person_id)
    [case] = await other.list_cases()
    await ask(visitor, "2", name="李四", **OWN)
    page = await phone.http.get(MINE_PATH, headers=HTML)
    form = {"form_token": find_field(page, "form_token")}
    await phone.http.post(f"{MINE_PATH}/sign-out/everywhere", data=form, headers=HTML)
    assert (await phone.http.get(case, headers=HTML)).status_code == 401


async def test_revoking_his_links_ends_what_his_session_shows(
    visitor: Visitor, phone: Phone
) -> None:
    request = await ask(visitor, "1", **OWN)
    await phone.sign_in(request.person_id)
    [case] = await phone.list_cases()
    revoke = Command(RevokeLinks(target=request.person_id), principal="op")
    await visitor.runtime.processor.execute(revoke)
    assert await phone.list_cases() == []
    assert (await phone.http.get(case, headers=HTML)).status_code == 401


async def test_the_code_goes_to_that_phone_for_this_and_nothing_else(
    visitor: Visitor, phone: Phone
) -> None:
    """Notify asks for the phone in the name of who signs in; for a member of staff it is no proven
    phone, since nobody but the person himself said whose it is."""
    request = await ask(visitor, "1", **OWN)
    await phone.ask_code(visitor.phone)
    [word] = await wait_for_codes(visitor, request.person_id)
    query = {"purpose": "spoken_word", "person_ids": [request.person_id]}
    for asker, is_proven in ((word.asked_by, True), ("staff-7", False), ("applicant-g-1", False)):
        answer = await visitor.post(
            "/internal/own-phones", query | {"for_whom": asker}, who=visitor.harness.service
        )
        [contact] = answer.json()["own-phones"]
        assert contact["own_phone"] is is_proven, asker
        assert contact["phone"] == visitor.phone


async def test_he_reads_who_looked_at_his_data_by_role_and_purpose(
    visitor: Visitor, phone: Phone
) -> None:
    request = await ask(visitor, "1", **OWN)
    looks = "镇街审批人员：办理诉求"
    await phone.sign_in(request.person_id)
    [case] = await phone.list_cases()
    assert looks not in (await phone.http.get(case, headers=HTML)).text
    approver = visitor.stack.bearer("s-4711", Role.APPROVER_TOWN, area=CHASHAN)
    assert (await visitor.http.get(f"/requests/{request.id}", headers=approver)).is_success
    page = (await phone.http.get(case, headers=HTML)).text
    assert looks in page
    assert "s-4711" not in page


@pytest.mark.parametrize(
    ("state", "stage", "is_his_turn"),
    [
        ("recorded", None, False),
        ("open", None, False),
        ("open", "committed", False),
        ("open", "delivered", True),
        ("declined", None, True),
        ("returned", None, True),
        ("closed", None, True),
    ],
)
def test_a_list_says_what_waits_for_him_without_pointing_below_itself(
    state: str, stage: Any, *, is_his_turn: bool
) -> None:
    matches = {"M-1": Portion(quantity=1, stage=stage)} if stage else {}
    fields: dict[str, Any] = {"state": RequestState(state), "matches": matches, "ending": None}
    zh, en = describe_in_list(Request.model_construct(**fields, source="/web", referrals=()), 5)
    assert ((zh, en) == ON_ITS_PAGE) is is_his_turn
    assert "下面" not in zh
    assert "below" not in en
