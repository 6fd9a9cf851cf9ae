"""What is seen: every role walks every route that reads, and finds nothing of another's.

Two towns, two partners, two channels, two of everybody, with marked names, phones and ids. The
routes are those of the apps: a new one is walked by itself, or the test says what is missing.
"""

import asyncio
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.audit.accounts import build_account_secrets
from services.audit.model import NamePayees, OrderLine, Payable, PayeeAccount, PaymentOrder
from services.intake.callbacks.conversation import receive_message
from services.intake.model import SMS_SOURCE
from services.intake.vault.messages import Inbound, derive_message_id
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.notify.model import Notice
from shared import mongo
from shared.contracts.values import Channel
from shared.messaging.decision import Command
from shared.security import STAFF, Role
from shared.web.access import find_guard
from tests.support.eventually import eventually
from tests.support.services import SERVICES, Operation, not_started, operations, start
from tests.support.stack_harness import RunningService, StackHarness

Headers = dict[str, str]
NOON = datetime(2026, 11, 1, 4, tzinfo=UTC)

# Who reads names and phones: of requests of his area alone.
CASE_WORKERS = frozenset(
    {Role.COLLECTOR, Role.APPROVER_VILLAGE, Role.APPROVER_TOWN, Role.APPROVER_CITY}
)
# Who opens the account that help is paid to.
FINANCE = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
MACHINES = frozenset({Role.SERVICE, Role.CALLBACK, Role.MONITOR})
# A partner chooses from the menu what nobody is named in, so he knows the ids of open requests.
MENU_ROUTES = frozenset({"/menu", "/needs/{request_id}/explanation"})
# Routes that are neither cut nor of the whole city, and why.
NAMES_NOBODY = {
    "/home": "the tiles of the caller's own roles",
    "/account": "the caller's own account",
    "/actions": "what the caller did; of everybody for auditors and operators of the whole city",
    "/intake/actions": "as /actions",
    "/matching/actions": "as /actions",
    "/notify/actions": "as /actions",
    "/audit/actions": "as /actions",
    "/meetings": "meetings that the caller himself is invited to: dates and holders",
    "/meetings/{meeting_id}/cases/{request_id}": "a case of the agenda, for those involved",
    "/meetings/{meeting_id}/minutes": "the minutes, for those involved",
    "/meetings/{meeting_id}": "those who are invited or convened it, nobody else",
    "/meetings/new": "a form: sums and references of what waits in the caller's area, and holders",
    "/open311/v2/services.{form}": "kinds of public works",
    "/open311/v2/services/{code}.{form}": "what is asked of a reporter",
    "/desk/new": "a form, and the names of towns",
    "/regular/new": "a form, and the names of towns",
    "/desk/import": "a form",
    "/desk/import/{token}": "what the caller himself uploaded",
    "/desk/import/{token}/refused.csv": "what the caller himself uploaded",
    "/words/{word_id}/notice": "whether a code was sent: no name, no number",
    "/campaigns": "public campaigns: numbers of donors, no ids",
    "/campaigns/{campaign_id}/report": "sums of a campaign, which belongs to no town",
    "/emergencies": "where emergency measures are or were on, and who declared them",
    "/emergencies/{emergency_id}": "one of them, and counts of what was done in the reader's area",
}
# What stands in a path; ids of the other side wherever there are some.
OF_NOBODY = {
    "meeting_id": "G-1",
    "emergency_id": "E-1",
    "purpose": "request_opened",
    "token": "X-1",
    "form": "json",
    "code": "public_works",
    "campaign_id": "K-1",
    "word_id": "W-1",
    "donation_id": "D-1",
    "id_": "X-1",
    "number": "1",
    "name": "fund",
    "kind": "fund",
}
# Routes that ask for no credential, and why they are not walked.
OPEN = {
    "/health/live": "says nothing of anybody",
    "/health/ready": "says nothing of anybody",
    "/static/{name}": "the stylesheet",
    "/metrics": "counts; operators' and Prometheus' beyond loopback",
    "/asyncapi": "a description; operators' beyond loopback",
    "/asyncapi.json": "a description; operators' beyond loopback",
    "/openapi.json": "a description; operators' beyond loopback",
    "/docs": "a description; operators' beyond loopback",
    "/callbacks/wechat": "WeChat's own check of the address",
    "/r/{token}": "a link, of one person: tests/intake/test_service.py",
    "/r/{token}/files/{attachment_id}": "of one person: tests/intake/test_service_persons.py",
    "/r/{token}/own": "says nothing of anybody: tests/intake/test_contacts.py",
    "/d/{token}": "a link, of one person: tests/matching/test_service_links.py",
    "/p/{token}": "a link, of one person: tests/matching/test_service_proposals.py",
    "/giver/sign-in": "says nothing of anybody",
    "/giver": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/giving": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/giving.xlsx": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/certificate": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/notices": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/p/{token}/notices": "a link, of one person: tests/matching/test_service_proposals.py",
    "/giver/menu": "a cookie, of one donor: tests/matching/test_donor_menu.py",
    "/p/{token}/menu": "a link, of one person: tests/matching/test_donor_menu.py",
    "/giver/consent": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/p/{token}/giving": "a link, of one person: tests/matching/test_service_proposals.py",
    "/p/{token}/giving.xlsx": "a link, of one person: tests/matching/test_service_proposals.py",
    "/p/{token}/certificate": "a link, of one person: tests/matching/test_service_proposals.py",
    "/p/{token}/consent": "a link, of one person: tests/matching/test_service_proposals.py",
    "/c/{token}": "a link, of one person: tests/matching/test_service_links.py",
    "/m/{token}": "a link, of one person: tests/matching/test_service_links.py",
    "/a/{token}": "a link, of one person: tests/audit/test_service_mandates.py",
    "/g/{token}": "a link, of one person: tests/audit/test_service_receipts.py",
    "/g/{token}/receipt": "a link, of one person: tests/audit/test_service_receipts.py",
    "/": "the first page of the public",
    "/language/{language}": "sets a cookie",
    "/sign-in": "a form; tests/intake/test_service_sign_in.py",
    "/sign-in/password": "a form; tests/intake/test_service_sign_in.py",
    "/sign-in/invitation/{token}": "an invitation, of one account",
    "/log": "public by design, names of logs alone",
    "/log/{log}/checkpoint": "public by design, ids alone",
    "/log/{log}/proof/{index}": "public by design, ids alone",
    "/log/{log}/tile/{place:path}": "public by design, ids alone",
    "/log/{log}/vkey": "public by design",
    "/ask": "an empty form",
    "/give": "how many requests are open in a town, and nothing of any of them",
    "/ledger": "what the public log says, ids alone",
    "/ledger/verify": "how to verify the public log",
    "/ledger/{log}": "sums of the public log; few cases are shown together",
    "/ledger/{log}/fund": "sums of the public log; few cases are shown together",
    "/ledger/{log}/tables/{table}.{form}": "the same sums to take away",
    "/ledger/{log}/entries": "what the public log says, ids alone",
    "/ledger/{log}/entries/{index}": "what the public log says, ids alone",
    "/ledger/{log}/entries/{index}/offline": "what the public log says, ids alone",
}


