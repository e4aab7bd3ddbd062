"""Finds the tool of a file: by its content when it is read, by the ending of its name when it is written."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import alft.campaign.tools
from alft.campaign.form import OneClass
from alft.campaign.tools.sheet import Sheet
from alft.campaign.tools.tool import Tool
from alft.system.subclasses import subclasses

for _module in iter_modules(alft.campaign.tools.__path__, "alft.campaign.tools."):
    if _module.name != __name__:
        import_module(_module.name)


def tools(task: str = OneClass.task) -> list[Tool]:
    """One of each tool for campaigns of a task."""
    kinds: list[type[Tool]] = subclasses(Tool)
    return [kind(task) for kind in kinds if task in kind.tasks]


def tool_of_content(content: bytes, path: Path, task: str = OneClass.task) -> Tool:
    """The tool that recognises a file of answers in a campaign of a task.

    Raises:
        ValueError: None does.
    """
    for tool in tools(task):
        if tool.recognises(content):
            return tool
    known = {tool.name for tool in tools(task)}
    needs = "; a spreadsheet needs the columns id and label" if Sheet.name in known else ""
    raise ValueError(f"take: {path} is no file of a known tool{_for(task)} ({', '.join(sorted(known))}){needs}")


def tool_of_name(path: Path, task: str = OneClass.task) -> Tool:
    """The tool that writes files with this ending; of several endings, the longest counts (``.prodigy.jsonl``).

    Raises:
        ValueError: None does.
    """
    by_ending = {ending: tool for tool in tools(task) for ending in tool.endings}
    fitting = [ending for ending in by_ending if path.name.lower().endswith(ending)]
    if not fitting:
        raise ValueError(f"to: {path} must end in one of {', '.join(sorted(by_ending))}{_for(task)}")
    return by_ending[max(fitting, key=len)]


def _for(task: str) -> str:
    return "" if task == OneClass.task else f" in a campaign with the task {task}"
