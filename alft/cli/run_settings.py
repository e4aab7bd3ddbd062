"""What ``validate`` and ``test`` take from the ``config.yaml`` beside a checkpoint: its data, and plain Trainer values.

A config names classes, and naming a class imports and calls it, so a config is a program. Whoever types ``--config`` runs it;
a checkpoint that was handed over is only to be measured.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alft.record.checkpoints import read_checkpoint
from alft.record.config_file import read_config
from alft.system.earlier import head_settings
from alft.system.excerpt import excerpt
from alft.system.run_files import CONFIG, run_of

KNOWN = ("alft.", "lightning.")
"""Packages whose classes may be named."""

CLASSES = ("accelerator", "callbacks", "logger", "plugins", "profiler", "strategy")
"""Trainer settings whose value may be a class: there a word with a dot is the place of one."""

NOT_NEEDED = ("callbacks", "logger", "profiler", "default_root_dir", "model_registry")
"""Trainer settings that an evaluation does without: they write files, or start something."""


def typed_value(args: list[str], option: str) -> str | None:
    """The value of an option as typed, the last one if there are several; None without it.

    >>> typed_value(["--a", "1", "--b=2", "--a=3"], "--a"), typed_value([], "--a")
    ('3', None)
    """
    pairs = zip(args, [*args[1:], ""][: len(args)], strict=True)
    found = [arg.partition("=")[2] if "=" in arg else value for arg, value in pairs if arg.split("=")[0] == option]
    return found[-1] if found else None


def with_settings_of_run(args: list[str]) -> tuple[list[str], str]:
    """Arguments of an evaluation with the settings of the run that its checkpoint lies in, unless ``--config`` was typed.

    Returns:
        The arguments, and a line that tells where the settings are from; empty where none were added.
    """
    typed, path = any(typed_value(args, option) is not None for option in ("-c", "--config")), typed_value(args, "--ckpt_path")
    if not typed and not {"-h", "--help"} & set(args):
        read_checkpoint(path)  # a missing one is told before settings that it would bring
    run = None if path is None or typed else run_of(Path(path).expanduser())
    if run is None or not (run / CONFIG).is_file():
        return args, ""
    settings = evaluation_settings(run, read_checkpoint(path)["hyper_parameters"])
    told = f"settings of the data and of the Trainer: {run / CONFIG} (data.source {excerpt(settings['data'].get('source'))})"
    return ["--config", json.dumps(settings), *args], told


def evaluation_settings(run: Path, model: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with which a run's checkpoints are measured, as plain values.

    Args:
        run: The run's folder.
        model: The settings of the model, as the checkpoint holds them; Lightning adds them to those returned.

    Raises:
        ValueError: The config cannot be read, or has a class of another package or something else that is not plain.
    """
    settings, place = read_config(run), run / CONFIG
    data, trainer = ({} if settings.get(block) is None else settings[block] for block in ("data", "trainer"))
    for name, value in data.items():
        if isinstance(value, dict | list):
            raise ValueError(f"{place}: data.{name} must be a plain value, got {excerpt(value)}; give --config FILE instead")
    for name, value in trainer.items():
        for kind in named_classes(value, anywhere=name in CLASSES):
            if not kind.startswith(KNOWN):
                raise ValueError(
                    f"{place}: trainer.{name} names the class {excerpt(kind)}, which is neither alft's nor Lightning's and is "
                    f"not run unasked; if you trust it, add --config {place}"
                )
    kept = {name: value for name, value in trainer.items() if name not in NOT_NEEDED}
    return {"data": data, "model": {"backbone": model["backbone"], **head_settings(model)}, "trainer": kept}


def named_classes(value: Any, anywhere: bool = False) -> Iterator[str]:
    """Import paths in a setting: every ``class_path``, and with ``anywhere`` every word with a dot.

    >>> list(named_classes([{"class_path": "a.B", "init_args": {"of": {"class_path": "c.D"}}}, "e.F"], anywhere=True))
    ['a.B', 'c.D', 'e.F']
    """
    if isinstance(value, Mapping):
        if "." in (path := str(value.get("class_path", ""))):
            yield path
        for entry in [entry for key, entry in value.items() if key != "class_path"]:
            yield from named_classes(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from named_classes(entry, anywhere)
    elif anywhere and isinstance(value, str) and "." in value:
        yield value
