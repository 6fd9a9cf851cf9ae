"""What the sender takes up next: what is due, and how those who wait for it are reached."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from services.notify import store
from services.notify.channels import NO_CONTACT, Contact
from services.notify.contacts import ContactClient
from services.notify.model import Notice
from services.notify.purposes import BY_NAME
from services.notify.resources import NotifyRuntime
from shared.persons_client import DONOR_NOTICE
from shared.tracing.context import follow

CONTACT_PURPOSE = "notice"
DONOR_PURPOSE = "donor_name_shown"
WORD_PURPOSE = "spoken_word"
WAITED_FOR = frozenset({"sending", "sent", "unknown"})
"""States in which an answer or a receipt is due, not a call."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """What intake knows of the persons of a turn, by person id. names: of donors.

    own_phones: of who is sent a code, by notice id. givers: contacts for what is said to who gives.
    """

    contacts: Mapping[str, Contact]
    names: Mapping[str, str | None]
    own_phones: Mapping[str, Contact]
    givers: Mapping[str, Contact] = field(default_factory=dict)

    def find_contact(self, notice: Notice) -> Contact:
        if notice.word_id:
            return self.own_phones.get(notice.id, NO_CONTACT)
        contacts = self.givers if _is_to_giver(notice) else self.contacts
        return contacts.get(notice.person_id, NO_CONTACT)


@dataclass(frozen=True, slots=True)
class PreparedTurn:
    """expired: no call is due, but an answer or a receipt did not come. waiting: to be sent.

    more_due: others are due already.
    """

    expired: Sequence[Notice]
    waiting: Sequence[Notice]
    recipients: Recipients
    more_due: bool


async def prepare_turn(runtime: NotifyRuntime, in_hand: Collection[str]) -> PreparedTurn:
    """in_hand: ids of notices that the sender has already and that are due until their claims are
    durable. Raises Transient."""
    now = await runtime.processor.now()
    limit = runtime.settings.send_batch_max
    turn = await store.find_due_in_turn(runtime.database, now, limit, in_hand)
    waiting = [notice for notice in turn.notices if notice.state not in WAITED_FOR]
    with follow([notice.correlation_id for notice in waiting]):
        recipients = await find_recipients(runtime.resources.contacts, waiting)
    return PreparedTurn(
        expired=[notice for notice in turn.notices if notice.state in WAITED_FOR],
        waiting=waiting,
        recipients=recipients,
        more_due=turn.more_due,
    )


async def find_recipients(client: ContactClient, waiting: Sequence[Notice]) -> Recipients:
    plain = [notice for notice in waiting if not notice.word_id]
    givers = {notice.person_id for notice in plain if _is_to_giver(notice)}
    persons = {notice.person_id for notice in plain if not _is_to_giver(notice)}
    donors = {notice.donor_id for notice in waiting if notice.donor_id}
    return Recipients(
        contacts=await client.find_contacts(persons, CONTACT_PURPOSE),
        own_phones={
            notice.id: await client.find_own_phone(notice.person_id, WORD_PURPOSE, notice.asked_by)
            for notice in waiting
            if notice.word_id
        },
        names=await client.find_names(donors, DONOR_PURPOSE),
        givers=await client.find_contacts(givers, DONOR_NOTICE),
    )


def _is_to_giver(notice: Notice) -> bool:
    purpose = BY_NAME.get(notice.purpose)
    return purpose is not None and purpose.recipient == "donor"
