"""Who wants no SMS is called for a digest only where one in it waits for his word."""

import pytest

from services.notify.decide.mailboxes import bundle
from services.notify.decide.transitions import with_task
from services.notify.model import Notice
from tests.notify.decisions import START


def make_notice(id_: str, purpose: str) -> Notice:
    return Notice(
        id=id_,
        person_id="P-1",
        purpose=purpose,
        regarding="R-1",
        correlation_id="C",
        created_at=START,
        due_at=START,
    )


@pytest.mark.parametrize(
    ("purposes", "is_called"),
    [
        (("match_proposed", "match_proposed"), False),
        (("request_opened", "request_settled"), False),
        (("match_delivered", "match_committed"), True),
    ],
)
def test_a_digest_is_called_as_what_is_in_it(purposes: tuple[str, str], is_called: bool) -> None:
    first, second = (make_notice(f"N-{at}", each) for at, each in enumerate(purposes))
    digest, *_ = bundle(first, {second.id: second}, lambda _: False, START)
    failed = with_task(digest, digest.with_state("failed", code="opted_out"))
    assert (failed.task is not None) is is_called
