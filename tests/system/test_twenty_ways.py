"""Each credential tries the ways of issue 8 again, on the four services together.

What is refused by a decision has its own tests; here the callers' steps meet everything at once.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from services.audit.settings import AuditSettings
from services.matching.model.need import Need
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.contracts.links import MANDATE
from shared.security import Role, revoke
from tests.notify.harness import open_harness
from tests.support.eventually import eventually
from tests.support.services import CREATE
from tests.support.stack_harness import RunningService, StackHarness

pytestmark = pytest.mark.long

Headers = dict[str, str]
HERE, THERE = "441900101", "441900103"
DONOR = {"name": "王善", "phone": "+8613800007001"}
SEEN = {"seen": {"manner": "visit"}}
WITNESS = {"evidence": "visit"}
UNTIL = (datetime.now(UTC) + timedelta(days=30)).isoformat()
# id: (role, area, source, holder). The second credential of a human names the same holder.
PEOPLE: Mapping[str, tuple[Role, str, str, str]] = {
    "partner": (Role.DONOR_PARTNER, "", "/partners/one", ""),
    "rival": (Role.DONOR_PARTNER, "", "/partners/two", ""),
    "collector": (Role.COLLECTOR, HERE, "", "lin"),
    "collector-as-approver": (Role.APPROVER_CITY, "", "", "lin"),
    "approver": (Role.APPROVER_CITY, "", "", ""),
    "approver-there": (Role.APPROVER_TOWN, THERE, "", ""),
    "collector-there": (Role.COLLECTOR, THERE, "", ""),
    "maker": (Role.FINANCE_MAKER, "", "", "zhou"),
    "checker": (Role.FINANCE_CHECKER, "", "", ""),
    "maker-as-checker": (Role.FINANCE_CHECKER, "", "", "zhou"),
    "maker-here": (Role.FINANCE_MAKER, HERE, "", ""),
    "operator-here": (Role.OPERATOR, HERE, "", ""),
    "auditor": (Role.AUDITOR, "", "", ""),
    "auditor-here": (Role.AUDITOR, HERE, "", ""),
    "support": (Role.SUPPORT, "", "", ""),
    "support-there": (Role.SUPPORT, THERE, "", ""),
}


@dataclass
class City:
    """The four services, everybody's credential, and what was tried with success."""

    stack: StackHarness
    services: Mapping[str, RunningService]
    people: Mapping[str, Headers]
    ids: dict[str, str] = field(default_factory=dict)
    came_through: list[str] = field(default_factory=list)

    async def post(self, who: str, service: str, path: str, body: Any = None) -> httpx.Response:
        headers = self.people[who] | {"Idempotency-Key": uuid4().hex}
        return await self.services[service].http.post(path, json=body, headers=headers)

    async def get(self, who: str, service: str, path: str) -> httpx.Response:
        return await self.services[service].http.get(path, headers=self.people[who])

    async def do(self, who: str, service: str, path: str, body: Any = None) -> dict[str, Any]:
        """What an honest caller does: it has to work."""
        answer = await self.post(who, service, path, body)
        assert answer.is_success, f"{who} {path}: {answer.text}"
        return dict(answer.json())

    async def try_all(self, callers: str, service: str, path: str, body: Any = None) -> None:
        """None of them may: refused as such, or by what it is."""
        for who in callers.split():
            self.note(who, path, await self.post(who, service, path, body))

    async def look_all(self, callers: str, service: str, path: str) -> None:
        for who in callers.split():
            self.note(who, path, await self.get(who, service, path))

    def note(self, who: str, path: str, answer: httpx.Response) -> None:
        if answer.status_code not in (403, 404, 409, 410, 422):
            self.came_through.append(f"{who} {path}: {answer.status_code} {answer.text[:200]}")


@pytest_asyncio.fixture(loop_scope="session")
async def city(stack: StackHarness) -> AsyncIterator[City]:
    people = {
        id_: stack.bearer(id_, role, area=area, source=source, holder=holder)
        for id_, (role, area, source, holder) in PEOPLE.items()
    }
    async with open_harness(stack) as harness:
        intake_url = harness.settings.intake_url
        matching = stack.settings(MatchingSettings, round_interval_ms=20, intake_url=intake_url)
        services = {
            "intake": harness.intake,
            "notify": harness.notify,
            "matching": await stack.start_app(CREATE["matching"][0](matching)),
            "audit": await stack.start_app(CREATE["audit"][0](stack.settings(AuditSettings))),
        }
        city = City(stack, services, people | {"operator": harness.operator})
        await fill(city)
        yield city


