"""Acts once a module of another package has been imported, without importing it."""

import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def after_import(name: str, act: Callable[[], object]) -> None:
    """Call ``act`` when a module has been imported: now if it has been, otherwise once, at the end of its import."""
    if name in sys.modules:
        act()
    else:
        sys.meta_path.insert(0, _Watcher(name, act))


class _Watcher(MetaPathFinder):
    """Finds no module itself; wraps the loader that the finders behind it give for one name."""

    def __init__(self, name: str, act: Callable[[], object]) -> None:
        self.name = name
        self.act = act

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of the watched module, from the other finders; None for every other."""
        if fullname != self.name or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        loader: Any = spec.loader if spec is not None else None
        if loader is None:
            return spec
        load = loader.exec_module

        def load_and_act(module: ModuleType) -> None:
            load(module)
            self.act()

        loader.exec_module = load_and_act
        return spec
