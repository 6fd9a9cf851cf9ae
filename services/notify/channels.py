"""The channels a notice can go by: what each one is and what it allows.

A decision never asks for a channel's name. It asks the channel whether a message may be repeated
and whether an opt-out applies; the sender asks it how the person and the template are addressed.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from services.notify.rules import Rules
from services.notify.templates import Template
from shared.contracts.events import NoticeChannel
from shared.contracts.values import DONOR_WORDS, DonorKind
from shared.references import format_reference

SMS_VARIABLE_MAX = 6
WECHAT_THING_MAX = 20

# 王💖 and 【茶山】 cost the message: a bracket is a signature's, and what looks like an address is
# taken for one.
_CARRIED = re.compile(r"[\u3007\u3400-\u9fff\w]+(?:[·•（）() -]+[\u3007\u3400-\u9fff\w]+)*[）)]?")

Parameters = tuple[str | tuple[str, str], ...]
"""In the template's order, or as (field name, value) where a provider's fields have names."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person can be reached right now.

    phone: E.164. It and openid stay out of repr, and so out of logs. opted_out: wants no SMS;
    wechat_opted_out: nothing on WeChat. own_phone: it is certainly his: he wrote from it, or staff
    recorded it.
    """

    phone: str | None = field(default=None, repr=False)
    openid: str | None = field(default=None, repr=False)
    opted_out: bool = False
    erased: bool = False
    own_phone: bool = False
    wechat_opted_out: bool = False

    @property
    def reachable(self) -> tuple[NoticeChannel, ...]:
        return tuple(name for name, channel in CHANNELS.items() if channel.find_address(self))


NO_CONTACT = Contact()


@dataclass(frozen=True, slots=True)
class Donor:
    """name: None where it may not be shown, or is not known. It stays out of repr, and of logs."""

    name: str | None = field(default=None, repr=False)
    kind: DonorKind | None = None

    def format_name(self, length_max: int) -> str:
        """In full or not at all: a name that would have to be cut, or that a provider refuses to
        carry, is replaced by what he is."""
        if self.name and len(self.name) <= length_max and _CARRIED.fullmatch(self.name):
            return self.name
        return DONOR_WORDS[self.kind]


@dataclass(frozen=True, slots=True)
class Content:
    """What a notice says, before a channel puts it into its own fields."""

    template: Template
    regarding: str
    amount_fen: int | None = None
    donor: Donor = field(default_factory=Donor)
    code: str = field(default="", repr=False)
    count: int = 0
    counted_at: str = ""
    detail: str = ""


class DeliveryChannel(ABC):
    """One way to reach a person.

    provider: the name under which intake reports what became of a message.
    drops_repeats: the provider drops a message whose notice id it has seen before. So a message
    with an unclear outcome may be sent again, and a refusal of the repetition is an answer for the
    unclear attempts too.
    honours_opt_out: who wants no SMS gets nothing by this channel.
    """

    name: ClassVar[NoticeChannel]
    provider: ClassVar[str]
    drops_repeats: ClassVar[bool]
    honours_opt_out: ClassVar[bool]

    @abstractmethod
    def find_address(self, contact: Contact) -> str | None:
        """None for a person who cannot be reached by this channel."""

    @abstractmethod
    def template_id(self, template: Template) -> str:
        """As the simulators know it; settings replace it by the approved one."""

    @abstractmethod
    def format_parameters(self, content: Content) -> Parameters:
        """The template's variables, each within the provider's limits."""

    def dispatch_id(self, provider_message_id: str) -> str:
        """The subject under which intake reports what became of a message."""
        return f"{self.provider}:{provider_message_id}"

    def may_repeat(self, unclear_since: datetime, now: datetime, rules: Rules) -> bool:
        """Whether a message that may have gone out since then may be sent once more."""
        return self.drops_repeats and (now - unclear_since).total_seconds() < rules.wechat_resend_s


class SmsChannel(DeliveryChannel):
    """Tencent Cloud SMS. A message that may have gone out is never sent again."""

    name = "sms"
    provider = "tencent"
    drops_repeats = False
    honours_opt_out = True

    def find_address(self, contact: Contact) -> str | None:
        return contact.phone

    def template_id(self, template: Template) -> str:
        return template.sms_id

    def format_parameters(self, content: Content) -> tuple[str, ...]:
        """A variable takes at most six characters and no link."""
        if content.template.with_count:
            return content.counted_at, str(content.count)
        reference = format_reference(content.regarding)
        if content.template.with_code:
            return reference, content.code
        if content.template.with_detail:
            return reference, content.detail
        if not content.template.with_donor:
            return (reference,)
        return reference, content.donor.format_name(SMS_VARIABLE_MAX)


class WeChatChannel(DeliveryChannel):
    """Template messages of a WeChat official account, identified by their client_msg_id."""

    name = "wechat"
    provider = "wechat"
    drops_repeats = True
    honours_opt_out = False

    def find_address(self, contact: Contact) -> str | None:
        return None if contact.wechat_opted_out else contact.openid

    def template_id(self, template: Template) -> str:
        return template.wechat_id

    def format_parameters(self, content: Content) -> tuple[tuple[str, str], ...]:
        template = content.template
        reference = format_reference(content.regarding)
        if template.with_count:
            reference = f"{content.count} {content.counted_at}"
        parameters: list[tuple[str, str]] = [
            ("thing1", template.status),
            ("character_string2", reference),
            ("thing3", template.hint),
        ]
        if template.with_donor:
            parameters.append(("thing5", content.donor.format_name(WECHAT_THING_MAX)))
        if template.with_amount and content.amount_fen is not None:
            yuan, fen = divmod(content.amount_fen, 100)
            parameters.append(("amount4", f"¥{yuan}.{fen:02d}"))
        return tuple(parameters)


SMS, WECHAT = SmsChannel(), WeChatChannel()
CHANNELS: Mapping[NoticeChannel, DeliveryChannel] = {c.name: c for c in (WECHAT, SMS)}
PREFERRED: tuple[NoticeChannel, ...] = tuple(CHANNELS)
UNTRIED: NoticeChannel = SMS.name
"""The channel that a fact names for a notice that was tried on none."""
