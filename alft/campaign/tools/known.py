"""Finds the tool of a file: by its content when it is read, by the ending of its name when it is written."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import alft.campaign.tools
from alft.campaign.tools.tool import Tool
from alft.system.subclasses import subclasses

for _module in iter_modules(alft.campaign.tools.__path__, "alft.campaign.tools."):
    if _module.name != __name__:
        import_module(_module.name)


def tools() -> list[Tool]:
    """One of each tool."""
    return [kind() for kind in subclasses(Tool)]


def tool_of_content(content: bytes, path: Path) -> Tool:
    """The tool that recognises a file.

    Raises:
        ValueError: None does.
    """
    for tool in tools():
        if tool.recognises(content):
            return tool
    known = ", ".join(sorted({tool.name for tool in tools()}))
    raise ValueError(f"take: {path} is no file of a known tool ({known}); a spreadsheet needs the columns id and label")


def tool_of_name(path: Path) -> Tool:
    """The tool that writes files with this ending; of several endings, the longest counts (``.prodigy.jsonl``).

    Raises:
        ValueError: None does.
    """
    by_ending = {ending: tool for tool in tools() for ending in tool.endings}
    fitting = [ending for ending in by_ending if path.name.lower().endswith(ending)]
    if not fitting:
        raise ValueError(f"to: {path} must end in one of {', '.join(sorted(by_ending))}")
    return by_ending[max(fitting, key=len)]
