"""The channels a notice can go by: what each one is and what it allows.

A decision never asks for a channel's name. It asks the channel whether a message may be repeated
and whether an opt-out applies; the sender asks it how the person and the template are addressed.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from services.notify import english
from services.notify.limits import SMS_VARIABLE_MAX, WECHAT_THING_MAX
from services.notify.model import About, ProviderName, SmsProvider
from services.notify.rules import Rules
from services.notify.templates import Template, Variable
from services.notify.wording import (
    format_amount,
    format_help,
    format_hour,
    format_long_date,
    format_moment,
    format_office,
    format_quantity,
    format_short_date,
    format_short_yuan,
    format_town,
    format_what,
)
from shared.contracts.events import NoticeChannel
from shared.contracts.values import (
    DONOR_WORDS,
    DonorKind,
    NoticeLanguage,
    format_yuan_plain,
)
from shared.personal import has_number
from shared.references import format_reference

# 王💖 and 【茶山】 cost the message: a bracket is a signature's, and what looks like an address is
# taken for one.
_CARRIED = re.compile(r"[\u3007\u3400-\u9fff\w]+(?:[·•（）() -]+[\u3007\u3400-\u9fff\w]+)*[）)]?")

_BANNED = re.compile("募捐|捐款|拒收|退订")


def _is_carried(name: str) -> bool:
    is_plain = _CARRIED.fullmatch(name) and not _BANNED.search(name)
    return bool(is_plain) and not has_number(name)


Parameters = tuple[str | tuple[str, str], ...]
"""In the template's order, or as (field name, value) where a provider's fields have names."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person can be reached right now.

    phone: E.164. It and openid stay out of repr, and so out of logs. opted_out: wants no SMS;
    wechat_opted_out: nothing on WeChat. own_phone: it is certainly his: he wrote from it, or staff
    recorded it. point_id: intake's name of the phone. preferred: where he is told first, if he
    said so; language: in which. account_id: intake's name of the WeChat account.
    """

    phone: str | None = field(default=None, repr=False)
    openid: str | None = field(default=None, repr=False)
    opted_out: bool = False
    erased: bool = False
    own_phone: bool = False
    wechat_opted_out: bool = False
    point_id: str | None = None
    preferred: NoticeChannel | None = None
    language: NoticeLanguage = "zh"
    account_id: str | None = None

    @property
    def reachable(self) -> tuple[NoticeChannel, ...]:
        return tuple(name for name, channel in CHANNELS.items() if channel.find_address(self))


NO_CONTACT = Contact()


@dataclass(frozen=True, slots=True)
class Donor:
    """name: None where it may not be shown, or is not known. It stays out of repr, and of logs."""

    name: str | None = field(default=None, repr=False)
    kind: DonorKind | None = None

    def format_name(self, length_max: int, language: NoticeLanguage = "zh") -> str:
        """In full or not at all: a name that would have to be cut, that a provider refuses to carry
        or that holds somebody's number is replaced by what he is."""
        if self.name and len(self.name) <= length_max and _is_carried(self.name):
            return self.name
        return DONOR_WORDS[self.kind] if language == "zh" else english.DONORS[self.kind]


@dataclass(frozen=True, slots=True)
class Content:
    """What a notice says, before a channel puts it into its own fields.

    number: of the station or committee whom he may call; only WeChat has room for it, an SMS names
    12345 in its words.
    """

    template: Template
    regarding: str
    amount_fen: int | None = None
    donor: Donor = field(default_factory=Donor)
    code: str = field(default="", repr=False)
    count: int = 0
    counted_at: str = ""
    detail: str = ""
    about: About = field(default_factory=About)
    number: str = ""
    reply_code: str = ""


class DeliveryChannel(ABC):
    """One way to reach a person.

    drops_repeats: the provider drops a message whose notice id it has seen before. So a message
    with an unclear outcome may be sent again, and a refusal of the repetition is an answer for the
    unclear attempts too.
    honours_opt_out: who wants no SMS gets nothing by this channel.
    is_by_phone: it goes to a number, which a carrier may block and a receipt names.
    is_billed: each message costs, and counts in the month's budget.
    has_credits: a message may go as one that the person subscribed to.
    has_links: a message is opened by a link of its own; an SMS holds none.
    """

    name: ClassVar[NoticeChannel]
    drops_repeats: ClassVar[bool]
    honours_opt_out: ClassVar[bool]
    is_by_phone: ClassVar[bool]
    is_billed: ClassVar[bool]
    has_credits: ClassVar[bool]
    has_links: ClassVar[bool]

    @abstractmethod
    def list_providers(self, sms_providers: Sequence[SmsProvider]) -> Sequence[ProviderName]:
        """Who carries it. sms_providers: those that there are now, in their order."""

    @abstractmethod
    def find_address(self, contact: Contact) -> str | None:
        """None for a person who cannot be reached by this channel."""

    @abstractmethod
    def template_id(self, template: Template) -> str:
        """As the simulators know it; settings replace it by the approved one."""

    @abstractmethod
    def format_parameters(self, content: Content) -> Parameters:
        """The template's variables, each within the provider's limits."""

    def may_repeat(self, unclear_since: datetime, now: datetime, rules: Rules) -> bool:
        """Whether a message that may have gone out since then may be sent once more."""
        return self.drops_repeats and (now - unclear_since).total_seconds() < rules.wechat_resend_s