async def fill(city: City) -> None:
    """A fund, a mandate for one partner and his offer, another that is asked for, two requests."""
    await city.do("maker", "audit", "/funds", {"fund_id": "warm", "name": "暖"})
    await city.do("checker", "audit", "/funds/warm/approve")
    for who in ("collector", "partner", "rival"):
        city.ids[f"donor of {who}"] = (await city.do(who, "intake", "/parties", DONOR))["person_id"]
    mandate = build_mandate(city.ids["donor of collector"]) | {"source": "/partners/one"}
    city.ids["mandate"] = (await city.do("maker", "audit", "/mandates", mandate))["id"]
    await city.try_all("maker-as-checker", "audit", f"/mandates/{city.ids['mandate']}/approve")
    await city.do("checker", "audit", f"/mandates/{city.ids['mandate']}/approve")
    claimed = build_mandate(city.ids["donor of rival"]) | {
        "covers": "gifts",
        "consent": {"consented_at": "2026-01-01T00:00:00Z", "how": "电话确认"},
    }
    city.ids["asked"] = (await city.do("rival", "audit", "/mandates", claimed))["id"]
    offer = build_money(city.ids["donor of partner"], city.ids["mandate"])

    async def register() -> httpx.Response:
        return await city.post("partner", "matching", "/offers", offer)

    registered = await eventually(register, lambda answer: answer.status_code == 201)
    city.ids["offer"] = registered.json()["offer_id"]
    for name, fen in (("small", 500), ("large", 90_000_000)):
        body = build_request(f"李{name}", fen)
        city.ids[name] = (await city.do("collector", "intake", "/requests", body))["request_id"]
    database = city.services["matching"].runtime.database
    await eventually(lambda: mongo.load(database, Need, city.ids["small"]), bool)


def build_mandate(donor_id: str) -> dict[str, Any]:
    fields = {"fund_id": "warm", "donor_id": donor_id, "covers": "fund", "sum_fen": 1000}
    return fields | {"valid_until": UNTIL, "reference": "理事会纪要-3"}


def build_money(donor_id: str, mandate_id: str | None = None) -> dict[str, Any]:
    offer = {"donor_id": donor_id, "fund_id": "warm", "unit": "fen", "quantity": 1000}
    named = {"mandate_id": mandate_id} if mandate_id else {}
    return offer | {"mode": "claim"} | named


def build_request(name: str, fen: int) -> dict[str, Any]:
    return {
        "kind": "wish",
        "category": "supplies",
        "beneficiary_class": "extreme_poverty",
        "channel": "household_visit",
        "need": {"unit": "fen", "quantity": fen},
        "area": {"town_code": HERE},
        "applicant": {"name": name, "phone": f"+86138{fen:08d}"},
    }


async def test_no_credential_does_what_is_anothers(city: City) -> None:
    await try_money(city)
    await try_staff(city)
    await try_words(city)
    await try_names(city)
    await try_links(city)
    assert not city.came_through, "\n".join(city.came_through)


async def try_money(city: City) -> None:
    """Ways 1, 4, 5: without a mandate, with another's, by whoever may not give."""
    ids = city.ids
    for offer in (
        build_money(ids["donor of rival"]),
        build_money(ids["donor of rival"], ids["mandate"]),
        build_money(ids["donor of rival"], ids["asked"]),
        build_money(ids["donor of partner"], ids["mandate"]),
        build_money(ids["donor of collector"], ids["mandate"]),
    ):
        await city.try_all("rival", "matching", "/offers", offer)
    await city.try_all("rival", "audit", "/mandates", build_mandate(ids["donor of rival"]))
    await city.try_all("maker-here", "audit", "/mandates", build_mandate("P-1"))
    others = "rival partner maker maker-as-checker operator support approver"
    await city.try_all("rival maker operator support", "audit", f"/mandates/{ids['asked']}/approve")
    await city.try_all("partner", "audit", f"/mandates/{ids['asked']}/revoke")
    goods = {"donor_id": ids["donor of collector"], "unit": "袋", "item": "大米", "quantity": 1}
    nobodys = goods | {"donor_id": "P-nobody"}
    await city.try_all("operator support approver auditor maker", "matching", "/offers", goods)
    await city.try_all("collector", "matching", "/offers", nobodys)
    await city.try_all(others, "audit", "/second-payments/R-1/approve")


