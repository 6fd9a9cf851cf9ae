"""One decision without I/O, as the processor runs it: it is given what it reads, round by round."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.messaging.deciding import check_decision
from shared.messaging.decision import AnyRef, Decision, Handler, NotLoaded, State, States
from shared.messaging.fold import READ_ROUNDS_MAX


def run_decision(
    handler: Handler[Any], states: Mapping[AnyRef, State], input_: Any, now: datetime
) -> Decision:
    """states: all that is stored. Raises what the decision raises.

    Raises AssertionError when it reads in too many rounds, UnreadState when it changes what it did
    not read. `prepare` is the caller's.
    """
    loaded: dict[AnyRef, State | None] = {}
    for _ in range(READ_ROUNDS_MAX + 1):
        view = States(loaded)
        try:
            decision = handler.decide(view, input_, now)
        except NotLoaded as not_loaded:
            loaded |= {ref: states.get(ref) for ref in not_loaded.refs}
        else:
            check_decision(decision, view.read)
            return decision
    raise AssertionError(f"reads in more than {READ_ROUNDS_MAX} rounds: read with get_each")
