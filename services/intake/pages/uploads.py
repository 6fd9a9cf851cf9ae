"""What forms with files send, and what kinds of files there are."""

from collections.abc import Mapping

from starlette.datastructures import FormData, UploadFile

from services.intake.model.attachment import AttachmentKind

FILES_AT_A_TIME = 3
KINDS: Mapping[AttachmentKind, tuple[str, str]] = {
    "before": ("前（现状）", "before"),
    "after": ("后（完成）", "after"),
    "proof": ("证明材料", "proof"),
    "other": ("其他", "other"),
}


def list_uploads(form: FormData) -> list[UploadFile]:
    """Those that were chosen: a browser sends an empty one where none was."""
    files = [each for each in form.getlist("file") if isinstance(each, UploadFile)]
    return [each for each in files if each.filename][:FILES_AT_A_TIME]


def read_kind(form: FormData) -> AttachmentKind:
    return next((kind for kind in KINDS if kind == form.get("kind")), "other")
