"""The agents of a colony by the names of what they do: nothing that the colony itself has not."""

from __future__ import annotations

from ._checks import count, flag, instance
from ._unpicklable import Unpicklable
from .colony import Colony
from .results import Anomaly, Insights

__all__ = ["Sentinel", "Synthesizer"]


class Synthesizer(Unpicklable):
    """What finds out how concepts belong together. See `Digester` for what wires them.

    >>> import phago
    >>> with phago.Colony(config=phago.ColonyConfig(survey_quorum=500)) as colony:
    ...     synthesizer = phago.Synthesizer(colony)
    ...     synthesizer.quorum, synthesizer.insights().clusters
    (500, ())
    """

    __slots__ = ("_colony",)
    _instead = "pickle what it finds instead, and make another one from a colony"

    def __init__(self, colony: Colony) -> None:
        self._colony = instance("colony", colony, Colony)

    @property
    def quorum(self) -> int:
        """Documents digested since the last survey after which `Colony.run` makes the next one; 0 for never.

        It is `ColonyConfig.survey_quorum`.
        """
        return self._colony.config.survey_quorum

    def insights(self) -> Insights:
        """See `Colony.insights`."""
        return self._colony.insights()

    def survey(self) -> Insights:
        """See `Colony.survey`."""
        return self._colony.survey()


class Sentinel(Unpicklable):
    """What learns what is normal, and tells of what is not.

    >>> import phago
    >>> with phago.Colony() as colony:
    ...     phago.Sentinel(colony).anomalies()
    []

    Args:
        colony: Whose documents are watched.
        drifting: See `Colony.anomalies`.
    """

    __slots__ = ("_colony", "_drifting")
    _instead = "pickle the anomalies instead, and make another one from a colony"

    def __init__(self, colony: Colony, drifting: bool = False) -> None:
        self._colony, self._drifting = instance("colony", colony, Colony), flag("drifting", drifting)

    def anomalies(self, since: int = 0) -> list[Anomaly]:
        """See `Colony.anomalies`.

        Args:
            since: Only those whose first alarm came in this tick or later.
        """
        first = count("since", since, 0, 2**32)
        return [one for one in self._colony.anomalies(drifting=self._drifting) if one.tick >= first]
