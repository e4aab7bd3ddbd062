"""A real Label Studio, started by a test on a free port of 127.0.0.1, killed and started again."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from .conftest import ROOT

COMMAND = Path(os.environ.get("ALFT_LABEL_STUDIO", ROOT / ".venv-label-studio" / "bin" / "label-studio"))
"""The program, in an environment of its own (``make test-people`` makes it)."""

EMAIL, PASSWORD = "a@example.com", "Secret-of-a-test"
TOKEN = "0123456789abcdef" * 2 + "01234567"
QUIET = {"COLLECT_ANALYTICS": "False", "LATEST_VERSION_CHECK": "False", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": ""}
SECONDS = 600
"""Until a server must answer; the first start fills its database."""


class Host:
    """A server whose data stay in a folder when it is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = {**QUIET, "LABEL_STUDIO_BASE_DATA_DIR": str(self.folder), "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true"}
        away = ("PYTHONPATH", "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY")
        environment = {key: value for key, value in os.environ.items() if key not in away} | settings
        options = ["--no-browser", "--internal-host", "127.0.0.1", "--port", str(self.port), "--host", self.address]
        user = ["--username", EMAIL, "--password", PASSWORD, "--user-token", TOKEN]
        command = [str(COMMAND), "start", *options, *user, "--log-level", "ERROR", "--agree-fix-sqlite"]
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + SECONDS
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "log.txt").read_text()[-2000:]
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.5)

    def answers(self) -> bool:
        try:
            with urlopen(f"{self.address}/health", timeout=5) as answer:
                return answer.status == 200
        except (URLError, OSError):
            return False

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def tasks_of(client: object, title: str) -> dict[str, list[int]]:
    """Numbers of the tasks by the id of their text, in the order in which they are shown."""
    (project,) = [project.id for project in client.projects.list() if project.title == title]
    found: dict[str, list[int]] = {}
    for task in client.tasks.list(project=project):
        found.setdefault(task.data["alft_id"], []).append(task.id)
    return found


def choice(name: str) -> list[dict]:
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [name]}}]
