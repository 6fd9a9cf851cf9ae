"""The limits that decisions go by; `settings.py` fills them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.moments import as_stored


@dataclass(frozen=True, slots=True)
class Rules:
    """claim_s: a claimed notice has this long; afterwards nobody knows whether it was sent.
    wechat_resend_s: within it WeChat drops a double by its client_msg_id (ten minutes, less a
    reserve), so asking again is safe. notice_life_s: later than that, it is no news any more.
    """

    claim_s: float = 120
    wechat_resend_s: float = 450
    retries_max: int = 10
    backoff_s_min: float = 5
    backoff_s_max: float = 3600
    misconfigured_wait_s: float = 300
    notice_life_s: float = 72 * 3600
    receipt_life_s: float = 30 * 86_400

    def delay_s(self, failures: int) -> float:
        """First at once, then ever later."""
        if failures <= 1:
            return 0
        return min(self.backoff_s_min * 2.0 ** min(failures - 2, 30), self.backoff_s_max)


def after(now: datetime, seconds: float = 0) -> datetime:
    """A deadline is compared for equality."""
    return as_stored(now + timedelta(seconds=seconds))
