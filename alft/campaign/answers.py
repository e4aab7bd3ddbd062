"""What is asked of annotators, and what comes back, whatever tool it went through."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """A text to be labelled.

    Attributes:
        text_id: Its id in the campaign.
        text: The text.
        score: Score of the acquisition; None where none was computed.
        suggestion: A model's label, for tools that show one; None for no suggestion.
    """

    text_id: str
    text: str
    score: float | None = None
    suggestion: str | None = None


@dataclass(frozen=True)
class Answer:
    """One person's answer on one text.

    Attributes:
        text_id: Id of the text in the campaign.
        label: The label; None for a skipped text.
        annotator: Who answered; empty if unknown.
        seconds: Time spent on the text; None if unknown.
        tool: Name of the tool.
        tool_id: The tool's own id of this annotation; empty if it has none.
        time: When it was given, in ISO 8601 and UTC, as the tool states it; empty if unknown.
    """

    text_id: str
    label: str | None
    annotator: str = ""
    seconds: float | None = None
    tool: str = ""
    tool_id: str = ""
    time: str = ""

    @property
    def giver(self) -> str:
        """Who answered, for telling answers apart: the annotator, or else the tool's annotation."""
        return self.annotator or (f"{self.tool}#{self.tool_id}" if self.tool_id else "")


@dataclass(frozen=True)
class Taken:
    """The contents of a file of answers.

    Attributes:
        answers: In the order of the file.
        remarks: Sentences for the user, such as rows that no id matched.
        listed: Tasks that the file gives with all their answers, as name of the tool and id of the text: an answer on one of
            them that is missing in the file was withdrawn. Of a text that it does not list, nothing is known.
        time: When the newest of these tasks was changed, as an answer's; empty if unknown.
        unread: Answers that the file has and that could not be recorded, without their labels: earlier ones were not withdrawn.
    """

    answers: list[Answer]
    remarks: list[str]
    listed: frozenset[tuple[str, str]] = frozenset()
    time: str = ""
    unread: frozenset[Answer] = frozenset()
