"""Asking the other services, from server to server: for pages that show what each knows."""

from services.intake.resources import IntakeRuntime
from shared.http import CallError

ANSWERED_S = 2.0


async def ask_neighbour(
    runtime: IntakeRuntime, url: str, path: str, body: bytes, timeout_s: float = ANSWERED_S
) -> bytes | None:
    """The body of its answer; None where there is none, or it is a refusal."""
    token = runtime.settings.secrets_dir / "service.token"
    try:
        reply = await runtime.http.post(
            f"{url.rstrip('/')}{path}",
            body,
            headers={
                "Authorization": f"Bearer {token.read_text().strip()}",
                "Content-Type": "application/json",
            },
            timeout_s=timeout_s,
        )
    except (CallError, OSError):
        return None
    return reply.body if reply.is_success else None
