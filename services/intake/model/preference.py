"""How a person wants to be told: which channel first, and in which language."""

from shared.contracts.events import NoticeChannel
from shared.contracts.values import Identifier, NoticeLanguage, Value


class Preference(Value):
    """channel: where he is reached first; None is the usual order. What cannot be sent there
    still goes by the other. by: who of the staff noted it; empty where he said so himself."""

    channel: NoticeChannel | None = None
    language: NoticeLanguage = "zh"
    by: str = ""

    def as_fields(self) -> dict[str, str | None]:
        """As it goes with his contact."""
        return {"channel": self.channel, "language": self.language}


class SetPreference(Value):
    """by: as in `Preference`. area: the code prefix that who notes it works in."""

    person_id: Identifier
    channel: NoticeChannel | None = None
    language: NoticeLanguage = "zh"
    by: str = ""
    area: str = ""
