"""Finds a task by the setting ``data.task``: a name, or the import path of a class of one's own."""

from importlib import import_module

from alft.system.excerpt import excerpt
from alft.system.subclasses import subclasses
from alft.task.base import Task
from alft.task.multi_label import MultiLabel
from alft.task.single_label import SingleLabel

SHIPPED: tuple[type[Task], ...] = (SingleLabel, MultiLabel)
DEFAULT = SingleLabel.name


def task_class(name: str) -> type[Task]:
    """The class of a task.

    >>> task_class("multi").__name__, task_class("alft.task.single_label.SingleLabel").__name__
    ('MultiLabel', 'SingleLabel')

    Raises:
        ValueError: There is none of this name.
    """
    module, _, kind = name.rpartition(".")
    if module:
        try:
            found = getattr(import_module(module), kind, None)
        except ImportError as error:
            raise ValueError(f"data.task: {name} cannot be imported ({error})") from error
        if isinstance(found, type) and found in subclasses(Task):
            return found
    for one in SHIPPED:
        if one.name == name:
            return one
    names = ", ".join(sorted(one.name for one in SHIPPED))
    raise ValueError(f"data.task must be {names}, or the import path of a subclass of Task, got {excerpt(name)}")
