"""Asks agents what they do, and hands that to the next tick."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from .._checks import count, refusal
from ..errors import AgentError, PhagoError, PhaseTimeout
from ..ids import TickPhase
from .actions import Action, Die, Move, Signal, Sleep, Spawn, Trace
from .agent import Agent, columns_of
from .arrays import AgentArray, ArrayView, columns_of_array
from .states import begun, concept_of, kept
from .view import View

if TYPE_CHECKING:
    from .._phago import Living, World

__all__ = ["Minds"]

WAKES = "_wakes"
"""The column that says from which tick on an agent senses again."""

_Chose: TypeAlias = tuple[str, list[Any], list[int], list[int], list[Any]]


class Minds:
    """The classes of one colony's agents."""

    def __init__(self, seed: int, timeout_ms: int) -> None:
        self._seed, self._timeout = seed, timeout_ms / 1000
        self._kinds: dict[str, type[Agent] | type[AgentArray]] = {}
        # Until which tick all agents of a kind sleep.
        self._asleep: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def is_empty(self) -> bool:
        """Whether no class is known."""
        return not self._kinds

    def spawn(self, living: Living, kind: Any, count_: int, state: dict[str, Any]) -> tuple[Any, str]:
        """The call that adds agents of a class, which is known from now on, and the name of their kind."""
        columns = _columns(kind)
        number = count("count", count_, 0, 1 << 20)
        cells = begun(living, columns, number, {WAKES: 0, **state} if issubclass(kind, Agent) else state)
        call = living.spawn(kind.kind, columns, number, cells)
        self._kinds[kind.kind] = kind
        self._asleep.pop(kind.kind, None)
        return call, kind.kind

    @contextmanager
    def acting(self, living: Living, world: World) -> Iterator[None]:
        """Has agents choose for the tick that is made within."""
        if self.is_empty:
            yield
            return
        with self._lock:
            chose = self.sense(living, world.tick)
            try:
                yield
            finally:
                if chose:
                    living.unchoose()

    @asynccontextmanager
    async def acting_async(self, living: Living, world: World) -> AsyncIterator[None]:
        """As `acting`, for event loops: agents are asked on another thread."""
        if self.is_empty:
            yield
            return
        # It brings logging, which a program without a loop does not need.
        import asyncio

        # One tick after the other: agents choose for the one that follows what they saw.
        # A thread that waited for the lock could get it after this was cancelled, and would keep it.
        while not self._lock.acquire(blocking=False):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        try:
            chose = await asyncio.to_thread(self.sense, living, world.tick)
            try:
                yield
            finally:
                if chose:
                    living.unchoose()
        finally:
            self._lock.release()

    def sense(self, living: Living, tick: int) -> bool:
        """Ask all that are awake. Returns whether any did something.

        Raises:
            AgentError: One raised, or did what cannot be done. Nothing is chosen.
            PhaseTimeout: They took longer than a phase may. Nothing is chosen.
        """
        awake = [kind for name, kind in sorted(self._kinds.items()) if self._asleep.get(name, 0) <= tick]
        if not awake:
            return False
        sensing = _Sensing(self, living, tick, awake)
        begun_at = time.monotonic()
        thread = threading.Thread(target=sensing.work, name="phago-agents", daemon=True)
        thread.start()
        thread.join(self._timeout)
        waited = time.monotonic() - begun_at
        # A class of agents that hangs is left to itself: what it returns is never read.
        if thread.is_alive():
            who = sensing.who
            raise PhaseTimeout(
                f"agents did not finish Sense of tick {tick + 1} within {waited:.3f} s; at work was {who}",
                shards=(),
                phase=TickPhase.SENSE,
                tick=tick + 1,
                waited=waited,
            )
        if sensing.error is not None:
            raise sensing.error
        return sensing.chose


