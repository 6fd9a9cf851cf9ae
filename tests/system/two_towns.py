"""A house with two towns, two partners, two channels, two of everybody, with marked names, phones
and ids, and whoever may come in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.audit.accounts import build_account_secrets
from services.audit.model import (
    Contribution,
    Donation,
    NamePayees,
    OrderLine,
    Payable,
    PayeeAccount,
    PaymentOrder,
    derive_donation_id,
)
from services.audit.preparing import build_bank_secrets
from services.intake.callbacks.conversation import receive_message
from services.intake.model import SMS_SOURCE
from services.intake.vault.messages import Inbound, derive_message_id
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.notify.model import Notice
from shared import mongo
from shared.contracts.values import Channel
from shared.messaging.decision import Command, State
from shared.security import STAFF, Role
from tests.support.eventually import eventually
from tests.support.services import SERVICES, start
from tests.support.stack_harness import RunningService, StackHarness

Headers = dict[str, str]
NOON = datetime(2026, 11, 1, 4, tzinfo=UTC)
MACHINES = frozenset({Role.SERVICE, Role.CALLBACK, Role.MONITOR})
GIFT_MESSAGE = "line-1"
"""What the bank of a side calls its one gift."""


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
    def wish(self) -> str:
        """What the giver wrote beside his gift."""
        return f"愿{self.name}的孩子有书读"

    @property
    def gift(self) -> dict[str, str]:
        """Of its donor: in fen, and where it stands on the log."""
        return {"gift's sum": f"5{self.town[-3:]}77", "gift's place": f"entries/7{self.town[-3:]}"}

    @property
    def bank(self) -> str:
        return f"/bank/{self.town}"

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
                source = side.bank if role is Role.BANK else f"/{name}/{number}"
                area, source = (side.town, "") if role in STAFF else ("", source)
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
        ids["donation"] = await self._enter_gift(side)

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
        await self._store(payee, payable, order)
        return order.id

    async def _enter_gift(self, side: Side) -> str:
        """Money from this side's bank, and what the giver wrote beside it."""
        id_ = derive_donation_id(side.bank, GIFT_MESSAGE)
        fen, place = side.gift.values()
        sealer = build_bank_secrets(self.running["audit"].runtime.keyring).sealer
        gift = Donation(
            id=id_,
            donor_id=side.ids["giver"],
            fund_id="F-1",
            foundation="X",
            amount_fen=int(fen),
            received_at=NOON,
            reference="ICBC-1",
            log="guanjia.test/log/2026",
            entry=int(place.removeprefix("entries/")),
            designation=sealer.seal(id_, side.wish.encode()),
        )
        use = Contribution(
            id=f"C{side.town}", fund_id="F-1", donor_id=gift.donor_id, received_fen=int(fen)
        )
        await self._store(gift, use)
        return id_

    async def _store(self, *states: State) -> None:
        for state in states:
            rows = self.running["audit"].runtime.database[state.COLLECTION]
            await rows.insert_one(
                {**mongo.to_document(state), "_id": state.id, "_version": 1, "_emitted": 0}
            )

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
