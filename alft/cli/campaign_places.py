"""Where ``ask`` brings texts: a file of an annotation tool, or a Label Studio server."""

import shlex
from pathlib import Path

from alft.campaign.answers import Asked
from alft.campaign.folder import Campaign
from alft.campaign.tools.known import tool_of_name
from alft.campaign.tools.label_studio_server import SERVER, send, title_of
from alft.system.excerpt import listed
from alft.system.output import refuse_output, write_atomically
from alft.system.terminal import progress_bar


class File:
    """A file, in the format that the ending of its name says."""

    def __init__(self, path: Path, task: str) -> None:
        self.path, self.tool = path, tool_of_name(path, task)

    def refuse_suggestions(self) -> None:
        """Refuse a format that has no place for a suggestion.

        Raises:
            ValueError: It has none.
        """
        if not self.tool.suggests:
            raise ValueError(
                f"suggest: a file of {self.tool.name} has no place for a suggestion, since a label in it counts as an answer; "
                "leave --suggest out, or use .csv, .xlsx, .json, .argilla.json or .prodigy.jsonl"
            )

    def check(self, campaign: Campaign, rows: list[Asked], force: bool) -> None:
        """Refuse a place that cannot be written to, before texts are chosen; the same file may be written again."""
        content = self._content(campaign, rows)
        if not (self.path.is_file() and rows and self.path.read_bytes() == content):
            refuse_output(self.path, force, name="to")

    def deliver(self, campaign: Campaign, rows: list[Asked]) -> list[str]:
        """Write the file; return what to tell."""
        content, classes = self._content(campaign, rows), campaign.settings.classes
        write_atomically(self.path, lambda beside: beside.write_bytes(content))
        wanted = f"{self.tool.form.what} ({', '.join(classes)}, or skip)"
        return [
            *self.tool.advice(classes),
            f"next: give each text of {self.path} {wanted}, then python -m alft take "
            + shlex.join([str(campaign.folder), str(self.path)]),
        ]

    def _content(self, campaign: Campaign, rows: list[Asked]) -> bytes:
        return self.tool.write(rows, campaign.settings.classes)


class Server:
    """The project of a campaign on a Label Studio server, which shows the texts in the order asked."""

    def refuse_suggestions(self) -> None:
        """Do nothing: tasks have predictions."""

    def check(self, campaign: Campaign, rows: list[Asked], force: bool) -> None:
        """Refuse a server that cannot be reached, before texts are chosen; the project is made if there is none."""
        send(title_of(campaign), [], campaign.settings.classes, campaign.settings.task)

    def deliver(self, campaign: Campaign, rows: list[Asked]) -> list[str]:
        """Import the texts that are not there yet; return what to tell."""
        with progress_bar("import") as progress:
            settings = campaign.settings
            sent = send(title_of(campaign), rows, settings.classes, settings.task, progress=progress)
        doubled = [f"several tasks have the same text: {listed(sent.doubled)}"] if sent.doubled else []
        return [
            f"{sent.address}: {sent.imported} tasks imported, {sent.present} were there",
            *doubled,
            f"next: label them there, then python -m alft take {shlex.quote(str(campaign.folder))} {SERVER}",
        ]
