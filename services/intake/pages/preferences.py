"""The form that says how a person wants to be told: on his own page and on the desk's."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from services.intake.model.preference import Preference, SetPreference
from shared.errors import Invalid
from shared.validation import describe_validation
from shared.web.forms import Form

CHANNELS: Mapping[str, tuple[str, str]] = {
    "": ("有微信发微信，没有发短信", "WeChat where there is one, else SMS"),
    "wechat": ("微信优先", "WeChat first"),
    "sms": ("短信优先", "SMS first"),
}
LANGUAGES: Mapping[str, tuple[str, str]] = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}
Option = tuple[str, tuple[str, str], bool]
"""Value, text, whether it is so now."""


def list_channels(preference: Preference) -> Iterator[Option]:
    for value, texts in CHANNELS.items():
        yield value, texts, value == (preference.channel or "")


def list_languages(preference: Preference) -> Iterator[Option]:
    for value, texts in LANGUAGES.items():
        yield value, texts, value == preference.language


def read_preference(person_id: str, form: Form, by: str = "") -> SetPreference:
    """Raises Invalid."""
    fields = {"channel": form.get("channel", "") or None, "language": form.get("language", "")}
    try:
        return SetPreference.model_validate({"person_id": person_id, "by": by, **fields})
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None
