"""How those who are told something are reached: asked of intake by what it is about."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from services.notify.channels import Contact
from services.notify.contacts import ContactClient
from services.notify.model import Notice
from services.notify.turns import find_recipients
from shared.persons_client import DONOR_NOTICE

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Asked(ContactClient):
    """Intake, where one of the staff alone gave the person another phone."""

    def __init__(self) -> None:
        pass

    async def find_contacts(
        self, person_ids: Collection[str], purpose: str
    ) -> Mapping[str, Contact]:
        phone = "+8613800138000" if purpose == DONOR_NOTICE else "+8613900139000"
        return {id_: Contact(phone=phone) for id_ in person_ids}

    async def find_names(
        self,
        person_ids: Collection[str],
        purpose: str,  # noqa: ARG002
        for_whom: str = "",  # noqa: ARG002
    ) -> Mapping[str, str | None]:
        return dict.fromkeys(person_ids)


def make_notice(purpose: str) -> Notice:
    return Notice(
        id=purpose,
        person_id="P-1",
        purpose=purpose,
        regarding="R-1",
        correlation_id="C-1",
        created_at=START,
        due_at=START,
    )


async def test_who_gives_and_asks_is_told_of_each_where_he_is_certainly_reached() -> None:
    asks, gives = make_notice("request_opened"), make_notice("match_proposed")
    recipients = await find_recipients(Asked(), [asks, gives])
    assert recipients.find_contact(asks).phone == "+8613900139000"
    assert recipients.find_contact(gives).phone == "+8613800138000"
