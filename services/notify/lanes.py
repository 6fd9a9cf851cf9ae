"""In which lane a notice waits while more is due than can be sent. docs/decisions/0160.

Who waits for an answer goes first. What a person's own case calls for comes next to what others
brought for many people: each office's sheets are a lane, and lanes take turns.
"""

from services.notify.duties import URGENT_PURPOSES
from services.notify.purposes import Purpose
from shared.contracts.envelope import Fact
from shared.contracts.events import RequestOpened, RequestRecorded
from shared.contracts.values import Channel

ANSWER_LANE = "!"
"""What somebody waits for at his phone: an answer, a code. It sorts before all others."""
OWN_LANE = ""
OWN_CHANNELS = frozenset({Channel.SMS, Channel.WECHAT, Channel.WEB})


def find_lane(purpose: Purpose, fact: Fact) -> str:
    """Of a notice to a person or a donor."""
    if purpose.is_answer:
        return ANSWER_LANE
    if not isinstance(fact, RequestRecorded | RequestOpened) or fact.channel in OWN_CHANNELS:
        return OWN_LANE
    return f"{fact.channel}-{fact.area.town_code if fact.area else ''}"


def find_staff_lane(purpose: str) -> str:
    return ANSWER_LANE if purpose in URGENT_PURPOSES else OWN_LANE


def share_turns(count: int, lanes: int) -> int:
    """How many of each lane go next; one at least, so that the last lane moves too."""
    return max(1, count // max(1, lanes))
