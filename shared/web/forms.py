"""What forms of staff send: read, turned into commands, and shown again where it was refused."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from shared.contracts.values import Value
from shared.documents import Document
from shared.errors import Invalid, refuse
from shared.messaging.decision import Answer, Command
from shared.runtime import Runtime
from shared.security import Credential
from shared.validation import describe_validation

Form = Mapping[str, str]
FORM_KEY = "form_key"
_KEY = re.compile(r"[\w-]{16,40}", re.ASCII)


async def read_form(request: Request) -> Form:
    """The first value of each field that says something, without blanks around."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    return {name: values[0].strip() for name, values in fields.items() if values[0].strip()}


def make_form_key() -> str:
    """Stands in a form, so that sending it twice does it once."""
    return secrets.token_urlsafe(16)


async def execute_form(runtime: Runtime, caller: Credential, form: Form, data: Value) -> Answer:
    """The command that the API has, in the caller's name. Raises Invalid."""
    key = form.get(FORM_KEY, "")
    if not _KEY.fullmatch(key):
        key = make_form_key()
    command = Command(data, key=f"{caller.speaks_as}|{key}", principal=caller.principal)
    return await runtime.processor.execute(command)


async def answer_form(
    request: Request,
    runtime: Runtime,
    caller: Credential,
    done: str,
    build: Callable[[Form], Value],
    show: Callable[[Form, Answer], Awaitable[Response]],
) -> Response:
    """Done, and on to what says so; or the page again, with what is wrong beside what was typed.

    done: where it is said. build: from the form to the command; raises ValidationError or Invalid.
    """
    form = await read_form(request)
    try:
        answer = await execute_form(runtime, caller, form, build(form))
    except ValidationError as error:
        answer = refuse(422, *describe_validation(error))
    except Invalid as invalid:
        answer = refuse(422, *invalid.problems)
    if answer.status < 400:
        return RedirectResponse(done, status_code=303)
    return await show(form, answer)


def list_problems(answer: Answer) -> list[Document]:
    return list(answer.body.get("problems", ()))
