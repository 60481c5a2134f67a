"""Log-in by an OpenID Connect provider, where the settings name one."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api.auth import Open
from serving.api.problems import Problem
from serving.provider import NoRole, NotVouchedFor, Provider, ProviderDown, Secrets
from serving.review.accounts import too_many, wait_for
from serving.review.guards import cookie, keep_session, session_of
from serving.review.rendering import error_page, show, words_of
from serving.store.access import Access

router = APIRouter(include_in_schema=False, dependencies=[Depends(Open())])
_COOKIE = "tegn_oidc"
_MINUTES = 10


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise Problem("not-found", "provider")
    return provider


@router.get("/oidc/start")
async def start(request: Request) -> Response:
    """Go to the provider's log-in page."""
    secret, own = Secrets.make()
    try:
        url = await _provider(request).start(own)
    except ProviderDown:
        return error_page(request.scope, 503, message="provider_down")
    response = RedirectResponse(url, 303)
    response.set_cookie(
        cookie(request, _COOKIE),
        secret,
        max_age=_MINUTES * 60,
        httponly=True,
        samesite="lax",  # the provider's site sends the browser back: a strict cookie would stay behind
        secure=request.app.state.settings.secure_cookies,
        path="/",
    )
    return response


@router.get("/oidc/callback")
async def finish(request: Request) -> Response:
    """Come back from it."""
    provider = _provider(request)
    response = await _finish(request, provider)
    secure = request.app.state.settings.secure_cookies
    response.delete_cookie(cookie(request, _COOKIE), path="/", secure=secure, httponly=True, samesite="lax")
    return response


async def _finish(request: Request, provider: Provider) -> Response:
    if wait := await wait_for(request):
        return too_many(request, wait)
    access: Access = request.app.state.access
    secret = request.cookies.get(cookie(request, _COOKIE), "")
    try:
        if not secret:
            raise NotVouchedFor("no cookie")
        who = await provider.finish(Secrets(secret), request.query_params)
    except ProviderDown:
        return error_page(request.scope, 503, message="provider_down")
    except NotVouchedFor:
        await run_in_threadpool(access.refuse, "provider")
        return error_page(request.scope, 400, message="provider_failed")
    except NoRole:
        await run_in_threadpool(access.refuse, "provider")
        return error_page(request.scope, 403, message="provider_refused")
    session = await run_in_threadpool(access.enter, who.issuer, who.subject, who.name, who.role)
    if session is None:
        return error_page(request.scope, 403, message="provider_refused")
    if before := session_of(request):
        await run_in_threadpool(access.log_out, before)
    # A page and not a redirect: browsers send strict cookies only where our own page sent them.
    response = show("provided.html", words_of(request), headers={"Refresh": "0; url=/"})
    keep_session(request, response, session)
    return response
