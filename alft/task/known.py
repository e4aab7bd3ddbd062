"""Finds a task by the setting ``data.task``: a name, or the import path of a class of one's own."""

from importlib import import_module

from alft.system.excerpt import excerpt
from alft.system.subclasses import path_of, subclasses
from alft.task.base import Task
from alft.task.multi_label import MultiLabel
from alft.task.single_label import SingleLabel
from alft.task.tags import Tags

SHIPPED: tuple[type[Task], ...] = (SingleLabel, MultiLabel, Tags)
DEFAULT = SingleLabel.name


def task_class(name: str) -> type[Task]:
    """The class of a task.

    >>> task_class("multi").__name__, task_class("alft.task.single_label.SingleLabel").__name__
    ('MultiLabel', 'SingleLabel')

    Raises:
        ValueError: None of this name has been imported. It is never imported from here: the config and the checkpoint of a run
            are data.
    """
    known = {one.name: one for one in SHIPPED} | {path_of(kind): kind for kind in subclasses(Task)}
    if name in known:
        return known[name]
    if "." in name:
        raise ValueError(f"data.task: {excerpt(name)} is not known; import the module that defines it first")
    names = ", ".join(sorted(one.name for one in SHIPPED))
    raise ValueError(f"data.task must be {names}, or the import path of a subclass of Task, got {excerpt(name)}")


def import_task(name: str) -> None:
    """Import the module of a task of one's own; only what a person typed may name it.

    Raises:
        ValueError: There is no such module, or its import fails.
    """
    module, _, _ = name.rpartition(".")
    if module:
        try:
            import_module(module)
        except Exception as error:  # whatever a module of one's own raises
            raise ValueError(f"data.task: {excerpt(name)} cannot be imported ({type(error).__name__}: {error})") from error
