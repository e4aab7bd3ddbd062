"""A Label Studio server, by its SDK (extra ``label-studio``): asks for labels there, and fetches the export.

Address and key come from the environment alone and are in no file and no message. A text is sent once, whatever was
interrupted: before an import the tasks of the project are listed, and those whose ``alft_id`` is there are left out.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from alft.campaign.answers import Asked
from alft.campaign.folder import Campaign
from alft.campaign.form import OneClass
from alft.campaign.tools.label_studio import labelling_config, task_of
from alft.campaign.tools.label_studio_control import control_of
from alft.system.excerpt import excerpt, first_line, listed

SERVER = "label-studio"
"""What is typed in place of a file."""

ADDRESS, KEY = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"

AT_ONCE = 100
"""Tasks of one request: the server stores them within a second or two, and a server that is killed loses no more."""

SECONDS = 600
"""Until a request is given up: an export of a large project takes minutes."""

ONCE = {"max_retries": 0}
"""Options of requests that add something: a repetition by the SDK could add it twice."""

PATIENCE = 60.0
"""Seconds until tasks that the server accepted must be listed."""


@dataclass(frozen=True)
class Sent:
    """What became of the texts that were to be sent.

    Attributes:
        address: Page of the project.
        imported: Number of tasks that were new.
        present: Number of texts that were there before.
        doubled: Ids that several tasks of the project have; their answers are taken all the same.
    """

    address: str
    imported: int
    present: int
    doubled: list[str] = field(default_factory=list)


def title_of(campaign: Campaign) -> str:
    """Title of the project of a campaign: the name of its folder."""
    return campaign.folder.resolve().name


def send(
    title: str,
    rows: Sequence[Asked],
    classes: list[str],
    task: str = OneClass.task,
    annotations: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Sent:
    """Create or find a project and import the tasks that are not there yet.

    Args:
        title: Title of the project.
        rows: The texts.
        classes: The choices, or the labels of spans.
        task: Task of the campaign.
        annotations: Number of annotations after which a task counts as done.
        progress: Is told the number of tasks imported, and of those to import.

    Raises:
        ValueError: The server cannot be reached or refuses; the message says what to mend. It can be called again.
    """
    with _connected() as (client, address):
        project = _project(client, title) or _create(client, title, labelling_config(classes, task), annotations)
        _offer(client, project, classes, task)
        before = _tasks(client, project)
        new = [row for row in rows if row.text_id not in before]
        for start in range(0, len(new), AT_ONCE):
            part = [task_of(row, task) for row in new[start : start + AT_ONCE]]
            client.projects.import_tasks(project, request=part, request_options=ONCE)
            if progress is not None:
                progress(start + len(part), len(new))
        after = _listed(client, project, [row.text_id for row in new])
        doubled = [text_id for text_id, times in after.items() if times > 1]
        return Sent(f"{address}/projects/{project}", len(new), len(rows) - len(new), doubled)


def fetch(title: str) -> bytes:
    """The full export of a project, as :class:`alft.campaign.tools.label_studio.LabelStudio` reads it.

    Raises:
        ValueError: There is no such project, or the server cannot be reached or refuses.
    """
    with _connected() as (client, _):
        project = _project(client, title)
        if project is None:
            raise ValueError(f"label-studio: the server has no project {title!r}; ask for labels there first")
        return b"".join(client.projects.exports.download_sync(project, export_type="JSON", download_all_tasks=True))


@contextmanager
def _connected() -> Iterator[tuple[Any, str]]:
    """The client and the address; errors of the connection become sentences that hold no key."""
    address, key = os.environ.get(ADDRESS, "").rstrip("/"), os.environ.get(KEY, "")
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{ADDRESS} must be set to the address of Label Studio, such as http://localhost:8080")
    if not key:
        raise ValueError(f"{KEY} must be set to a token: Label Studio shows it under Account & Settings")
    try:
        from httpx import Client, HTTPError
        from label_studio_sdk import LabelStudio
        from label_studio_sdk.core.api_error import ApiError
    except ImportError as error:
        raise ValueError("label-studio: the server needs its SDK; pip install 'alft[label-studio]', or use .json") from error
    place = _without_password(address)
    try:
        with Client(timeout=SECONDS, follow_redirects=True) as connection:
            yield LabelStudio(base_url=address, api_key=key, httpx_client=connection), place
    except HTTPError as error:
        raise ValueError(
            f"{ADDRESS}: no answer from {place} ({type(error).__name__}); start the server or correct the address, then repeat "
            "the command: no text is sent twice"
        ) from error
    except ApiError as error:
        raise ValueError(_refusal(error.status_code, error.body, place)) from error


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _refusal(status: int | None, body: Any, place: str) -> str:
    if status in (401, 403):
        return f"{KEY}: {place} refuses the token ({status}); make a new one under Account & Settings in Label Studio"
    detail = body.get("detail", body) if isinstance(body, dict) else body
    return f"label-studio: {place} refuses the request ({status}): {excerpt(detail)}"


def _project(client: Any, title: str) -> int | None:
    """The number of the project with a title; None if there is none."""
    numbers = [project.id for project in client.projects.list() if project.title == title]
    if len(numbers) > 1:
        raise ValueError(f"label-studio: the projects {listed(numbers)} are all called {title!r}; rename all but one")
    return numbers[0] if numbers else None


def _create(client: Any, title: str, config: str, annotations: int) -> int:
    """A project that shows the tasks in the order in which they were asked."""
    project = client.projects.create(
        title=title,
        label_config=config,
        maximum_annotations=annotations,
        sampling="Sequential sampling",
        request_options=ONCE,
    )
    return int(project.id)


def _offer(client: Any, project: int, classes: list[str], task: str) -> None:
    """Add classes that the project does not offer yet, unless somebody changed its labelling configuration."""
    config = client.projects.get(project).label_config
    try:
        elements = ElementTree.fromstring(config).iter(control_of(task).element)  # noqa: S314  # expat is safe
    except ElementTree.ParseError as error:
        raise ValueError(f"label-studio: the labelling configuration of the project is no XML ({first_line(error)})") from error
    choices = [str(element.get("value")) for element in elements]
    missing = [name for name in classes if name not in choices]
    if not missing:
        return
    if config != labelling_config(choices, task):
        raise ValueError(f"label-studio: the project lacks the choices {listed(missing)}; add them under Settings, Labeling")
    client.projects.update(project, label_config=labelling_config([*choices, *missing], task))


def _tasks(client: Any, project: int) -> Counter[str]:
    """Number of tasks by the id of their text."""
    tasks = client.tasks.list(project=project, fields="task_only", page_size=1000)
    return Counter(str(task.data["alft_id"]) for task in tasks if "alft_id" in (task.data or {}))


def _listed(client: Any, project: int, text_ids: list[str]) -> Counter[str]:
    """The tasks of the project once all of these are among them: a server may import in the background."""
    end = monotonic() + PATIENCE
    while missing := set(text_ids) - (tasks := _tasks(client, project)).keys():
        if monotonic() > end:
            raise ValueError(
                f"label-studio: the server accepted {len(missing)} tasks that it does not list; repeat the command"
            )
        sleep(0.5)
    return tasks
