"""What the load begins with: a fund, donors with offers, and their gifts."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.chaos.outside import BANK, Outside
from deploy.chaos.wishes import WISH_FEN, make_phone
from shared.contracts.events import DonationReceived

PARTNER = "/partners/chamber"
FUND = "F-lifecycles"
DONORS = 8


@dataclass(slots=True)
class Giving:
    """run: whose donors they are. gifts: fen by the bank's reference. offers: fen by id."""

    outside: Outside
    run: str
    gifts: dict[str, int] = field(default_factory=dict)
    offers: dict[str, int] = field(default_factory=dict)

    async def give(self, wishes: int) -> None:
        """A fund, donors with offers for so many wishes and some to spare, and their gifts."""
        post = self.outside.post
        fund = {"fund_id": FUND, "name": "测试基金"}
        await post("audit", "/funds", "finance-maker", fund, "fund")
        await post("audit", f"/funds/{FUND}/approve", "finance-checker", {}, "approve")
        amount_fen = (wishes * WISH_FEN // DONORS) * 2 + WISH_FEN
        for number in range(DONORS):
            await self._give_one(number, amount_fen)

    async def _give_one(self, number: int, amount_fen: int) -> None:
        name = f"{self.run}-donor-{number}"
        party = {"name": f"示例企业{number}", "phone": make_phone(self.run, 9_000_000 + number)}
        # The partner knows the donor by an id of his own, the bank by the house's.
        partners = await self.outside.post("intake", "/parties", "partner", party, name)
        registered = await self.outside.post("intake", "/parties", "collector", party, name)
        offer = {
            "donor_id": partners["person_id"],
            "unit": "fen",
            "quantity": amount_fen,
            "fund_id": FUND,
            "mandate_id": await self._give_mandate(registered["person_id"], amount_fen, name),
        }
        await self._offer(offer, name)
        gift = DonationReceived(
            donor_id=registered["person_id"],
            fund_id=FUND,
            amount_fen=amount_fen,
            received_at=datetime.now(UTC),
            bank_reference=name,
        )
        await self.outside.publish_surely(BANK, name, gift)
        self.gifts[name] = amount_fen

    async def _give_mandate(self, donor_id: str, amount_fen: int, name: str) -> str:
        """By two people, on the fund's money in the donor's name. Its id."""
        until = datetime.now(UTC) + timedelta(days=30)
        mandate = {
            "fund_id": FUND,
            "donor_id": donor_id,
            "source": PARTNER,
            "covers": "fund",
            "sum_fen": amount_fen,
            "valid_until": until.isoformat(),
            "reference": "测试",
        }
        post = self.outside.post
        proposed = await post("audit", "/mandates", "finance-maker", mandate, f"{name}-m")
        path = f"/mandates/{proposed['id']}/approve"
        await post("audit", path, "finance-checker", {}, f"{name}-a")
        return str(proposed["id"])

    async def _offer(self, offer: dict[str, Any], key: str) -> None:
        """Until matching has heard of the mandate."""
        while True:
            try:
                answer = await self.outside.post("matching", "/offers", "partner", offer, key)
            except AssertionError as error:
                if "mandate_unknown" not in str(error):
                    raise
                await asyncio.sleep(0.1)
            else:
                self.offers[answer["offer_id"]] = offer["quantity"]
                return
