"""The form that says how a person wants to be told: on his own page and on the desk's."""

from pydantic import ValidationError

from services.intake.model.preference import SetPreference
from shared.errors import Invalid
from shared.validation import describe_validation
from shared.web.forms import Form


def read_preference(person_id: str, form: Form, by: str = "", area: str = "") -> SetPreference:
    """by, area: of the staff who note it. Raises Invalid."""
    fields = {"channel": form.get("channel", "") or None, "language": form.get("language", "")}
    try:
        return SetPreference.model_validate(
            {"person_id": person_id, "by": by, "area": area, **fields}
        )
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None
