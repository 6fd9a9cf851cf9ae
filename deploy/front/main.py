"""The front as a program: `guanjia run front`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.front.proxy import Proxy
from deploy.front.settings import FrontSettings
from shared.web.callers import FrontAddress

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(settings: FrontSettings) -> Starlette:
    proxy = Proxy(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await proxy.open()
        yield
        await proxy.close()

    async def answer(request: Request) -> Response:
        return await proxy.answer(request)

    app = Starlette(
        routes=[
            Route("/health/ready", report_ready),
            Route("/health/live", report_live),
            Route("/{path:path}", answer, methods=METHODS),
        ],
        lifespan=lifespan,
    )
    # Your own proxy before the front shows the same token.
    app.state.ready = lambda: ""
    app.state.public_scheme = settings.public_scheme
    app.add_middleware(FrontAddress, token=settings.front_token.get_secret_value())
    return app


async def report_ready(request: Request) -> Response:
    """Of the front alone: the services say their own."""
    reason = request.app.state.ready()
    status = {"status": "waiting", "reason": reason} if reason else {"status": "ready"}
    return JSONResponse(status, status_code=503 if reason else 200)


async def report_live(_request: Request) -> Response:
    return JSONResponse({"status": "live"})
