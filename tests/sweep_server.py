"""A loopback server that answers the requests of `wandb sweep` and `wandb agent`, for one sweep.

It stores the sweep it receives and distributes its grid, one run at a time when the agent is free, and then tells the agent to
stop. Any other request is an error, which the test sees in ``refused``.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from types import TracebackType
from typing import Any

import yaml

ENTITY, SWEEP, AGENT = "someone", "tinygrid", "agent-0"
VIEWER = {"id": "viewer", "entity": ENTITY, "username": ENTITY, "email": None, "flags": "{}", "teams": {"edges": []}}

Values = dict[str, str]


class SweepServer:
    """A server on a free port of 127.0.0.1; a context manager, which serves while it is open.

    Attributes:
        asked: Names of the GraphQL operations, in the order in which they came.
        refused: What it had no answer to.
        handed_out: Values of each run that an agent was told to start, by run id.
        running: Runs that the agent last said were running.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refused: list[str] = []
        self.handed_out: dict[str, Values] = {}
        self.running: set[str] = set()
        self.told_to_exit = False
        self._sweep: dict[str, Any] = {}
        self._left: list[Values] = []
        self._lock = threading.Lock()  # one thread for each connection
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        """Value of WANDB_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "SweepServer":
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop, whatever happened."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of the answer to a GraphQL call.

        Raises:
            KeyError: A call that neither command was seen to make.
        """
        named = re.search(r"(?:query|mutation)\s+(\w+)", query)
        name = named[1] if named else query
        answers = {
            "Viewer": lambda: {"viewer": VIEWER},
            "UpsertSweep": lambda: {"upsertSweep": self._create(variables)},
            "SweepWithRuns": lambda: {"project": {"sweep": self._sweep | {"runs": {"edges": []}}}},
            "CreateAgent": lambda: {"createAgent": {"agent": {"id": AGENT}}},
            "Heartbeat": lambda: {"agentHeartbeat": {"agent": {"id": AGENT}, "commands": self._commands(variables)}},
        }
        with self._lock:
            self.asked.append(name)
            return answers[name]()

    def _create(self, variables: dict[str, Any]) -> dict[str, Any]:
        self._sweep = {"id": SWEEP, "name": SWEEP, "config": variables["config"]}
        self._left = combinations(yaml.safe_load(variables["config"]))
        project = {"id": "project", "name": variables["projectName"], "entity": {"id": "entity", "name": ENTITY}}
        return {"sweep": {"name": SWEEP, "project": project}, "configValidationWarnings": []}

    def _commands(self, variables: dict[str, Any]) -> str:
        self.running = set(json.loads(variables["runState"]))
        if self.running:
            return "[]"
        if not self._left:
            self.told_to_exit = True
            return json.dumps([{"type": "exit"}])
        values, run = self._left.pop(0), f"run{len(self.handed_out)}"
        self.handed_out[run] = values
        arguments = {name: {"value": value} for name, value in values.items()}
        program = yaml.safe_load(self._sweep["config"])["program"]
        return json.dumps([{"type": "run", "run_id": run, "program": program, "args": arguments}])


def combinations(sweep: dict[str, Any]) -> list[Values]:
    """Every run of a grid: the values of its parameters by name, the last one changing fastest.

    >>> combinations({"parameters": {"a": {"values": ["1", "2"]}, "b": {"value": "x"}}})
    [{'a': '1', 'b': 'x'}, {'a': '2', 'b': 'x'}]
    """
    parameters = sweep["parameters"]
    each = [entry["values"] if "values" in entry else [entry["value"]] for entry in parameters.values()]
    return [dict(zip(parameters, row, strict=True)) for row in product(*each)]


def _handler_of(server: SweepServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # the client keeps its connection

        def do_GET(self) -> None:
            server.refused.append(f"GET {self.path}")
            self._send(404, {})

        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                data = server.answer(call["query"], call.get("variables") or {})
            except KeyError as error:
                server.refused.append(f"{error}: {call}")
                # An answer in GraphQL's form: the client tries again for hours after any other.
                self._send(200, {"errors": [{"message": f"no answer to {error}"}]})
            else:
                self._send(200, {"data": data})

        def _send(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
