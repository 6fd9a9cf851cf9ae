"""New words for a notice: one proposes them, another approves; what a provider would refuse is not
even proposed."""

from collections.abc import Mapping
from datetime import datetime

from services.notify.limits import list_problems
from services.notify.messages import (
    WORDS_GONE,
    WORDS_NEED_ID,
    WORDS_OWN,
    WORDS_SAME,
    WORDS_UNKNOWN,
    WORDS_WAITING,
)
from services.notify.rules import Rules
from services.notify.templates import TEMPLATES
from services.notify.wordings import (
    VERSIONS_MAX,
    ApproveWords,
    DropWords,
    IdOf,
    ProposeWords,
    Wording,
    Words,
    find_id_clashes,
    find_template,
    find_words,
)
from shared.errors import Problem, refuse
from shared.messaging.decision import Answer, Command, Decision, States


def decide_propose(
    rules: Rules, states: States, command: Command[ProposeWords], now: datetime
) -> Decision:
    proposed = command.data
    if proposed.purpose not in TEMPLATES:
        return Decision(answer=WORDS_UNKNOWN.refusal(404))
    wording = states.get(Wording, proposed.purpose) or Wording(id=proposed.purpose)
    if wording.proposal is not None:
        return Decision(answer=WORDS_WAITING.refusal(409))
    ids: Mapping[IdOf, str] = {
        "tencent": proposed.tencent_id,
        "aliyun": proposed.aliyun_id,
        "wechat": proposed.wechat_id,
    }
    current = find_words(proposed.purpose, wording)
    before = current.ids if current else {}
    words = Words(
        number=wording.last_number + 1,
        sms=proposed.sms,
        title=proposed.title,
        status=proposed.status,
        hint=proposed.hint,
        ids={of: id_ for of, id_ in ids.items() if id_},
        proposed_by=command.principal,
        proposed_at=now,
    )
    template = find_template(proposed.purpose, wording)
    if words.apply(template) == template and words.ids == before:
        return Decision(answer=WORDS_SAME.refusal(409))
    problems = _list_problems(rules, wording, words)
    if problems:
        return Decision(answer=refuse(422, *problems))
    changed = wording.model_copy(update={"proposal": words, "last_number": words.number})
    return Decision((changed,), answer=_build_answer(changed))


def decide_approve(
    rules: Rules, states: States, command: Command[ApproveWords], now: datetime
) -> Decision:
    """By another than proposed it: everybody in the city reads it. A release since may have given
    the notice more to say."""
    wording = states.get(Wording, command.data.purpose)
    words = _find_proposal(wording, command.data)
    if wording is None or words is None:
        return Decision(answer=WORDS_GONE.refusal(409))
    if words.proposed_by == command.principal:
        return Decision(answer=WORDS_OWN.refusal(409))
    problems = _list_problems(rules, wording, words)
    if problems:
        return Decision(answer=refuse(422, *problems))
    approved = words.model_copy(update={"approved_by": command.principal, "approved_at": now})
    versions = (*wording.versions, approved)[-VERSIONS_MAX:]
    changed = wording.model_copy(update={"versions": versions, "proposal": None})
    return Decision((changed,), answer=_build_answer(changed))


def decide_drop(
    _rules: Rules, states: States, command: Command[DropWords], _now: datetime
) -> Decision:
    wording = states.get(Wording, command.data.purpose)
    if wording is None or _find_proposal(wording, command.data) is None:
        return Decision(answer=WORDS_GONE.refusal(409))
    changed = wording.model_copy(update={"proposal": None})
    return Decision((changed,), answer=_build_answer(changed))


def _list_problems(rules: Rules, wording: Wording, words: Words) -> tuple[Problem, ...]:
    changed = words.apply(TEMPLATES[wording.id])
    clashes = find_id_clashes(rules, wording, words)
    ids_missing = (WORDS_NEED_ID.problem(f"{of}_id", id=id_) for of, id_ in clashes.items())
    return (*list_problems(changed, rules.sms_sign_name), *ids_missing)


def _find_proposal(wording: Wording | None, named: ApproveWords) -> Words | None:
    """None where it is another than was read."""
    words = wording.proposal if wording else None
    return words if words is not None and words.number == named.number else None


def _build_answer(wording: Wording) -> Answer:
    number = wording.current.number if wording.current else 0
    return Answer(200, {"purpose": wording.id, "version": number})