@dataclass
class Side:
    """A town with its people, and the partner and channel that serve it. ids: by their kind."""

    name: str
    town: str
    phone: str
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def personal(self) -> dict[str, str]:
        return {
            "applicant's name": f"求助{self.name}",
            "donor's name": f"捐赠{self.name}",
            "applicant's phone": self.phone,
            "donor's phone": self.phone[:-1] + "9",
            "applicant's words": f"家住{self.name}路",
        }

    @property
    def account(self) -> dict[str, str]:
        """Of whoever is paid for the help."""
        return {"payee's name": f"商户{self.name}", "payee's account": f"6222{self.phone[::-1]}"}


@dataclass(frozen=True)
class Caller:
    """of: the side whose part he sees; None sees the whole city, as our own services do."""

    role: Role
    headers: Headers
    of: Side | None


SIDES = (Side("甲标", "441900103", "13800001110"), Side("乙标", "441900101", "13800002220"))


class Town:
    """A house with two sides, and whoever may come in."""

    def __init__(self, stack: StackHarness) -> None:
        self.stack = stack
        self.sides = tuple(Side(s.name, s.town, s.phone) for s in SIDES)
        self.callers = list(self._issue())
        self.running: dict[str, RunningService] = {}

    def _issue(self) -> Iterator[Caller]:
        for role in Role:
            name = role.replace("_", "-")
            for number, side in enumerate(self.sides if role not in MACHINES else ()):
                id_ = f"{name}-{number}"
                area, source = (side.town, "") if role in STAFF else ("", f"/{name}/{number}")
                headers = self.stack.bearer(id_, role, area=area, source=source)
                yield Caller(role, headers, side)
            if role in STAFF | MACHINES:
                yield Caller(role, self.stack.bearer(f"{name}-all", role), None)

    def find_caller(self, role: Role, side: Side | None) -> Headers:
        return next(c.headers for c in self.callers if c.role == role and c.of is side)

    async def start(self) -> "Town":
        for service in SERVICES:
            given = {"round_interval_ms": 60_000} if service == "matching" else {}
            self.running[service] = await start(self.stack, service, **given)
        for side in self.sides:
            await self._fill(side)
        return self

    async def _fill(self, side: Side) -> None:
        """A request, a donor, his offer, and a match of a part; the rest stays open."""
        personal, ids = side.personal, side.ids
        submitted = await self._post(
            "intake",
            "/requests",
            self.find_caller(Role.CHANNEL, side),
            kind="wish",
            category="supplies",
            beneficiary_class="general",
            channel="grid_worker",
            need={"unit": "袋", "quantity": 10, "item": "大米"},
            area={"town_code": side.town},
            applicant={
                "name": personal["applicant's name"],
                "phone": "+86" + personal["applicant's phone"],
            },
            text=personal["applicant's words"],
        )
        ids["request"] = submitted["request_id"]
        ids["message"] = await self._write(side)
        ids["attachment"] = await self._add_document(side)
        ids["work"] = await self._register_work(side)
        approver = self.find_caller(Role.APPROVER_CITY, None)
        path = f"/requests/{ids['request']}"
        request = await self.running["intake"].http.get(path, headers=approver)
        if request.json()["state"] == "recorded":
            await self._post("intake", f"{path}/approve", approver)
        partner = self.find_caller(Role.DONOR_PARTNER, side)
        donor = {"name": personal["donor's name"], "phone": "+86" + personal["donor's phone"]}
        ids["donor"] = (await self._post("intake", "/parties", partner, **donor))["person_id"]
        offer = {"donor_id": ids["donor"], "unit": "袋", "item": "大米", "quantity": 10}
        registered = await self._post("matching", "/offers", partner, mode="claim", **offer)
        ids["offer"] = registered["offer_id"]
        need = await self._wait_for_need(ids["request"])
        ids["person"] = need.person_id
        claim = {"offer_id": ids["offer"], "quantity": 4}
        claimed = await self._post("matching", f"/menu/{need.id}/claim", partner, **claim)
        ids["match"] = claimed["match_id"]
        match = await mongo.load(
            self.running["matching"].runtime.database, Match, claimed["match_id"]
        )
        assert match is not None
        ids["giver"] = match.donor_id
        ids["notice"] = await self._wait_for_notice(need.person_id)
        ids["order"] = await self._order_payment(side)

    async def _register_work(self, side: Side) -> str:
        """The applicant is called on regularly."""
        personal = side.personal
        phone = "+86" + personal["applicant's phone"]
        registered = await self._post(
            "intake",
            "/works",
            self.find_caller(Role.COLLECTOR, side),
            kind="veteran",
            area={"town_code": side.town},
            person={"name": personal["applicant's name"], "phone": phone},
        )
        return str(registered["work_id"])

    async def _order_payment(self, side: Side) -> str:
        """The help is due, its payee named, and its payment exported."""
        runtime, match_id = self.running["audit"].runtime, side.ids["match"]
        name, number = side.account.values()
        account = PayeeAccount(
            match_id=match_id, kind="shop", name=name, number=number, bank="示例银行"
        )
        naming = Command(NamePayees(payees=(account,)))
        sealed = build_account_secrets(runtime.keyring).seal_payees(naming)
        [(_, payee)] = sealed.data.payees
        payable = Payable(
            id=match_id,
            fund_id="F-1",
            foundation="X",
            donor_id=side.ids["giver"],
            request_id=side.ids["request"],
            due_at_day=NOON,
            obligated_fen=100,
            payee_id=payee.id,
            order_id=f"GJ{side.town[-4:]}",
        )
        line = OrderLine(match_id=match_id, fund_id="F-1", payee_id=payee.id, amount_fen=100)
        order = PaymentOrder(
            id=payable.order_id,
            maker="M",
            state="approved",
            checker="C",
            foundation="X",
            lines=(line,),
            exported_at=NOON,
        )
        for state in (payee, payable, order):
            rows = runtime.database[state.COLLECTION]
            await rows.insert_one({**mongo.to_document(state), "_id": state.id, "_version": 1})
        return order.id

    async def _write(self, side: Side) -> str:
        """An SMS of the applicant's that no rule understands."""
        words, phone = side.personal["applicant's words"], side.personal["applicant's phone"]
        inbound = Inbound(f"{words}的事", side.name, SMS_SOURCE, Channel.SMS, phone=f"+86{phone}")
        runtime = self.running["intake"].runtime
        await receive_message(runtime, inbound)
        return derive_message_id(runtime.resources.vault, inbound)

    async def _add_document(self, side: Side) -> str:
        """One that names the applicant."""
        words = " ".join(side.personal.values())
        answer = await self.running["intake"].http.post(
            f"/requests/{side.ids['request']}/attachments",
            files={"file": ("a.pdf", b"%PDF-1.7\n" + words.encode())},
            headers=self.find_caller(Role.APPROVER_TOWN, side),
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["attachment_id"])

    async def _post(self, service: str, path: str, who: Headers, **body: Any) -> dict[str, Any]:
        headers = who | {"Idempotency-Key": path.replace("/", "-")}
        answer = await self.running[service].http.post(path, json=body or None, headers=headers)
        assert answer.is_success, f"{path}: {answer.text}"
        return dict(answer.json())

    async def _wait_for_need(self, request_id: str) -> Need:
        database = self.running["matching"].runtime.database
        need = await eventually(lambda: mongo.load(database, Need, request_id), bool)
        assert need is not None
        return need

    async def _wait_for_notice(self, person_id: str) -> str:
        database = self.running["notify"].runtime.database
        notices = await eventually(
            lambda: mongo.find(database, Notice, {"person_id": person_id}, limit=1), bool
        )
        return notices[0].id

    def list_reading(self) -> Iterator[tuple[str, Operation]]:
        for service, running in self.running.items():
            for operation in operations(running.app):
                if operation.method == "GET":
                    yield service, operation