class SmsChannel(DeliveryChannel):
    """By Tencent Cloud or by Aliyun. A message that may have gone out is never sent again."""

    name = "sms"
    drops_repeats = False
    honours_opt_out = True
    is_by_phone = True
    is_billed = True
    has_credits = False
    has_links = False

    def list_providers(self, sms_providers: Sequence[SmsProvider]) -> Sequence[ProviderName]:
        return sms_providers

    def find_address(self, contact: Contact) -> str | None:
        return contact.phone

    def template_id(self, template: Template) -> str:
        return template.sms_id

    def format_parameters(self, content: Content) -> tuple[str, ...]:
        """A variable takes at most six characters and no link."""
        first = format_reference(content.regarding)
        if content.template.has("count"):
            first = content.counted_at
        return first, *(_format_short(each, content) for each in content.template.sms_variables)


def _format_short(variable: Variable, content: Content) -> str:
    """Within six characters."""
    about, language = content.about, content.template.language
    match variable:
        case "donor":
            return content.donor.format_name(SMS_VARIABLE_MAX, language)
        case "code":
            return content.code
        case "count":
            return str(content.count)
        case "detail" | "total":
            return english.translate_day(content.detail) if language == "en" else content.detail
        case "sum":
            return format_short_yuan(content.amount_fen or 0, language)
        case "what":
            return format_what(about.category, language)
        case "thing":
            return format_help(about, language)
        case "quantity":
            return format_amount(about, language, says_what=content.template.has("what"))
        case "office":
            return format_office(about.office)
        case "town":
            return format_town(about.town_code)
        case "until":
            return format_hour(about.until, language)
        case "day":
            return format_short_date(about.day, language)
        case "answer" | "answer_again":
            return content.reply_code
        case "reason":
            return ""


class WeChatChannel(DeliveryChannel):
    """Template messages of a WeChat official account, identified by their client_msg_id."""

    name = "wechat"
    drops_repeats = True
    honours_opt_out = False
    is_by_phone = False
    is_billed = False
    has_credits = True
    has_links = True

    def list_providers(
        self,
        sms_providers: Sequence[SmsProvider],  # noqa: ARG002
    ) -> Sequence[ProviderName]:
        return ("wechat",)

    def find_address(self, contact: Contact) -> str | None:
        return None if contact.wechat_opted_out else contact.openid

    def template_id(self, template: Template) -> str:
        return template.wechat_id

    def format_parameters(self, content: Content) -> tuple[tuple[str, str], ...]:
        template, about = content.template, content.about
        reference = format_reference(content.regarding)
        if template.has("count"):
            reference = f"{content.count} {content.counted_at}"
        parameters: list[tuple[str, str]] = [
            ("thing1", template.status),
            ("character_string2", reference),
            ("thing3", template.hint),
        ]
        if template.has("donor"):
            name = content.donor.format_name(WECHAT_THING_MAX, template.language)
            parameters.append(("thing5", name))
        if template.has("sum") and content.amount_fen is not None:
            parameters.append(("amount4", f"¥{format_yuan_plain(content.amount_fen)}"))
        if template.has("thing"):
            thing = format_help(about, template.language, WECHAT_THING_MAX)
            parameters.append(("thing6", thing))
        if template.has("what") or template.has("quantity"):
            parameters.append(("thing6", _describe(about, template.language)))
        if template.has("total") and content.detail:
            total = f"共{content.detail}项" if template.language == "zh" else content.detail
            parameters.append(("thing6", total))
        if template.has("town"):
            parameters.append(("thing7", format_town(about.town_code)))
        if template.has("until") and about.until is not None:
            parameters.append(("time8", format_moment(about.until)))
        if content.number:
            parameters.append(("phone_number9", content.number))
        if (
            template.has("reason")
            and template.language == "zh"
            and 0 < len(about.reason) <= WECHAT_THING_MAX
        ):
            parameters.append(("thing10", about.reason))
        if (template.has("day") or template.has("office")) and about.day:
            parameters.append(("time11", format_long_date(about.day)))
        if template.has("office"):
            whole = 0 < len(about.office) <= WECHAT_THING_MAX
            parameters.append(("thing12", about.office if whole else format_office(about.office)))
        return tuple(parameters)


def _describe(about: About, language: NoticeLanguage) -> str:
    """医疗救助 2000元; 生活物资 棉被 3床: what has no room is left out from its end."""
    words = format_what(about.category, language) if about.category else ""
    quantity = format_quantity(about.quantity, about.unit, 12, language) if about.quantity else ""
    item = "" if about.item == words else about.item  # a service is called as its category
    texts = (f"{words} {item} {quantity}", f"{words} {quantity}", words)
    fits = (" ".join(text.split()) for text in (*texts, format_what(None, language)))
    return next(text for text in fits if 0 < len(text) <= WECHAT_THING_MAX)


SMS, WECHAT = SmsChannel(), WeChatChannel()
CHANNELS: Mapping[NoticeChannel, DeliveryChannel] = {c.name: c for c in (WECHAT, SMS)}
PREFERRED: tuple[NoticeChannel, ...] = tuple(CHANNELS)


def order_channels(
    channels: Iterable[NoticeChannel], preferred: NoticeChannel | None
) -> tuple[NoticeChannel, ...]:
    """As the notice has them, but his own choice first."""
    return tuple(sorted(channels, key=lambda channel: channel != preferred))


def derive_dispatch_id(provider: str, provider_message_id: str) -> str:
    """The subject under which intake reports what became of a message."""
    return f"{provider}:{provider_message_id}"


UNTRIED: NoticeChannel = SMS.name
"""The channel that a fact names for a notice that was tried on none."""
