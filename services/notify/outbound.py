"""What sending needs: the providers, the contacts, and how a notice becomes a message."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.notify.contacts import Contact, Contacts
from services.notify.model import Notice
from services.notify.providers import Message, Outcome, Provider
from services.notify.purposes import BY_NAME
from services.notify.templates import Donor, sms_parameters, wechat_parameters
from shared.contracts import links
from shared.contracts.events import NoticeChannel
from shared.contracts.links import LinkService
from shared.security import Keyring


@dataclass(frozen=True, slots=True)
class Outbound:
    """addresses: of the services that links for donors and applicants lead to."""

    providers: Mapping[NoticeChannel, Provider]
    contacts: Contacts
    keyring: Keyring
    addresses: Mapping[LinkService, str]

    async def send(
        self, notice: Notice, channel: NoticeChannel, contact: Contact, donor_name: str | None
    ) -> Outcome:
        message = self._message(notice, channel, contact, donor_name)
        return await self.providers[channel].send(message)

    def _message(
        self, notice: Notice, channel: NoticeChannel, contact: Contact, donor_name: str | None
    ) -> Message:
        template = BY_NAME[notice.purpose].template
        donor = Donor(donor_name, notice.donor_kind)
        parameters = (
            wechat_parameters(template, notice.regarding, notice.amount_fen, donor)
            if channel == "wechat"
            else sms_parameters(template, notice.regarding, donor)
        )
        return Message(
            notice_id=notice.id,
            recipient=contact.address(channel) or "",
            template=notice.purpose,
            parameters=parameters,
            url=self._url(notice),
        )

    def _url(self, notice: Notice) -> str | None:
        link = notice.link
        if link is None:
            return None
        token = self.keyring.make_link(link.purpose, link.subject, link.expires_at)
        row = links.BY_PURPOSE[link.purpose]
        return self.addresses[row.service].rstrip("/") + row.path(token)