def fill_path(operation: Operation, ids: Mapping[str, str]) -> str:
    """With the ids of one side. Raises KeyError for what no side has: then it has to be added."""
    named = {f"{kind}_id": id_ for kind, id_ in ids.items()} | {"fund_id": "F-1"} | OF_NOBODY
    path = operation.path
    assert operation.route is not None
    for parameter in operation.route.param_convertors:
        path = path.replace(f"{{{parameter}}}", named[parameter])
    return f"{path}?year=2026" if path == "/selection" else path


def find_foreign(answer: httpx.Response, marks: Mapping[str, str]) -> list[str]:
    return [kind for kind, mark in marks.items() if mark in answer.text]


@pytest_asyncio.fixture(loop_scope="session")
async def town(stack: StackHarness) -> Town:
    return await Town(stack).start()


async def test_nobody_reads_what_is_anothers(town: Town) -> None:
    """One pass over every route by all whom its guard lets in; that it stops every other role
    before the route runs is tried in test_access.py."""
    await check_names(town)
    await check_accounts(town)
    wrong: list[str] = []
    seen: dict[tuple[Role, str], set[str]] = {}
    for service, operation in town.list_reading():
        guard = find_guard(operation.route) if operation.route else None
        if guard is None:
            assert operation.path in OPEN, f"a reason for {service} {operation.path}"
            continue
        http = town.running[service].http
        for side, other in (town.sides, town.sides[::-1]):
            path = fill_path(operation, other.ids)
            whole_city = [None] if side is town.sides[0] else []
            callers = [
                caller
                for caller in town.callers
                if caller.role in guard.roles and caller.of in (side, *whole_city)
            ]
            answers = await asyncio.gather(*(http.get(path, headers=c.headers) for c in callers))
            for caller, answer in zip(callers, answers, strict=True):
                assert answer.status_code < 500, f"{path}: {answer.text}"
                hidden = find_hidden(caller, operation, side, other)
                for kind in find_foreign(answer, hidden):
                    wrong.append(f"{caller.role} of {side.name} reads {kind} at {service} {path}")
                marks = {**side.ids, **side.personal}
                key = (caller.role, "one" if caller.of else "all")
                seen.setdefault(key, set()).update(find_foreign(answer, marks))
    assert not wrong, "\n".join(sorted(set(wrong)))
    # Not for want of anything to see.
    assert {"request", "match", "offer", "person"} <= seen[Role.AUDITOR, "all"]
    assert {"request", "match", "message", "applicant's words"} <= seen[Role.COLLECTOR, "one"]
    assert {"offer", "match"} <= seen[Role.DONOR_PARTNER, "one"]


