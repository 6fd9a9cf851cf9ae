"""What is under way between those who give and those who asked: help that waits for its donor, for
its delivery, for its payment, and a resource whose donor chooses for himself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from deploy.demo import campaign
from deploy.demo.campaign import Enterprise
from deploy.demo.clients import Client, Clients, open_clients
from deploy.demo.participants import SEEN
from deploy.local.stack import Stack
from shared.contracts.events import Applicant, OfferSubmitted, RequestSubmitted
from shared.contracts.values import (
    MONEY_UNIT,
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
    Need,
)
from shared.documents import Document
from tests.pages.steps import read_all_messages
from tests.support.eventually import eventually

ASKED_FEN = 10_000
ANSWERED_BY = ("p", "d")


@dataclass(frozen=True, slots=True)
class Gifts:
    """donor: who promised. handover, payee, way: pages of staff about a promise. menu: where the
    donor claims."""

    donor: Enterprise
    handover: str
    payee: str
    way: str
    menu: str


async def leave_gifts(stack: Stack) -> Gifts:
    async with open_clients(stack.urls, stack.secrets_dir) as clients:
        asked = await _ask(clients, ("promised", "delivered"))
        matches = await _wait_for(clients, asked, "proposed")
        partner = clients.open("matching", "partner")
        for match in matches:
            await _press(partner, match, "accept")
        promised, delivered = await _wait_for(clients, asked, "committed")
        await _press(clients.open("matching", "approver-town"), delivered, "deliver")
        await _press(clients.open("matching", "approver-city"), delivered, "confirm", **SEEN)
        await _wait_for_payable(clients, str(delivered["id"]))
        donor = await find_donor(stack)
        return Gifts(
            donor=donor,
            handover=f"/matching/handover/{promised['id']}",
            payee=f"/audit/finance/payables/{delivered['id']}",
            way=f"/operations/way?reference={delivered['request_id']}",
            menu=stack.public_url + await _offer_to_choose(clients, donor),
        )


async def leave_proposals(stack: Stack, name: str) -> list[str]:
    """The links by which a donor answers what was asked for now, alone and together with others.
    name: of this once."""
    links: list[str] = []
    for names in ((f"{name}-alone",), (f"{name}-first", f"{name}-second")):
        known = len(await read_all_messages(stack))
        async with open_clients(stack.urls, stack.secrets_dir) as clients:
            await _wait_for(clients, await _ask(clients, names), "proposed")
        links += await eventually(partial(_list_answering, stack, known), bool)
    return links


async def find_donor(stack: Stack) -> Enterprise:
    """Who was asked last."""
    asked = [each for each in await read_all_messages(stack) if is_answered_by(each["url"])]
    donors = {each.openid: each for each in campaign.list_enterprises()}
    return donors[asked[-1]["recipient"]]


def is_answered_by(link: str) -> bool:
    """Of a message: whether its link leads to what waits for a donor."""
    return any(f"/{segment}/" in link for segment in ANSWERED_BY)


async def _list_answering(stack: Stack, known: int) -> list[str]:
    messages = (await read_all_messages(stack))[known:]
    return [each["url"] for each in messages if is_answered_by(each["url"])]


async def _ask(clients: Clients, names: Sequence[str]) -> list[str]:
    """Small wishes of the campaign's, which open by themselves. The requests' ids."""
    village, ids = clients.open("intake", "channel-village"), []
    for name in names:
        request = RequestSubmitted(
            kind=Kind.WISH,
            category=Category.SUPPLIES,
            beneficiary_class=BeneficiaryClass.LOW_INCOME_EDGE,
            channel=Channel.COMMITTEE,
            need=Need(unit=MONEY_UNIT, quantity=ASKED_FEN),
            area=Area(town_code="441900103"),
            applicant=_make_applicant(name),
            text="盼添一床棉被",
        )
        body = request.model_dump(mode="json", exclude_none=True)
        answer = await village.post("/requests", body, key=f"gift-{name}")
        ids.append(str(answer["request_id"]))
    return ids


def _make_applicant(name: str) -> Applicant:
    """Somebody else for each, or they would all be suggested to be one."""
    number = sum(name.encode())
    signs = "甲乙丙丁戊己庚辛壬癸"
    own = signs[number % 10] + signs[number // 10 % 10]
    return Applicant(name=f"邻居{own}", phone=f"+8616192{number:06d}")


async def _wait_for(clients: Clients, request_ids: Sequence[str], state: str) -> list[Document]:
    """One match for each."""
    city = clients.open("matching", "approver-city")

    async def find() -> list[Document]:
        page = await city.get("/matches", state=state, limit=500)
        return [each for each in page["matches"] if each["request_id"] in request_ids]

    return await eventually(find, lambda matches: len(matches) >= len(request_ids))


async def _press(client: Client, match: Document, act: str, **body: object) -> None:
    await client.post(
        f"/matches/{match['id']}/{act}", body.get("witness"), key=f"{act}-{match['id']}"
    )


async def _wait_for_payable(clients: Clients, match_id: str) -> None:
    finance = clients.open("audit", "finance-maker")

    async def find() -> bool:
        return match_id in str(await finance.get("/payables"))

    await eventually(find, lambda is_there: is_there)


async def _offer_to_choose(clients: Clients, donor: Enterprise) -> str:
    """The address of his menu."""
    party = {"name": donor.name, "phone": donor.phone, "wechat_openid": donor.openid}
    answer = await clients.open("intake", "partner").post(
        "/parties", party, key=f"party-{donor.number}"
    )
    offer = OfferSubmitted(
        donor_id=answer["person_id"], unit="床", item="棉被", quantity=10, mode="claim"
    )
    partner = clients.open("matching", "partner")
    row = {"idempotency_key": "chosen", "offer": offer.model_dump(mode="json", exclude_none=True)}
    answers = await partner.post("/offers/batch", [row])
    offer_id = answers["answers"][0]["offer_id"]
    link = await partner.post(f"/offers/{offer_id}/menu-link", {"days": 30})
    return str(link["path"])
