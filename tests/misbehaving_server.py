"""A real HTTP server on loopback that speaks OpenAI's chat protocol and misbehaves on command. Tests only."""

import json
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers GET /v1/models, and each POST by the next behaviour of the server's script."""

    protocol_version = "HTTP/1.1"
    server: "MisbehavingServer"

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            send(self, 404, {"error": {"message": "no such page"}})
        elif self.server.models_status != 200:
            send(self, self.server.models_status, {"error": {"message": "not you"}})
        else:
            send(self, 200, {"object": "list", "data": self.server.models})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.requests.append(body)
            self.server.keys.append(self.headers.get("authorization"))
            behaviour = self.server.script.popleft() if self.server.script else self.server.otherwise
        behaviour(self)


Behaviour = Callable[[Handler], None]


class MisbehavingServer(ThreadingHTTPServer):
    """`script` holds the behaviours of the coming requests; after them, `otherwise`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.released = threading.Event()
        self.script: deque[Behaviour] = deque()
        self.otherwise: Behaviour = says("fine")
        self.models: list[dict[str, Any]] = [{"id": "m", "created": 1}]
        self.models_status = 200
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what some tests are about."""

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    def __exit__(self, *_: object) -> None:
        self.stop()


def send(handler: Handler, status: int, body: Any, **headers: str) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"content-length": str(len(data)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def says(text: str | None, finish_reason: str | None = "stop", model: str | None = "m", **message: Any) -> Behaviour:
    """A proper answer: 7 tokens read, 3 written."""
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}
    body: dict[str, Any] = {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    if model is not None:
        body["model"] = model
    return lambda handler: send(handler, 200, body)


def fails(status: int, message: str = "broken", **headers: str) -> Behaviour:
    return lambda handler: send(handler, status, {"error": {"message": message}}, **headers)


def sends(body: bytes) -> Behaviour:
    """Status 200 and these bytes."""
    return lambda handler: send(handler, 200, body)


def hangs(handler: Handler) -> None:
    """No answer until the server stops."""
    handler.server.released.wait(30)
    handler.close_connection = True


def drips(handler: Handler) -> None:
    """A byte now and then, for ever: no single read takes long."""
    handler.send_response(200)
    handler.send_header("content-length", "1000000")
    handler.end_headers()
    while not handler.server.released.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def cuts(handler: Handler) -> None:
    """Promises 1,000 bytes, sends 20 and hangs up."""
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"messa')
    handler.close_connection = True


def hangs_up(handler: Handler) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True