def find_hidden(caller: Caller, operation: Operation, side: Side, other: Side) -> dict[str, str]:
    """What this caller must not find in the answer, by its kind."""
    hidden: dict[str, str] = {}
    if caller.of is not None:
        hidden |= {f"the other's {kind}": id_ for kind, id_ in other.ids.items()}
        if caller.role is Role.DONOR_PARTNER and operation.path in MENU_ROUTES:
            hidden.pop("the other's request")
        hidden |= other.personal
    if caller.role not in CASE_WORKERS:
        hidden |= side.personal | other.personal
    if caller.role not in FINANCE or caller.of is not None:
        hidden |= side.account | other.account
    if caller.role is Role.DONOR_PARTNER:
        hidden["the applicant's person id"] = side.ids["person"]
        if side.ids["donor"] != side.ids["giver"]:
            hidden["the house's id of his donor"] = side.ids["giver"]
    return hidden


async def check_names(town: Town) -> None:
    """Who works on a case reads whose it is, in his own area."""
    for side, other in (town.sides, town.sides[::-1]):
        for role in sorted(CASE_WORKERS):
            headers = town.find_caller(role, side)
            paths = (f"/requests/{each.ids['request']}" for each in (side, other))
            own, foreign = [
                await town.running["intake"].http.get(path, headers=headers) for path in paths
            ]
            assert side.personal["applicant's name"] in own.text, role
            assert foreign.status_code == 404


async def check_accounts(town: Town) -> None:
    """Who pays for the whole city reads whom."""
    for side in town.sides:
        for role in sorted(FINANCE):
            path, headers = (
                f"/payment-orders/{side.ids['order']}/file",
                town.find_caller(role, None),
            )
            file = await town.running["audit"].http.get(f"{path}?format=csv", headers=headers)
            assert all(mark in file.text for mark in side.account.values()), role


@pytest.mark.parametrize("service", SERVICES)
def test_a_route_that_reads_is_cut_or_of_the_whole_city(service: str) -> None:
    """Deny by default: what says neither stands above with its reason, or is a mistake."""
    for operation in operations(not_started(service)):
        guard = find_guard(operation.route) if operation.route else None
        if operation.method != "GET" or guard is None or operation.route is None:
            continue
        is_cut = "find_scope(" in inspect.getsource(operation.route.endpoint)
        if not is_cut and not guard.whole_city and guard.roles & STAFF:
            assert operation.path in NAMES_NOBODY, f"{service} {operation.path}"
