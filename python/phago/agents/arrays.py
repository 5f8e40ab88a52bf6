"""Agents as arrays: one call for all of a kind, arrays in and arrays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from .._checks import count, real, refusal, text_of
from .._phago import AgentView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
else:
    # Who asks for hints at run time may have no numpy, and who has it should not wait for it.
    Ints = Floats = Any

__all__ = ["AgentArray", "ArrayView", "Deeds", "Walkers", "columns_of_array"]

_TYPES = {"i8": "int", "f8": "float", "?": "bool", "concept": "concept"}


def columns_of_array(kind: str, columns: Any) -> list[tuple[str, str]]:
    """The columns as the colony keeps them."""
    if not isinstance(columns, dict):
        raise TypeError(f"`{kind}.columns` is a dictionary of names and types, not {type(columns).__name__}")
    for name, of in columns.items():
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            raise TypeError(f"`{kind}.columns` has the name {name!r}; accepted is an identifier")
        if of not in _TYPES:
            raise TypeError(f"`{kind}.columns[{name!r}]` is {of!r}; accepted is {', '.join(_TYPES)}")
    return [(name, _TYPES[of]) for name, of in columns.items()]


class Deeds:
    """What all agents of a kind do in a tick."""

    def __init__(self) -> None:
        self._emitted: list[tuple[str, str, Any, Any]] = []
        self._ends: list[Any] = []
        self._born: list[tuple[Any, dict[str, Any]]] = []

    def signal(self, name: str, places: Any, amounts: Any = 1.0) -> None:
        """Add to a signal on the concepts at places; -1 stands for none.

        Args:
            name: At most 64 bytes.
            places: Integers, of any length.
            amounts: One number above 0, or one for each.
        """
        self._emitted.append(("signal", text_of("name", name), places, amounts))

    def trace(self, name: str, places: Any, amounts: Any = 1.0) -> None:
        """Add to a trace; see `signal`."""
        self._emitted.append(("trace", text_of("name", name), places, amounts))

    def end(self, mask: Any) -> None:
        """End the agents for which the mask is true: one bool for each. Of several masks, each ends its own."""
        self._ends.append(mask)

    def spawn(self, parents: Any, /, **state: Any) -> None:
        """Bear agents of the same kind.

        Args:
            parents: The row of each one's parent, from 0; a row may stand several times.
            state: What they begin with, one value or one for each; what is left out is as the parent has it after this
                tick.
        """
        self._born.append((parents, state))


class AgentArray:
    """Agents of one kind as arrays: `sense` is called once a tick for all of them. It needs numpy.

    Rows are in the order of the agents' ids, and what a row becomes may depend only on itself and the view.

    >>> import phago
    >>> class Herd(phago.AgentArray):
    ...     columns = {"home": "concept", "energy": "i8"}
    ...     def sense(self, view, rows, deeds):
    ...         rows.energy -= 1
    ...         deeds.trace("grazed", rows.home)
    ...         deeds.end(rows.energy == 0)
    >>> with phago.Colony(shards=2) as colony:
    ...     report = colony.ingest(["Ions cross the membrane.", "The membrane holds the cell."])
    ...     report = colony.run()
    ...     agents = colony.spawn(Herd, count=1_000, home="membrane", energy=2)
    ...     result = colony.tick()
    ...     colony.field("grazed", of="trace"), len(colony.agents("Herd"))
    ([('membrane', 1000.0)], 1000)
    """

    columns: ClassVar[dict[str, str]] = {}
    """What is kept of an agent: for each name "i8", "f8" (finite), "?" or "concept", whose values are places in the
    view, and -1 for none."""
    kind: ClassVar[str] = ""
    """The name of the kind; by default that of the class."""

    def sense(self, view: ArrayView, rows: Any, deeds: Deeds) -> None:
        """Change the columns of `rows`, which has each as an array under its name, and say what else is done."""
        raise NotImplementedError

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        columns_of_array(cls.__name__, cls.columns)
        if "kind" not in cls.__dict__:
            cls.kind = cls.__name__


class Walkers(AgentArray):
    """Walkers that are compiled: each goes to the neighbour with most of a signal, and leaves a trace there.

    Of neighbours with equally much the one over the heaviest synapse is taken, then the first. Make a class from it to
    choose other names and another chance.
    """

    columns: ClassVar[dict[str, str]] = {"home": "concept"}
    signal: ClassVar[str] = "interest"
    """The signal that they follow."""
    trace: ClassVar[str] = "visit"
    """The trace that they leave; "" for none."""
    explore: ClassVar[float] = 0.05
    """The chance of going to any neighbour instead; 0 to 1."""

    def sense(self, view: ArrayView, rows: Any, deeds: Deeds) -> None:
        """One step of each."""
        rows.home = view.walk(self.kind, rows.home, self.signal, real("explore", self.explore, 0.0, 1.0))
        if self.trace:
            deeds.trace(self.trace, rows.home)


class ArrayView:
    """The last committed tick as arrays. Concepts have places, from 0, in the order of their ids."""

    def __init__(self, native: AgentView) -> None:
        self._native = native
        self._kind = ""

    @property
    def tick(self) -> int:
        """The tick that is seen."""
        return self._native.tick

    def __len__(self) -> int:
        """The number of concepts."""
        return len(self._native)

    def label(self, place: int) -> str:
        """The label of a concept."""
        return self._native.labels([count("place", place, 0, len(self) - 1)])[0]

    def neighbors(self) -> tuple[Ints, Ints, Floats]:
        """All synapses: those of place p are `targets[starts[p]:starts[p + 1]]`, with weights from 0 to 1.

        Returns:
            starts: One more than there are concepts.
            targets: Places, in order for each concept.
            weights: One for each target.
        """
        native = self._native
        return _array(native.starts()), _array(native.targets()), _array(native.weights())

    def signal(self, name: str) -> Floats:
        """How much of a signal is on each concept."""
        return cast("Floats", _array(self._native.levels("signal", name)))

    def trace(self, name: str) -> Floats:
        """How much of a trace is on each concept."""
        return cast("Floats", _array(self._native.levels("trace", name)))

    def random(self, number: int = 0) -> Floats:
        """Chance from 0 to 1 for each agent of the kind that senses; another one for each number."""
        return cast("Floats", _array(self._native.chance(self._kind, count("number", number, 0, 2**64 - 1))))

    def walk(self, kind: str, home: Any, signal: str, explore: float) -> Ints:
        """Where walkers go from their places: see `Walkers`."""
        homes = self._places("home", home)
        chance = real("explore", explore, 0.0, 1.0)
        return cast("Ints", _array(self._native.walk(kind, homes.tobytes(), signal, chance)))

    def _places(self, name: str, given: Any) -> Ints:
        import numpy as np

        places = np.atleast_1d(np.asarray(given))
        if not places.size:
            return np.zeros(0, np.int64)
        places = _cast(name, places, "concept")
        wrong = places[(places < -1) | (places >= len(self))]
        if wrong.size:
            raise refusal(name, int(wrong[0]), f"places from 0 to {len(self) - 1}, or -1 for none")
        return cast("Ints", places)

    def _ask(self, kind: type[AgentArray], living: int) -> tuple[Any, list[int], list[int], list[Any], list[Any]]:
        import numpy as np

        self._kind = kind.kind
        names = list(kind.columns)
        rows, deeds = _Rows(), Deeds()
        before = []
        for column, name in enumerate(names):
            values = _array(self._native.column(kind.kind, column))
            before.append(values)
            setattr(rows, name, values.astype(bool) if kind.columns[name] == "?" else values.copy())
        kind().sense(self, rows, deeds)
        unknown = sorted(rows.__dict__.keys() - set(names))
        if unknown:
            raise refusal("columns", unknown[0], "what `columns` declares, which is all that is kept")
        changed, after = [], {}
        for column, (name, old) in enumerate(zip(names, before, strict=True)):
            of = kind.columns[name]
            new = np.asarray(getattr(rows, name))
            if new.shape != (living,):
                raise refusal(name, f"an array of shape {new.shape}", f"one of shape ({living},)")
            new = after[name] = _cast(name, new, of)
            at = np.flatnonzero(new != old)
            if len(at):
                changed.append((column, at.astype("<u4").tobytes(), _cells(new[at], of)))
        ended = np.zeros(living, bool)
        for mask in deeds._ends:
            ends = np.asarray(mask)
            if ends.shape != (living,) or ends.dtype != bool:
                raise refusal("mask", f"{ends.dtype} of shape {ends.shape}", f"bools of shape ({living},)")
            ended |= ends
        deaths = np.flatnonzero(ended).tolist()
        parents, born = _born(kind, deeds._born, after, living)
        return changed, deaths, parents, born, [self._marks(*one) for one in deeds._emitted]

    def _marks(self, of: str, name: str, places: Any, amounts: Any) -> tuple[str, str, bytes, bytes]:
        import numpy as np

        where = self._places("places", places)
        much = np.broadcast_to(np.asarray(amounts, dtype=np.float64), where.shape)
        there = where >= 0
        return of, name, where[there].tobytes(), np.ascontiguousarray(much[there]).tobytes()


class _Rows:
    pass


# The rows of parents, in order, and the values of what they bear, by column.
def _born(
    kind: type[AgentArray], born: list[tuple[Any, dict[str, Any]]], after: dict[str, Any], living: int
) -> tuple[list[int], list[bytes]]:
    import numpy as np

    if not born:
        return [], []
    rows: list[Any] = []
    values: dict[str, list[Any]] = {name: [] for name in kind.columns}
    for given, state in born:
        parents = _cast("parents", np.atleast_1d(np.asarray(given)), "i8") if np.size(given) else np.zeros(0, np.int64)
        if parents.ndim != 1 or ((parents < 0) | (parents >= living)).any():
            raise refusal("parents", f"{given!r}", f"rows from 0 to {living - 1}")
        unknown = sorted(state.keys() - values.keys())
        if unknown:
            raise refusal("state", unknown[0], "a name that `columns` declares")
        rows.append(parents)
        for name, of in kind.columns.items():
            if name not in state:
                values[name].append(after[name][parents])
                continue
            begins = np.asarray(state[name])
            if begins.shape not in ((), parents.shape):
                raise refusal(name, f"an array of shape {begins.shape}", f"one value, or shape {parents.shape}")
            values[name].append(_cast(name, np.broadcast_to(begins, parents.shape), of))
    every = np.concatenate(rows)
    order = np.argsort(every, kind="stable")
    cells = [_cells(np.concatenate(values[name])[order], of) for name, of in kind.columns.items()]
    return every[order].tolist(), cells


def _cells(values: Any, of: str) -> bytes:
    import numpy as np

    cells: bytes = (values.astype(np.uint8) if of == "?" else values).tobytes()
    return cells


def _array(column: Any) -> Any:
    import numpy as np

    return np.asarray(column)


def _cast(name: str, values: Any, of: str) -> Any:
    import numpy as np

    wanted = {"i8": np.int64, "concept": np.int64, "f8": np.float64, "?": np.int64}[of]
    kinds = {"i8": "iu", "concept": "iu", "f8": "iuf", "?": "b"}[of]
    if values.dtype.kind not in kinds:
        raise refusal(name, f"an array of {values.dtype}", f"one of {of}")
    if values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
        raise refusal(name, int(values.max()), "whole numbers below 2^63")
    values = np.ascontiguousarray(values.astype(wanted))
    if of == "f8" and not np.isfinite(values).all():
        raise refusal(name, "a number that is not finite", "finite numbers")
    return values
