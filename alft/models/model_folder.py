"""Recognises folders that look like a model and are none, before a library reports them in its own words."""

import json
from collections.abc import Sequence
from pathlib import Path

from alft.system.excerpt import listed
from alft.system.run_files import CHECKPOINTS, CONFIG, SUMMARY

POINTER = b"version https://git-lfs.github.com/spec/"
"""First bytes of the file that git leaves where git-lfs has not fetched the real one."""

WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin", "pytorch_model.bin.index.json")
"""Names of PyTorch weights."""

OTHER_WEIGHTS = {"ONNX": ("*.onnx", "onnx/*.onnx"), "GGUF": ("*.gguf",), "TensorFlow": ("*.h5",), "Flax": ("*.msgpack",)}
"""Names of weights that PyTorch does not read."""

ADAPTER = "adapter_config.json"


def refuse_no_model(folder: Path) -> None:
    """Refuse a folder that is no pretrained model.

    Raises:
        ValueError: It is something else; the message says what, and what to give instead.
    """
    if (folder / ADAPTER).is_file():
        raise ValueError(f"{_name(folder)} is a peft adapter, not a model; give its base model instead{_base(folder)}")
    _refuse_pointers(folder)
    if (folder / "config.json").is_file():
        return
    if (checkpoint := _checkpoint(folder)) is not None:
        raise ValueError(
            f"{_name(folder)} holds checkpoints of a run, not a model; export one first: "
            f"python -m alft export {listed([checkpoint])} FOLDER"
        )
    raise ValueError(f"{_name(folder)} has no config.json, which a Hugging Face model has{_instead(folder)}")


def refuse_no_weights(folder: Path) -> None:
    """Refuse a model folder without PyTorch weights.

    Raises:
        ValueError: The message names the weights that are there.
    """
    if _any(folder, WEIGHTS):
        return
    others = [kind for kind, names in OTHER_WEIGHTS.items() if _any(folder, names)]
    found = f", only those of {' and '.join(others)}" if others else ""
    raise ValueError(f"{_name(folder)} has no PyTorch weights (model.safetensors or pytorch_model.bin){found}")


def refuse_file(path: Path) -> None:
    """Refuse a file in the place of a folder."""
    if path.suffix == ".ckpt":
        raise ValueError(
            f"{_name(path)} is a checkpoint, not a model; export it first: python -m alft export {listed([path])} FOLDER"
        )
    raise ValueError(f"{_name(path)} is a file; give the folder of the model, {listed([path.parent])}")


def _name(path: Path) -> str:
    return f"model.backbone: {listed([path])}"


def _base(folder: Path) -> str:
    """The base model that an adapter names."""
    try:
        base = json.loads((folder / ADAPTER).read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        base = None
    return f": --model.backbone {listed([base])}" if isinstance(base, str) and base else ""


def _refuse_pointers(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in (".safetensors", ".bin", ".json", ".model", ".txt"):
            with path.open("rb") as file:
                if file.read(len(POINTER)) == POINTER:
                    raise ValueError(
                        f"{_name(folder)} holds a git-lfs pointer instead of {path.name}; fetch the file with: git lfs pull"
                    )


def _checkpoint(folder: Path) -> Path | None:
    """A checkpoint of Lightning in a run folder, or in the folder itself."""
    is_run = any((folder / name).is_file() for name in (CONFIG, SUMMARY))
    found = sorted([*folder.glob("*.ckpt"), *folder.glob(f"{CHECKPOINTS}/*.ckpt")], reverse=True)  # last before best
    return found[0] if found else folder / CHECKPOINTS / "last.ckpt" if is_run else None


def _instead(folder: Path) -> str:
    """What the folder has: a model below it, or weights of another kind."""
    below = sorted([*folder.glob("*/config.json"), *folder.glob("snapshots/*/config.json")])
    if below:
        return f"; {listed([below[0].parent])} has one"
    others = [kind for kind, names in OTHER_WEIGHTS.items() if _any(folder, names)]
    return f"; it holds {' and '.join(others)} weights, and PyTorch weights are needed" if others else ""


def _any(folder: Path, patterns: Sequence[str]) -> bool:
    return any(next(folder.glob(pattern), None) for pattern in patterns)
