"""The texts of intake's problems."""

from types import ModuleType

import pytest

from services.intake import messages
from services.intake.approvals import messages as approval_messages
from services.intake.clocks import messages as clock_messages
from services.intake.emergencies import messages as emergency_messages
from services.intake.regular import messages as regular_messages
from services.intake.sign_in import messages as sign_in_messages
from tests.support.messages import check_messages

MODULES = (
    messages,
    clock_messages,
    approval_messages,
    emergency_messages,
    regular_messages,
    sign_in_messages,
)


@pytest.mark.parametrize("module", MODULES)
def test_every_problem_has_a_code_and_both_languages(module: ModuleType) -> None:
    check_messages(module)
