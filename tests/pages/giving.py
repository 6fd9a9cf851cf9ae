"""Who gives in all walks: were there two, a wish could be offered to the other."""

from pathlib import Path

from deploy.demo import campaign
from deploy.demo.campaign import Enterprise
from deploy.demo.clients import open_clients
from deploy.demo.submission import Submitter, Throttle
from deploy.local.stack import Stack

DONOR = campaign.list_enterprises()[0]


async def give_money(stack: Stack, donor: Enterprise, folder: Path) -> None:
    """Registered and followed on WeChat; its gift has arrived, and its partner may offer it."""
    async with open_clients(stack.urls, stack.secrets_dir) as clients:
        submitter = Submitter(clients, stack, folder, Throttle(100))
        await submitter.open_fund()
        ids = await submitter.register_donors([donor], "partner")
        await submitter.bind_donors([donor])
        house_ids = await submitter.register_donors([donor], "operator")
        await submitter.report_donations([donor], house_ids)
        mandates = await submitter.give_mandates([donor], house_ids)
        offer = donor.make_offer(ids[donor.number], mandates[donor.number])
        await submitter.submit_offers([(f"walk-{donor.number}", offer)])
