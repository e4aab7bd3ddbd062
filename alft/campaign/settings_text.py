"""Adds classes to the text of ``campaign.yaml`` and leaves every other character as it is (pure): people write comments."""

import math

import yaml

BY_HAND = "its list of classes is written in a way in which none can be added; add them there by hand"


def with_classes(text: str, names: list[str]) -> str:
    r"""The text with further names at the end of ``classes``.

    Args:
        text: Text of the file, its ends of lines as they are in the file.
        names: Names that are not there yet.

    Raises:
        ValueError: The list is written in a way in which none can be added, such as by an alias.

    >>> with_classes("classes:  # of posts\n- a\n- b  # best\n# the seed\nseed: 0\n", ["c"])
    'classes:  # of posts\n- a\n- b  # best\n- c\n# the seed\nseed: 0\n'
    >>> with_classes("classes: [a, b]  # of posts\n", ["c", "d"])
    'classes: [a, b, c, d]  # of posts\n'
    """
    if not names:
        return text
    settings = yaml.safe_load(text)
    node = _classes(text)
    last = node.value[-1]
    place = last.end_mark.index
    if node.flow_style:
        added = text[:place] + "".join(f", {_written(name)}" for name in names) + text[place:]
    else:
        added = _with_lines(text, last, names)
    _refuse_changed(added, settings | {"classes": [*settings["classes"], *names]})
    return added


def _classes(text: str) -> yaml.SequenceNode:
    """The list of classes, with its place in the text; of two entries the last one counts, as where it is read."""
    mapping = yaml.compose(text, Loader=yaml.SafeLoader)
    found = [value for key, value in mapping.value if key.value == "classes"]
    if not found:  # it is merged from elsewhere
        raise ValueError(BY_HAND)
    node: yaml.SequenceNode = found[-1]
    return node


def _with_lines(text: str, last: yaml.Node, names: list[str]) -> str:
    """The text with a line for each name after the last item of a list that has an item on each line."""
    dash = text.rindex("-", 0, last.start_mark.index)
    indent = " " * (dash - text.rfind("\n", 0, dash) - 1)
    end = "\r\n" if "\r\n" in text else "\n"
    place = last.end_mark.index
    if last.end_mark.column:  # else the item is a block of lines, and its end the beginning of the next line
        place = text.find("\n", place) + 1 or len(text)
    before = text[:place] if text[:place].endswith("\n") else text[:place] + end
    return before + "".join(f"{indent}- {_written(name)}{end}" for name in names) + text[place:]


def _written(name: str) -> str:
    """A name as an item of a list of either form, on one line."""
    style = None if name.isprintable() else '"'
    listed = yaml.safe_dump([name], default_flow_style=True, default_style=style, allow_unicode=True, width=math.inf)
    return str(listed).strip().removeprefix("[").removesuffix("]")


def _refuse_changed(text: str, expected: object) -> None:
    """Refuse a text that does not say what is expected.

    Raises:
        ValueError: It does not, or is no YAML.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = None
    if found != expected:
        raise ValueError(BY_HAND)
