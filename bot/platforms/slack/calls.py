"""Calls to Slack's Web API through slack_sdk: what can come of one, waiting where Slack says so, and paging.

::

    SlackError
    ├── Said           Slack said no; ``code`` is its word for why, ``needed`` the scope that is missing
    ├── TooFast        not now; ``wait`` says when
    └── Unreachable    no answer, or none that says anything: it may have been done

All of them are ``ConnectionError``, which is what the port knows of. No text of theirs holds a token, a
ticket or a response_url: causes are named by type, never by what they say.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.platforms.slack.markup import Json, objects, string
from bot.platforms.slack.settings import SlackSettings
from newsletter.errors import UserError

Method = Callable[..., Awaitable[AsyncSlackResponse]]

ANSWERS_WITHIN = 30
"""Seconds a call may take."""
PAUSE = 0.4
"""Seconds until what failed is asked again."""

# What Slack says when it does not know itself whether something was done: "fatal_error: … some aspect may have
# succeeded" (https://docs.slack.dev/reference/methods/chat.postMessage).
_IT_FAILED = ("internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org")
# What no waiting mends.
_NO_WAY_IN = {
    "invalid_auth": "it is wrong, or of another workspace",
    "not_authed": "it is missing",
    "account_inactive": "the app was removed from the workspace",
    "token_revoked": "it was revoked",
    "token_expired": "it has expired; switch token rotation off for the app",
    "not_allowed_token_type": "it is of the wrong kind",
    "app_uninstalled": "the app was removed from the workspace",
}


class SlackError(ConnectionError):
    """A call did not bring what it was made for."""


class Said(SlackError):
    """Slack said no."""

    def __init__(self, code: str, needed: str = "") -> None:
        self.code, self.needed = code, needed
        super().__init__(f"Slack says {code}{f', needed: {needed}' if needed else ''}")


class TooFast(SlackError):
    """Slack asks to wait."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"Slack asks to wait {wait.total_seconds():g} s")


class Unreachable(SlackError):
    """Slack did not answer, or its answer says nothing; the call may have been carried out."""


class WrongToken(UserError):
    """A token opens nothing; the text says which one and what to do."""


def client(settings: SlackSettings) -> AsyncWebClient:
    """The client for the bot's token. It repeats nothing: a post that is repeated blindly may be there twice."""
    token = settings.bot_token.get_secret_value() if settings.bot_token else None
    return AsyncWebClient(token, base_url=settings.api_url, timeout=ANSWERS_WITHIN, retry_handlers=[], logger=_quiet())


def _quiet() -> logging.Logger:
    """For slack_sdk, which at DEBUG would write tickets and response_urls into the log."""
    logger = logging.getLogger("slack_sdk.quiet")
    logger.setLevel(logging.INFO)
    return logger


async def once(method: Method, **arguments: Any) -> Json:
    """The answer to one call. Raises ``SlackError``, or ``WrongToken`` where no other call would fare better."""
    return (await _answered(method, **arguments))[0]


async def granted(web: AsyncWebClient) -> tuple[Json, frozenset[str] | None]:
    """What ``auth.test`` says, and the scopes of the token; ``None`` where the answer does not name them.

    https://docs.slack.dev/reference/methods/auth.test: they are in a header of every answer.
    """
    said, headers = await _answered(web.auth_test)
    named = _header(headers, "x-oauth-scopes")
    return said, None if named is None else frozenset(scope.strip() for scope in named.split(",") if scope.strip())


async def _answered(method: Method, **arguments: Any) -> tuple[Json, Any]:
    try:
        response = await method(**arguments)
    except SlackApiError as error:
        raise _explained(error) from error
    except (aiohttp.ClientError, TimeoutError, SlackClientError, OSError, ValueError) as error:
        # Without its cause: the errors of aiohttp quote the address, which may be a secret.
        raise Unreachable(f"Slack did not answer ({type(error).__name__})") from None
    if not isinstance(response.data, dict):
        raise Unreachable("Slack answered with something that is no JSON object")
    return response.data, response.headers


async def patiently(method: Method, **arguments: Any) -> Json:
    """The answer to a call that changes nothing: asked again as long as Slack asks to wait, three times when it fails.

    There is no bound on waiting: an app outside Slack's marketplace may have one call a minute.
    """
    failed = 0
    while True:
        try:
            return await once(method, **arguments)
        except TooFast as error:
            await asyncio.sleep(error.wait.total_seconds() + random.uniform(0, 0.2))  # noqa: S311 - no secret
        except Unreachable:
            failed += 1
            if failed == 3:
                raise
            await asyncio.sleep(failed * PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - no secret


async def pages(method: Method, *, limit: int = 200, **arguments: Any) -> AsyncIterator[Json]:
    """Every page of an answer, patiently. A page may be empty and another one follow."""
    cursor = ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = await patiently(method, limit=limit, **arguments, **more)
        yield page
        following = page.get("response_metadata")
        cursor = string(following.get("next_cursor")) if isinstance(following, dict) else ""
        if not cursor:
            return


async def everything(method: Method, key: str, **arguments: Any) -> list[Json]:
    """The objects under ``key`` on every page."""
    return [one async for page in pages(method, **arguments) for one in objects(page.get(key))]


async def respond(url: str, message: dict[str, Any]) -> None:
    """Use a ``response_url``: five times within half an hour. Raises ``SlackError``."""
    try:
        answer = await AsyncWebhookClient(url, timeout=ANSWERS_WITHIN, retry_handlers=[], logger=_quiet()).send_dict(
            message
        )
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise Unreachable(f"Slack did not answer ({type(error).__name__})") from None
    if not 200 <= answer.status_code < 300:
        raise Said(f"{answer.status_code} {answer.body[:60]}")
    if answer.body.startswith("{") and '"ok":false' in answer.body.replace(" ", ""):
        raise Said(answer.body[:60])


def _explained(error: SlackApiError) -> Exception:
    status, headers = getattr(error.response, "status_code", None), getattr(error.response, "headers", {})
    said = getattr(error.response, "data", None)
    code = string(said.get("error")) if isinstance(said, dict) else ""
    if status == 429 or code in ("ratelimited", "rate_limited", "message_limit_exceeded"):
        return TooFast(timedelta(seconds=_seconds(headers)))
    if code in _NO_WAY_IN:
        return WrongToken(f"Slack does not take the token: {_NO_WAY_IN[code]} ({code})")
    if status == 404:
        return Said(code or "unknown_method")
    if not isinstance(said, dict) or not code or code in _IT_FAILED or (status or 500) >= 500:
        return Unreachable(f"Slack failed ({code or status or 'no answer'})")
    return Said(code, string(said.get("needed")))


def _seconds(headers: Any) -> float:
    """``Retry-After``, in seconds."""
    try:
        return max(0.0, min(float(_header(headers, "retry-after") or ""), 3600.0))
    except ValueError:
        return 30.0


def _header(headers: Any, wanted: str) -> str | None:
    """Header names come in any case."""
    return next((str(value) for name, value in dict(headers).items() if str(name).lower() == wanted), None)
