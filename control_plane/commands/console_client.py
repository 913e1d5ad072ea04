"""A client of the console's API, as the command line uses it: every failure becomes one sentence."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import typer
from rich.console import Console
from rich.text import Text

from foundation.outbound import http_client

Document = dict[str, Any]
Command = Callable[..., Coroutine[Any, Any, None]]

REFUSED = 1
NOT_RUNNING = 2


class CommandFailed(Exception):
    """The command could not be done; the text is for a person."""

    def __init__(self, message: str, *, exit_code: int = REFUSED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class ConsoleConnection:
    """Where the console is, and the client as which to speak to it."""

    public_url: str
    ca_file: Path | None
    client_id: str
    client_secret: str = field(repr=False)


class ConsoleClient:
    """Requests with an access token, fetched when first needed. Raises `CommandFailed`."""

    def __init__(self, connection: ConsoleConnection) -> None:
        self._connection = connection
        self._token = ""

    async def __aenter__(self) -> ConsoleClient:
        ca_file = self._connection.ca_file
        if ca_file is not None and not ca_file.exists():
            raise self._not_running()
        self._http = http_client(ca_file=ca_file, timeout=30.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str, **query: str) -> Document:
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, document: Document) -> Document:
        return await self._ask("POST", path, json=document)

    async def get_all(self, path: str) -> list[Document]:
        """All items of a paged list."""
        items: list[Document] = []
        query = {"limit": "200"}
        while True:
            page = await self.get(path, **query)
            items += page["items"]
            if not page["next_cursor"]:
                return items
            query["cursor"] = page["next_cursor"]

    async def _ask(self, method: str, path: str, **options: Any) -> Document:
        if not self._token:
            self._token = await self._sign_in()
        answer = await self._send(method, path, headers={"authorization": f"Bearer {self._token}"}, **options)
        if answer.is_success:
            return _document(answer)
        problem = _document(answer)
        if answer.status_code >= 500 and "detail" not in problem:
            raise self._not_running()
        detail = str(problem.get("detail") or f"The console answered {answer.status_code}")
        identifier = f" (correlation id {problem['correlation_id']})" if answer.status_code >= 500 else ""
        raise CommandFailed(detail + identifier)

    async def _sign_in(self) -> str:
        answer = await self._send(
            "POST",
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self._connection.client_id, self._connection.client_secret),
        )
        if answer.status_code == 401:
            raise CommandFailed("The console does not accept this command's credentials; run `punctual up` again")
        if not answer.is_success:
            raise self._not_running()
        return str(_document(answer)["access_token"])

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, self._connection.public_url + path, **options)
        except httpx.TransportError as error:
            raise self._not_running() from error

    def _not_running(self) -> CommandFailed:
        return CommandFailed(
            f"The platform does not answer at {self._connection.public_url}; start it with `punctual up`",
            exit_code=NOT_RUNNING,
        )


def add_command(app: typer.Typer, connection: Callable[[], ConsoleConnection], work: Command, name: str) -> None:
    """Make a coroutine function a command: its first parameter is given a `ConsoleClient`, the others are arguments and
    options. `CommandFailed` becomes one sentence on standard error and an exit code."""

    @functools.wraps(work)
    def command(**options: Any) -> None:
        async def session() -> None:
            async with ConsoleClient(connection()) as console:
                await work(console, **options)

        try:
            asyncio.run(session())
        except CommandFailed as failure:
            Console(stderr=True, highlight=False).print(Text(str(failure), style="red"), soft_wrap=True)
            raise typer.Exit(failure.exit_code) from failure

    _, *parameters = inspect.signature(work, eval_str=True).parameters.values()
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    app.command(name=name)(command)


def _document(answer: httpx.Response) -> Document:
    """The answer's JSON object; empty when it is none, as from a gateway with nothing behind it."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