async def try_staff(city: City) -> None:
    """Ways 2, 3, 5: who recorded, who runs the machines, who collects, one human twice."""
    ids = city.ids
    await city.try_all(
        "collector-as-approver approver-there operator support",
        "intake",
        f"/requests/{ids['large']}/approve",
        SEEN,
    )
    vouch = f"/requests/{ids['large']}/vouch"
    await city.try_all("operator support partner auditor approver-there", "intake", vouch, SEEN)
    claim = {"offer_id": ids["offer"], "quantity": 500}
    path = f"/menu/{ids['small']}/claim"
    await city.try_all("rival operator collector support approver", "matching", path, claim)
    ids["match"] = (await city.do("partner", "matching", path, claim))["match_id"]
    match = f"/matches/{ids['match']}"
    callers = "rival operator collector support approver auditor"
    await city.try_all(callers, "matching", f"{match}/accept")
    confirming = "collector collector-as-approver partner rival support operator auditor"
    await city.try_all(confirming, "matching", f"{match}/confirm", WITNESS)


async def try_words(city: City) -> None:
    """Way 5: a donor's word is nobody's to ask for but support's, and nobody's to guess."""
    match, mandate = f"/matches/{city.ids['match']}/words", f"/mandates/{city.ids['asked']}/words"
    others = "partner rival collector operator approver auditor support-there support"
    await city.try_all(others, "matching", match, {"act": "accept"})
    givers = "rival operator collector approver maker support-there"
    await city.try_all(givers, "audit", mandate, {"act": "give"})
    word = await city.do("support", "audit", mandate, {"act": "give"})
    for code in range(6):
        path = f"{mandate}/{word['word_id']}"
        await city.try_all("support", "audit", path, {"code": f"{code:06}"})
    await city.look_all("support rival operator auditor-here", "audit", "/words")


async def try_names(city: City) -> None:
    """Ways 7 to 10: the vault, others' places, and what has no area."""
    ids = city.ids
    query = {"purpose": "notice", "person_ids": [ids["donor of collector"]]}
    for what in ("contacts", "names", "own-phones", "known"):
        callers = "operator partner support collector auditor"
        await city.try_all(callers, "intake", f"/internal/{what}", query)
    await city.try_all("support auditor maker", "intake", "/parties", DONOR)
    await city.look_all("collector-there approver-there", "intake", f"/requests/{ids['small']}")
    await city.look_all("rival support-there", "matching", f"/matches/{ids['match']}")
    await city.look_all("operator-here auditor-here collector support", "notify", "/notices")
    for path in ("/statements", "/reconciliation", "/unsettled-payments"):
        await city.look_all("collector approver-there auditor-here partner", "audit", path)
    await city.look_all("operator auditor-here partner support", "intake", "/vault-access")
    duty = {"holder": "x", "person_id": ids["donor of collector"], "duties": ["finance"]}
    await city.try_all("operator-here maker support auditor", "notify", "/staff", duty)
    for who in ("support", "auditor", "operator", "maker"):
        text = (await city.get(who, "intake", f"/requests/{ids['small']}")).text
        assert "李small" not in text, who
    assert "person_id" not in (await city.get("partner", "matching", "/matches")).text


async def try_links(city: City) -> None:
    """Ways 6 and 13: another's link, another purpose, and what a link or credential stood on."""
    ends = datetime.now(UTC) + timedelta(days=1)
    make, asked = city.stack.keyring.make_link, city.ids["asked"]
    donor_id = city.ids["donor of collector"]
    anothers = make(MANDATE.purpose, asked, ends, holder="P-other")
    own = make(MANDATE.purpose, asked, ends, holder=donor_id)
    http = {name: running.http for name, running in city.services.items()}
    for answer in (
        await http["audit"].post(f"/a/{anothers}/give"),
        await http["matching"].post(f"/d/{own}/accept"),
    ):
        assert answer.status_code == 401
    await city.do("operator", "intake", f"/persons/{donor_id}/erasure")
    await city.try_all("operator support maker", "intake", f"/persons/{donor_id}/erase")
    await city.do("approver", "intake", f"/persons/{donor_id}/erase")

    async def show() -> httpx.Response:
        return await http["audit"].get(f"/a/{own}")

    await eventually(show, lambda answer: answer.status_code in (401, 410))
    assert (await http["audit"].post(f"/a/{own}/give")).status_code == 401
    revoke(city.stack.secrets_dir / "credentials.json", "partner")

    async def read() -> httpx.Response:
        return await city.get("partner", "matching", "/matches")

    await eventually(read, lambda answer: answer.status_code == 401)
