"""A provider's id of a message, as our events and stored ids hold it."""

import re

_FOREIGN = re.compile(r"[^\w.:/@+-]")


def fold_message_id(text: str) -> str:
    """Aliyun writes `932702304080415357^0`; whoever sent it and whoever reads its receipt fold it
    the same way."""
    return _FOREIGN.sub(".", text)
