"""An HttpClient whose answers are written before the call."""

from collections.abc import Callable

from shared.http import Reply


class ScriptedWire:
    """answer: what a call of a URL gets; it may raise what a wire raises."""

    def __init__(self, answer: Callable[[str], Reply]) -> None:
        self._answer = answer

    async def post(self, url: str, *_: object, **__: object) -> Reply:
        return self._answer(url)

    async def get(self, url: str, **_: object) -> Reply:
        return self._answer(url)
