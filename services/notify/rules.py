"""The limits that decisions apply; `settings.py` holds their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notify.model import SmsProvider
from shared.moments import as_stored


@dataclass(frozen=True, slots=True)
class Rules:
    """claim_s: a claimed notice has this long; afterwards nobody knows whether it was sent.
    wechat_resend_s: within it WeChat drops a repetition by its client_msg_id (ten minutes, less a
    reserve), so sending again is safe. notice_life_s: older than that, it is not sent any more.
    digest_s: what waits for staff is collected so long. bundle_s: small notices to one person are,
    0 is not at all. quiet_hours: 21:00-08:00, when only urgent_purposes and answers go; what waited
    goes within quiet_spread_s of their end. person_day_max: messages to one person and day.
    receipt_wait_s: a message without a receipt ends after it. blocked_s: a phone that a carrier
    blocks is tried again after it. sms_providers: with an account of ours,
    and sms_targets, of a hundred SMS; traffic_back_s: shares that moved come a step back after it.
    sms_sign_name: before each SMS, and part of its length. sms_template_ids, aliyun_template_ids,
    wechat_template_ids: under which the settings say that the file's texts are approved.
    """

    claim_s: float
    wechat_resend_s: float
    retries_max: int
    backoff_s_min: float
    backoff_s_max: float
    misconfigured_wait_s: float
    notice_life_s: float
    receipt_life_s: float
    receipt_wait_s: float
    blocked_s: float
    digest_s: float
    bundle_s: float
    quiet_hours: str
    quiet_spread_s: float
    urgent_purposes: frozenset[str]
    person_day_max: int
    sms_providers: tuple[SmsProvider, ...]
    sms_targets: tuple[int, ...]
    traffic_back_s: float
    sms_sign_name: str
    sms_template_ids: Mapping[str, str]
    aliyun_template_ids: Mapping[str, str]
    wechat_template_ids: Mapping[str, str]

    def compute_delay_s(self, failures: int) -> float:
        """The first retry is at once, later ones back off."""
        if failures <= 1:
            return 0
        return min(self.backoff_s_min * 2.0 ** min(failures - 2, 30), self.backoff_s_max)


def compute_deadline(now: datetime, seconds: float = 0) -> datetime:
    """In whole milliseconds, as a deadline is stored: it is compared for equality."""
    return as_stored(now + timedelta(seconds=seconds))
