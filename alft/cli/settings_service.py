"""Provides the settings of a fit to commands that do not import its libraries, by a temporary second process.

Parsing the settings of a fit imports torch and everything that depends on it. A grid waits for hours while its runs train, and
must not occupy half a gigabyte for that.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any


class SettingsService:
    """A process that parses command lines of ``fit``; use it in a ``with`` block."""

    def __enter__(self) -> "SettingsService":
        """Start the process."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "alft.cli.fit_settings"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the command, which ends this process itself
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def settings_of(self, arguments: Sequence[str], check: bool) -> dict[str, Any]:
        """The complete settings of a fit, as in ``config.yaml``.

        Args:
            arguments: Arguments of ``python -m alft fit``.
            check: Also refuse values out of range, as far as this requires neither data nor weights.

        Raises:
            ValueError: The arguments cannot be used; the message says why.
        """
        settings: dict[str, Any] = self._answer({"arguments": list(arguments), "check": check})["settings"]
        return settings

    def sizes_of(self, arguments: Sequence[str]) -> dict[str, int]:
        """Numbers of labelled texts in the ``pool`` and in the ``test`` set of a fit; the data are read for this.

        Args:
            arguments: Arguments of ``python -m alft fit``.

        Raises:
            ValueError: The data cannot be used; the message says why.
        """
        sizes: dict[str, int] = self._answer({"arguments": list(arguments), "check": False, "sizes": True})["sizes"]
        return sizes

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            words = " ".join(question["arguments"])
            raise ValueError(f"the settings could not be read (exit code {self._process.wait()}): {words}")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise ValueError(found["error"])
        return found