class _Sensing:
    """One sensing of all agents, on a thread of its own."""

    def __init__(self, minds: Minds, living: Living, tick: int, kinds: list[Any]) -> None:
        self.minds, self.living, self.tick, self.kinds = minds, living, tick, kinds
        self.error: BaseException | None = None
        self.chose = False
        self.who = "none yet"

    def work(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def _work(self) -> None:
        chosen: list[_Chose] = []
        marks: list[tuple[str, str, Any, Any]] = []
        array: ArrayView | None = None
        view = View(self.living, self.minds._seed, self.tick)
        asleep: dict[str, int] = {}
        for kind in self.kinds:
            if issubclass(kind, AgentArray):
                if array is None:
                    array = ArrayView(self.living.view().wait())
                self._array(kind, array, chosen, marks)
            else:
                asleep[kind.kind] = self._agents(kind, view, chosen, marks)
        if chosen or marks:
            try:
                self.living.choose(self.tick, chosen, marks, None if array is None else array._native)
            except (PhagoError, ValueError) as error:
                raise AgentError(
                    f"agents cannot do what they chose in tick {self.tick + 1}: {error}",
                    kind=None,
                    agent=None,
                    tick=self.tick + 1,
                ) from error
            self.chose = True
        self.minds._asleep.update(asleep)

    # Returns until which tick all agents of the kind sleep.
    def _agents(self, kind: type[Agent], view: View, chosen: list[_Chose], marks: list[Any]) -> int:
        found = self.living.population(kind.kind)
        if found is None:
            return 0
        ids, cells = found.ids, found.cells
        columns = _columns(kind)
        names = [name for name, _ in columns[:-1]]
        wakes, tick = cells[-1], self.tick
        view._meet({"id": ids, **dict(zip(names, cells, strict=False))})
        home = names.index("home") if "home" in names else None
        agent = kind.__new__(kind)
        state = agent.__dict__
        known = len(names) + 1
        changes: list[tuple[list[int], list[Any]]] = [([], []) for _ in columns]
        deaths: list[int] = []
        parents: list[int] = []
        born: list[list[Any]] = [[] for _ in columns]
        emitted: dict[tuple[str, str], tuple[list[str], list[float]]] = {}
        first = 1 << 62
        sense = kind.sense
        for row, (own, *values) in enumerate(zip(ids, *cells[:-1], strict=True)):
            if wakes[row] > tick:
                first = min(first, wakes[row])
                continue
            self.who = own
            state.clear()
            state["id"] = own
            state.update(zip(names, values, strict=True))
            view._turn_to(own)
            try:
                actions = sense(agent, view)
                until = 0
                is_dead = False
                moves: list[Any] = []
                for action in () if actions is None else actions:
                    if isinstance(action, Move):
                        if home is None:
                            raise refusal("home", action, "a state with `home` for an agent that moves")
                        state["home"] = action.concept
                    elif isinstance(action, Die):
                        is_dead = True
                    elif isinstance(action, Sleep):
                        until = tick + 1 + count("ticks", action.ticks, 1)
                    else:
                        moves.append(action)
                if len(state) != known:
                    odd = sorted(state.keys() ^ {"id", *names})
                    raise refusal(
                        "state", f"another one in {', '.join(odd)}", "what is declared, which is all that is kept"
                    )
                after = [
                    value if value is before else kept(name, of, value)
                    for (name, of), value, before in zip(columns, [state[name] for name in names], values, strict=False)
                ]
                for action in moves:
                    self._do(action, row, after, columns, home, emitted, parents, born)
            except Exception as error:
                self._blame(kind.kind, own, error)
            if is_dead:
                deaths.append(row)
                continue
            first = min(first, until)
            for column, (before, value) in enumerate(zip(values, after, strict=True)):
                if before != value:
                    changes[column][0].append(row)
                    changes[column][1].append(value)
            if until != wakes[row] and (until or wakes[row]):
                changes[-1][0].append(row)
                changes[-1][1].append(until)
        changed = [
            (column, struct.pack(f"<{len(rows)}I", *rows), values)
            for column, (rows, values) in enumerate(changes)
            if rows
        ]
        if changed or deaths or parents:
            chosen.append((kind.kind, changed, deaths, parents, born))
        marks.extend((of, name, concepts, amounts) for (of, name), (concepts, amounts) in emitted.items())
        return 0 if parents else (first if first < 1 << 62 else 0)

    def _do(
        self,
        action: Action,
        row: int,
        after: list[Any],
        columns: list[tuple[str, str]],
        home: int | None,
        emitted: dict[tuple[str, str], tuple[list[str], list[float]]],
        parents: list[int],
        born: list[list[Any]],
    ) -> None:
        if isinstance(action, Signal | Trace):
            if action.concept is not None:
                concept = concept_of("concept", action.concept)
            else:
                # Where it is was looked at already.
                concept = None if home is None else after[home]
            if concept is None:
                raise refusal("concept", action, "a concept: the agent is nowhere")
            of = "trace" if isinstance(action, Trace) else "signal"
            concepts, amounts = emitted.setdefault((of, action.name), ([], []))
            concepts.append(concept)
            amounts.append(kept("amount", "float", action.amount))
        elif isinstance(action, Spawn):
            unknown = sorted(action.state.keys() - {name for name, _ in columns[:-1]})
            if unknown:
                raise refusal("state", unknown[0], "a name that the kind's `state` declares")
            parents.append(row)
            for column, (name, of) in enumerate(columns[:-1]):
                value = action.state[name] if name in action.state else after[column]
                born[column].append(kept(name, of, value))
            born[-1].append(0)
        else:
            raise TypeError(f"`sense` returned {action!r}; accepted are actions of phago.agents, or None")

    def _array(self, kind: type[AgentArray], view: ArrayView, chosen: list[_Chose], marks: list[Any]) -> None:
        found = next((one for one in self.living.kinds() if one.name == kind.kind), None)
        if found is None or found.count == 0:
            return
        self.who = f"the {found.count} agents of {kind.kind}"
        try:
            deeds = view._ask(kind, found.count)
            changed, deaths, parents, born, emitted = deeds
        except Exception as error:
            self._blame(kind.kind, None, error)
        if changed or deaths or parents:
            chosen.append((kind.kind, changed, deaths, parents, born))
        marks.extend(emitted)

    def _blame(self, kind: str, id: str | None, error: Exception) -> None:
        who = f"agent {id} of {kind}" if id else f"the agents of {kind}"
        raise AgentError(
            f"{who} failed in tick {self.tick + 1}, which was not made: {type(error).__name__}: {error}",
            kind=kind,
            agent=id,
            tick=self.tick + 1,
        ) from error


def _columns(kind: Any) -> list[tuple[str, str]]:
    if isinstance(kind, type) and issubclass(kind, Agent) and kind is not Agent:
        return [*columns_of(kind.__name__, kind.state), (WAKES, "int")]
    if isinstance(kind, type) and issubclass(kind, AgentArray) and kind is not AgentArray:
        return columns_of_array(kind.__name__, kind.columns)
    raise TypeError(f"`kind` is a class made from phago.Agent or phago.AgentArray, not {kind!r}")
