"""What a form asks of how somebody wants to be told: which way first, and in which language."""

from collections.abc import Iterator, Mapping

CHANNELS: Mapping[str, tuple[str, str]] = {
    "": ("有微信发微信，没有发短信", "WeChat where there is one, else SMS"),
    "wechat": ("微信优先", "WeChat first"),
    "sms": ("短信优先", "SMS first"),
}
LANGUAGES: Mapping[str, tuple[str, str]] = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}
Option = tuple[str, tuple[str, str], bool]
"""Value, text, whether it is so now."""


def list_channels(channel: str | None) -> Iterator[Option]:
    """channel: the one of now; None is the usual order."""
    for value, texts in CHANNELS.items():
        yield value, texts, value == (channel or "")


def list_languages(language: str) -> Iterator[Option]:
    for value, texts in LANGUAGES.items():
        yield value, texts, value == language
