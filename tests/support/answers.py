"""What a command was answered."""

from shared.messaging.decision import Answer


def code(answer: Answer | None) -> str:
    """Of the first problem of a refusal."""
    assert answer is not None
    assert answer.status >= 400, answer.body
    return str(answer.body["problems"][0]["code"])
