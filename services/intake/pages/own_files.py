"""Photos and documents on the applicant's page: what he sends of himself, and sees again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile

from services.intake.attachments.files import FILE_BYTES_MAX, MEGABYTE
from services.intake.attachments.keeping import Adder, add_file, list_files
from services.intake.attachments.messages import OWN_FILE_REFUSED
from services.intake.model import Request
from services.intake.model.attachment import OWN_ATTACHMENTS_MAX, Attachment, AttachmentKind
from services.intake.pages.uploads import KINDS
from services.intake.resources import IntakeRuntime
from shared.contracts.links import REQUEST
from shared.errors import Invalid, Problem

FILES = "files"


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """path: where they are sent to and read below. checks: whether there is a virus checker."""

    own: Sequence[Attachment] = ()
    may_add: bool = False
    path: str = ""
    checks: bool = False
    most: int = OWN_ATTACHMENTS_MAX
    problems: Sequence[Mapping[str, str]] = ()
    kinds: Mapping[AttachmentKind, tuple[str, str]] = field(default_factory=lambda: KINDS)


NO_FILES = OwnFiles()


async def load_own_files(
    runtime: IntakeRuntime, request: Request, token: str, outcome: str | None
) -> OwnFiles:
    """Those that he sent himself. outcome: `wrong` after something could not be taken."""
    files = await list_files(runtime, request)
    own = [each for each in files if each.giver == "applicant"]
    refused = OWN_FILE_REFUSED.problem(
        "file", most=FILE_BYTES_MAX // MEGABYTE, count=OWN_ATTACHMENTS_MAX
    )
    return OwnFiles(
        own=own,
        may_add=request.is_withdrawable and len(own) < OWN_ATTACHMENTS_MAX,
        path=REQUEST.path(token, FILES),
        checks=bool(runtime.settings.clamd),
        problems=[refused.as_dict()] if outcome == "wrong" else (),
    )


async def add_own_files(
    runtime: IntakeRuntime, request_id: str, files: Sequence[UploadFile]
) -> tuple[Problem, ...]:
    """What could not be taken; the others are."""
    problems: list[Problem] = []
    for file in files:
        try:
            content = await file.read()
            answer = await add_file(runtime, request_id, content, "other", Adder("applicant"))
        except Invalid as invalid:
            problems.extend(invalid.problems)
        else:
            problems.extend(Problem(**each) for each in answer.body.get("problems", ()))
    return tuple(problems)
