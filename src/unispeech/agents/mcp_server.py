"""The tools as a server of the Model Context Protocol, over stdio or streamable HTTP."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread
import uvicorn
from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from unispeech.agents.access import Access, Admission
from unispeech.agents.declarations import FORMATS, TOOLS
from unispeech.agents.toolbox import Answer, Toolbox
from unispeech.call import Call
from unispeech.errors import UnispeechError
from unispeech.types import Progress
from unispeech.version import __version__

TICK = 0.2
"""Seconds between two progress notifications."""
AT_ONCE = 4
"""Calls that run at once; further ones wait."""
GRACE = 2
"""Seconds that connections have to end at a signal."""
URI = "unispeech://transcripts/"
_URI = re.compile(re.escape(URI) + r"(\w+)(?:/(\w+))?")

Context = ServerRequestContext[Any]
Report = Callable[[float, float, str], Awaitable[None]]


class Steps:
    """Progress of a call as a number that only rises, as MCP requires: finished stages, and the
    finished part of the current one. `note` runs in the thread of the call."""

    def __init__(self) -> None:
        self._stage = ""
        self._finished = 0
        self.latest: tuple[float, float, str] = (0.0, 1.0, "")

    def note(self, event: Progress) -> None:
        if event.stage != self._stage:
            self._finished += bool(self._stage)
            self._stage = event.stage
        part = min(event.done / event.total, 1.0) if event.total else 0.0
        message = f"{event.stage}: {100 * part:.0f} %" if event.total else event.stage
        value = max(self._finished + part, self.latest[0])
        self.latest = (value, self._finished + 1.0, message)


def create(toolbox: Toolbox) -> Server[Any]:
    """The server of a toolbox."""
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def list_tools(_: Context, __: Any) -> types.ListToolsResult:
        tools = [
            types.Tool(name=tool.name, description=tool.description, input_schema=tool.schema)
            for tool in TOOLS
        ]
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        context: Context, request: types.CallToolRequestParams
    ) -> types.CallToolResult:
        def work(call: Call) -> Answer:
            return toolbox.call(request.name, request.arguments or {}, call)

        answer = await run(work, context.session.report_progress, limiter)
        if isinstance(answer, str):
            return types.CallToolResult(
                content=[types.TextContent(type="text", text=answer)], is_error=True
            )
        return _result(answer)

    async def list_resources(_: Context, __: Any) -> types.ListResourcesResult:
        resources = [
            types.Resource(uri=URI + id, name=row.source or id, mime_type="text/plain")
            for id, row in toolbox.transcripts.list()
        ]
        # Another call may add one at any time.
        return types.ListResourcesResult(resources=resources, ttl_ms=0)

    async def list_templates(_: Context, __: Any) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            uri_template=URI + "{id}/{format}",
            name="Transcript in a format",
            description=f"format: {', '.join(FORMATS)}",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        _: Context, request: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        return _read(toolbox, request.uri)

    return Server(
        "unispeech",
        version=__version__,
        instructions="Speech to text on this machine. Recordings may be at http(s) URLs, or in: "
        + ", ".join(map(str, toolbox.roots.folders)),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )


async def run(
    work: Callable[[Call], Answer], report: Report, limiter: anyio.CapacityLimiter
) -> Answer | str:
    """Run a call in a thread, and report its progress. Return the answer, or an error in a line.

    If this coroutine is cancelled, the call ends after its current batch.
    """
    steps, stopped = Steps(), threading.Event()
    call = Call(on_progress=steps.note, cancelled=stopped.is_set)
    sent = 0.0

    async def send() -> None:
        nonlocal sent
        if steps.latest[0] > sent:
            sent = steps.latest[0]
            await report(*steps.latest)

    async def send_regularly() -> None:
        while True:
            await anyio.sleep(TICK)
            await send()

    async with anyio.create_task_group() as group:
        group.start_soon(send_regularly)
        try:
            answer = await anyio.to_thread.run_sync(
                _caught, work, call, abandon_on_cancel=True, limiter=limiter
            )
        finally:
            stopped.set()
        group.cancel_scope.cancel()
    await send()
    return answer


def _caught(work: Callable[[Call], Answer], call: Call) -> Answer | str:
    try:
        return work(call)
    except UnispeechError as error:
        return str(error)
    except OSError as error:
        return " ".join(f"{error.filename or 'system'}: {error.strerror or error}".split())
    except Exception as error:  # a defect of ours, in one line like those of the command line
        return f"unexpected {type(error).__name__}: {' '.join(str(error).split())}"


def _result(answer: Answer) -> types.CallToolResult:
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=answer.text)]
    if answer.transcript:
        uri = URI + answer.transcript
        content.append(types.ResourceLink(type="resource_link", uri=uri, name="transcript"))
    return types.CallToolResult(content=content, structured_content=answer.data)


def _read(toolbox: Toolbox, uri: str) -> types.ReadResourceResult:
    match = _URI.fullmatch(uri)
    if match is None or match[2] not in (None, *FORMATS):
        raise MCPError(types.INVALID_PARAMS, f"{uri[:200]}: no resource of this server")
    try:
        transcript = toolbox.transcripts.get(match[1])
        text = transcript.to(match[2] or "txt")
    except UnispeechError as error:
        raise MCPError(types.INVALID_PARAMS, str(error)) from None
    mime = "application/json" if match[2] == "json" else "text/plain"
    return types.ReadResourceResult(
        contents=[types.TextResourceContents(uri=uri, text=text, mime_type=mime)]
    )


def serve_stdio(toolbox: Toolbox) -> None:
    """Serve one client on stdin and stdout until it closes stdin."""

    async def serve() -> None:
        server = create(toolbox)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(serve)


def serve_http(
    toolbox: Toolbox, access: Access, host: str, port: int, announce: Callable[[str], None]
) -> None:
    """Serve clients of this machine over streamable HTTP at `/mcp` until a signal ends it.

    `host` is one of `LOOPBACK`. `announce` gets the address once it accepts connections.

    Raises:
        OSError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        port = listener.getsockname()[1]
        app = create(toolbox).streamable_http_app(host=host)
        app.add_middleware(Admission, access=access)
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",  # it logs calls that a signal ends as tracebacks
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        announce(f"http://{f'[{host}]' if ':' in host else host}:{port}/mcp")
        uvicorn.Server(config).run(sockets=[listener])
