"""The messages on the simulated phones: one bounded log, read by recipient or from a cursor on."""

from collections import OrderedDict, deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from deploy.simulators.plans import Fate

MESSAGES_MAX = 50_000
SmsSender = Literal["tencent", "aliyun"]


@dataclass(frozen=True, slots=True)
class Entry:
    """direction: `in` to the phone, `out` from the person, `answer` what WeChat shows at once. seq:
    a growing cursor. sender: of an SMS; a reply goes to it."""

    seq: int
    recipient: str
    channel: Literal["sms", "wechat"]
    direction: Literal["in", "out", "answer"]
    text: str
    at: datetime
    url: str = ""
    title: str = ""
    template: str = ""
    notice_id: str = ""
    provider_message_id: str = ""
    fate: Fate = "delivered"
    sender: SmsSender = "tencent"

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "at": self.at.isoformat()}


class Phones:
    """The oldest message falls out of both views together, so memory stays bounded."""

    def __init__(self, messages_max: int = MESSAGES_MAX) -> None:
        self._all: deque[Entry] = deque()
        self._by_recipient: OrderedDict[str, deque[Entry]] = OrderedDict()
        self._messages_max = messages_max
        self._seq = 0

    @property
    def seq(self) -> int:
        return self._seq

    def take_next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def add(self, entry: Entry) -> None:
        if len(self._all) >= self._messages_max:
            self._drop_oldest()
        self._all.append(entry)
        self._by_recipient.setdefault(entry.recipient, deque()).append(entry)
        self._by_recipient.move_to_end(entry.recipient)

    def list_since(self, seq: int, recipient: str, limit: int) -> list[Entry]:
        """Up to `limit` entries after `seq`, oldest first; of all phones if none is named."""
        entries = self._by_recipient.get(recipient, deque()) if recipient else self._all
        newer: list[Entry] = []
        for entry in reversed(entries):
            if entry.seq <= seq:
                break
            newer.append(entry)
        return newer[::-1][:limit]

    def find_sender(self, recipient: str) -> SmsSender:
        """Of the newest SMS on this phone."""
        entries = self._by_recipient.get(recipient, deque())
        return next(
            (each.sender for each in reversed(entries) if each.direction == "in"), "tencent"
        )

    def list_recent(self, limit: int) -> list[tuple[Entry, int]]:
        """The phones that were busy last: newest entry and how many there are."""
        rows: list[tuple[Entry, int]] = []
        for entries in reversed(self._by_recipient.values()):
            if len(rows) == limit:
                break
            rows.append((entries[-1], len(entries)))
        return rows

    def _drop_oldest(self) -> None:
        oldest = self._all.popleft()
        queue = self._by_recipient[oldest.recipient]
        queue.popleft()
        if not queue:
            del self._by_recipient[oldest.recipient]
