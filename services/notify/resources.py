"""The resources of notify: providers, contacts, and how a notice becomes a message."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import Depends

from services.notify.channels import CHANNELS, Contact, Content, Donor
from services.notify.contacts import ContactClient
from services.notify.limits import count_parts
from services.notify.model import About, Notice, ProviderName
from services.notify.providers import Message, Outcome, PageSigner, Provider
from services.notify.rates import RecentRates
from services.notify.settings import NotifySettings
from services.notify.subscriptions import derive_subscription_id
from services.notify.templates import name_template
from services.notify.token_sharing import SharedToken
from services.notify.wordbook import WordBook
from shared.contracts import links
from shared.contracts.events import NoticeChannel
from shared.contracts.links import LinkService
from shared.contracts.values import NoticeLanguage
from shared.runtime import Runtime
from shared.security import Keyring
from shared.security.spoken_codes import derive_code
from shared.web.access import provide_runtime


@dataclass(frozen=True, slots=True)
class NotifyResources:
    """providers: who sends. addresses: of the services that links lead to. numbers: of stations
    and committees, by area. words: what notices say now. template_ids: of each provider, by the
    template's name. token: WeChat's. subscribe_ids: of its subscribe messages. pages: signs what is
    opened inside WeChat, by a ticket that all instances share. sign_name: of our SMS.
    """

    providers: Mapping[ProviderName, Provider]
    contacts: ContactClient
    keyring: Keyring
    addresses: Mapping[LinkService, str]
    pages: PageSigner
    ticket: SharedToken
    numbers: Mapping[str, str] = field(default_factory=dict)
    words: WordBook = field(default_factory=WordBook)
    sign_name: str = ""
    template_ids: Mapping[ProviderName, Mapping[str, str]] = field(
        default_factory=lambda: {"tencent": {}, "aliyun": {}, "wechat": {}}
    )
    token: SharedToken | None = None
    subscribe_ids: Mapping[str, str] = field(default_factory=dict)
    rates: RecentRates = field(default_factory=RecentRates, repr=False)

    def find_subscription_id(self, notice: Notice, contact: Contact) -> str:
        """Empty where it has no subscribe message, or he no WeChat account."""
        name = choose_template(notice.purpose, contact.language, self.subscribe_ids)
        template_id = self.subscribe_ids.get(name)
        if not template_id or not contact.account_id:
            return ""
        return derive_subscription_id(contact.account_id, template_id)

    async def send(
        self,
        notice: Notice,
        provider: ProviderName,
        contact: Contact,
        donor_name: str | None,
        *,
        as_subscription: bool = False,
    ) -> Outcome:
        channel: NoticeChannel = "wechat" if provider == "wechat" else "sms"
        ids = self.subscribe_ids if as_subscription else self.template_ids[provider]
        name = choose_template(notice.purpose, contact.language, ids)
        message = self._build_message(notice, name, channel, contact, donor_name)
        message = replace(message, as_subscription=as_subscription)
        outcome = await self.providers[provider].send(message)
        if not CHANNELS[channel].is_billed:
            return outcome
        parts = count_parts(self.sign_name, self.words.get(name), message.parameters)
        return replace(outcome, parts=parts)

    def _build_message(
        self,
        notice: Notice,
        name: str,
        channel: NoticeChannel,
        contact: Contact,
        donor_name: str | None,
    ) -> Message:
        content = Content(
            self.words.get(name),
            notice.regarding,
            notice.amount_fen,
            Donor(donor_name, notice.donor_kind),
            derive_code(self.keyring, notice.word_id) if notice.word_id else "",
            notice.count or 0,
            notice.counted_at,
            notice.detail,
            notice.about or About(),
            find_number(self.numbers, notice),
            notice.reply_code,
        )
        return Message(
            notice_id=notice.id,
            recipient=CHANNELS[channel].find_address(contact) or "",
            template=name,
            parameters=CHANNELS[channel].format_parameters(content),
            url=self._sign_url(notice) if CHANNELS[channel].has_links else None,
        )

    def _sign_url(self, notice: Notice) -> str | None:
        link = notice.link
        if link is None:
            return None
        if page := links.STAFF_PAGES.get(link.purpose):
            return self.addresses[page.service].rstrip("/") + page.path(link.subject)
        token = self.keyring.make_link(
            link.purpose, link.subject, link.expires_at, notice.created_at, holder=notice.person_id
        )
        row = links.BY_PURPOSE[link.purpose]
        return self.addresses[row.service].rstrip("/") + row.path(token)


def find_number(numbers: Mapping[str, str], notice: Notice) -> str:
    """Of the village, else of its town; for a donor, of the town where his help goes; else of the
    city. Empty where none is set."""
    area = notice.area or (notice.about.town_code if notice.about else "") or CITY
    codes = (*(area[:length] for length in (12, 9) if len(area) >= length), CITY)
    return next((numbers[code] for code in codes if code in numbers), "")


CITY = "441900"
"""What all codes of areas begin with."""


def choose_template(purpose: str, language: NoticeLanguage, approved: Container[str]) -> str:
    """In his language as far as the provider has approved it, else in Chinese."""
    name = name_template(purpose, language)
    return name if name in approved else purpose


NotifyRuntime = Runtime[NotifySettings, NotifyResources]
NotifyRuntimeDep = Annotated[NotifyRuntime, Depends(provide_runtime)]
