"""Bounds the time of the controls: they are reference points and must not cost what the run costs."""

from time import perf_counter

LEAST = 10.0
"""Seconds that the controls may always take."""

SHARE = 0.1
"""Share of the seconds of training that they may take, if that is more."""

EARLY = 0.1
"""Share of a piece of work after which its end is predicted."""


class OutOfTimeError(Exception):
    """The controls have taken, or would take, longer than they may."""


class TimeLimit:
    """A moment after which every check fails."""

    def __init__(self, seconds: float) -> None:
        """Start the clock.

        Args:
            seconds: Seconds from now.
        """
        self.seconds = seconds
        self._end = perf_counter() + seconds

    @classmethod
    def beside(cls, training: float) -> "TimeLimit":
        """The limit of the controls of a run.

        Args:
            training: Seconds that the run has trained.
        """
        return cls(max(LEAST, SHARE * training))

    def check(self) -> None:
        """Raise OutOfTimeError once the time is over."""
        if perf_counter() > self._end:
            raise OutOfTimeError

    def check_rest(self, started: float, share: float) -> None:
        """Raise OutOfTimeError as soon as it can be seen that a piece of work will not end in time.

        Args:
            started: Value of ``perf_counter`` at its beginning.
            share: Share of it that is done, in (0, 1].
        """
        self.check()
        if share >= EARLY and started + (perf_counter() - started) / share > self._end:
            raise OutOfTimeError
