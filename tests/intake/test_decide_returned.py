"""What somebody writes while a case of his waits for what is missing."""

import pytest

from services.intake.model import RequestState
from shared.messaging.decision import Ref
from tests.intake.test_decide_inbox import Inbox


@pytest.mark.parametrize("state", [RequestState.RETURNED, RequestState.RECORDED])
def test_what_is_written_while_a_case_is_returned_stands_beside_it(state: RequestState) -> None:
    inbox = Inbox()
    id_ = inbox.deliver()
    request = inbox.request(id_).model_copy(update={"state": state, "source": "/callbacks/tencent"})
    inbox.states[Ref(type(request), id_)] = request
    message = inbox.keep()
    inbox.settle(message)
    assert inbox.message(message.id).waits
    assert inbox.message(message.id).request_id == (id_ if state == "returned" else None)
