"""Asks agents what they do, and hands that to the next tick."""

from __future__ import annotations

import struct
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .._checks import count, refusal, text_of
from ..errors import AgentError, BarrierFailed, PhagoError, PhaseTimeout
from ..ids import TickPhase
from .actions import Absorb, Action, Die, Dissolve, Move, Signal, Sleep, Spawn, Trace
from .agent import Agent, columns_of
from .arrays import AgentArray, ArrayView, columns_of_array
from .states import begun, concept_of, kept
from .view import View

if TYPE_CHECKING:
    from .._phago import Census, Living, World

__all__ = ["Minds"]

WAKES = "_wakes"
"""The column that says from which tick on an agent senses again."""
ABSORBED = "_absorbed"
"""The column that says whether an agent has absorbed another one."""

DIGESTER = "digester"
"""The kind of a colony's own agents."""

DISSOLVED_MAX = 256
"""The most concepts that an agent leaves when it dissolves."""

CANCELLED_WAITS = 0.25
"""Seconds that a tick which was cancelled has to end by itself."""

_T = TypeVar("_T")

_Chose: TypeAlias = tuple[str, list[Any], list[int], list[int], list[Any]]


# Whose agents this thread asks.
_here = threading.local()


class Minds:
    """The classes of one colony's agents."""

    def __init__(self, seed: int, timeout_ms: int, maturation_ticks: int) -> None:
        self._seed, self._timeout, self._maturation = seed, timeout_ms / 1000, maturation_ticks
        self._kinds: dict[str, type[Agent] | type[AgentArray]] = {}
        # Until which tick all agents of a kind sleep.
        self._asleep: dict[str, int] = {}
        # The handler of a signal may ask for a tick within one: it would wait for its own thread.
        self._lock = threading.RLock()
        self._is_making = False
        # How often each kind was dismissed. Who is spawned anew in the same tick has the ids of those before.
        self.dismissals: dict[str, int] = {}
        # The handler of a signal that came in a tick cannot wait for its end, so a thread may have it twice.
        self._settled = threading.RLock()
        # What loops have instead: a colony is for them or is not.
        self._ticking: deque[object] = deque()
        self._changing: deque[object] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether no class is known."""
        return not self._kinds

    @contextmanager
    def spawning(self, living: Living, kind: Any, count_: int, state: dict[str, Any]) -> Iterator[Any]:
        """The call that adds agents of a class, which is known from now on unless that is refused."""
        columns = _columns(kind)
        name = _name_of(kind)
        number = count("count", count_, 0, 1 << 20)
        call = living.spawn(name, columns, number, begun(living, columns, number, state))
        before = self._kinds.get(name)
        self._kinds[name] = kind
        self._asleep.pop(name, None)
        try:
            yield call
        except PhagoError:
            # Agents that are there keep their class, or wait for it.
            if before is None:
                self._kinds.pop(name, None)
            else:
                self._kinds[name] = before
            raise

    def dismissed(self, kind: str) -> None:
        """Has what agents of a kind choose at the moment reach none that are spawned anew."""
        self.dismissals[kind] = self.dismissals.get(kind, 0) + 1

    def acting(self, living: Living, world: World, make: Callable[[], _T]) -> _T:
        """Has agents choose, and makes a tick that does what they chose."""
        if self.is_empty:
            return make()
        self._refuse_inside()
        with self._lock:
            if self._is_making:
                raise RuntimeError("a signal's handler makes no tick of a colony with agents within another one")
            self._is_making = True
            try:
                while True:
                    seen = world.tick
                    sensing = self._sense(living, seen)
                    with self.changing(), self._moving_on(world, seen), self._chosen(living, sensing):
                        return make()
            finally:
                self._is_making = False

    async def acting_async(self, living: Living, world: World, make: Callable[[], Awaitable[_T]]) -> _T:
        """As `acting`, for event loops: agents are asked on another thread."""
        if self.is_empty:
            return await make()
        self._refuse_inside()
        # It brings logging, which a program without a loop does not need.
        import asyncio

        # One tick after the other: agents choose for the one that follows what they saw.
        async with _in_turn(self._ticking):
            while True:
                seen = world.tick
                # It may be cancelled here, and what they choose then reaches no tick.
                sensing = await asyncio.to_thread(self._sense, living, seen)
                async with self.changing_async():
                    with self._moving_on(world, seen), self._chosen(living, sensing):
                        return await _ended(make())

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Within it agents may come and go, which they do not between what they choose and the tick that does it."""
        with self._settled:
            yield

    @asynccontextmanager
    async def changing_async(self) -> AsyncIterator[None]:
        """As `changing`, for event loops."""
        async with _in_turn(self._changing):
            yield

    # A tick that was cancelled may be committed a moment later. Agents that saw the one before are then asked again.
    @contextmanager
    def _moving_on(self, world: World, seen: int) -> Iterator[None]:
        try:
            yield
        except BarrierFailed:
            if world.tick == seen:
                raise

    @contextmanager
    def _chosen(self, living: Living, sensing: _Sensing | None) -> Iterator[None]:
        chose = self._choose(sensing)
        try:
            yield
        except BaseException:
            # Who chose to sleep does not, as the tick was not made.
            self._asleep.clear()
            raise
        finally:
            if chose:
                living.unchoose()

    # A tick from inside would wait for the one that asks; and be made once that one has given up.
    def _refuse_inside(self) -> None:
        if getattr(_here, "minds", None) is self:
            raise RuntimeError("an agent makes no tick of its colony: it is asked within one, and returns what it does")

    # Asks all that are awake; None where all sleep.
    def _sense(self, living: Living, tick: int) -> _Sensing | None:
        awake = [kind for name, kind in sorted(self._kinds.items()) if self._asleep.get(name, 0) <= tick]
        if not awake:
            return None
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
        return sensing

    # Here and not on the thread that asks: what it finds too late must not reach a later tick.
    def _choose(self, sensing: _Sensing | None) -> bool:
        if sensing is None:
            return False
        sensing.leave_out_dismissed()
        chose = sensing.choose()
        self._asleep.update(sensing.asleep)
        return chose


class _Choices:
    """What the agents of a kind are, and what they choose."""

    def __init__(self, kind: str, ids: list[str], births: list[int], cells: list[list[Any]]) -> None:
        self.kind, self.ids, self.births, self.cells = kind, ids, births, cells
        self.changes: list[tuple[list[int], list[Any]]] = [([], []) for _ in cells]
        self.deaths: set[int] = set()
        self.parents: list[int] = []
        self.born: list[list[Any]] = [[] for _ in cells]
        self.wants: list[tuple[int, str]] = []
        self.dissolved: dict[int, list[str]] = {}

    @classmethod
    def of(cls, kind: str, census: Census) -> _Choices | None:
        found = census.population(kind)
        return None if found is None else cls(kind, found.ids, found.births, found.cells)

    def packed(self) -> _Chose | None:
        """As the native module takes them; None for nothing."""
        changed = [
            (column, struct.pack(f"<{len(rows)}I", *rows), values)
            for column, (rows, values) in enumerate(self.changes)
            if rows
        ]
        if not (changed or self.deaths or self.parents):
            return None
        return self.kind, changed, sorted(self.deaths), self.parents, self.born


class _Sensing:
    """One sensing of all agents, on a thread of its own."""

    def __init__(self, minds: Minds, living: Living, tick: int, kinds: list[Any]) -> None:
        self.minds, self.living, self.tick, self.kinds = minds, living, tick, kinds
        self.error: BaseException | None = None
        self.who = "none yet"
        self.asleep: dict[str, int] = {}
        self._chosen: list[_Chose] = []
        self._marks: list[tuple[str, str, Any, Any]] = []
        self._dissolved: list[tuple[str, int, list[str]]] = []
        self._view: ArrayView | None = None
        self._dismissals = dict(minds.dismissals)
        self._census = living.census()

    def work(self) -> None:
        _here.minds = self.minds
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def _work(self) -> None:
        chosen, marks = self._chosen, self._marks
        # All of them are seen at one moment, as others may be spawned or dismissed while these are asked.
        if any(issubclass(kind, AgentArray) for kind in self.kinds):
            self._view = ArrayView(self.living.view().wait())
            self._census = self._view._native.census()
        view = View(self.living, self._census, self.minds._seed, self.tick)
        made: dict[str, _Choices] = {}
        for kind in self.kinds:
            if issubclass(kind, AgentArray):
                assert self._view is not None
                self._array(kind, self._view, chosen, marks)
                continue
            choices = _Choices.of(kind.kind, self._census)
            if choices is not None:
                made[kind.kind] = choices
                self.asleep[kind.kind] = self._agents(kind, choices, view, marks)
        self._absorb(made)
        chosen += [packed for choices in made.values() if (packed := choices.packed()) is not None]
        for name, choices in made.items():
            self._dissolved += [(name, row, left) for row, left in sorted(choices.dissolved.items())]

    def leave_out_dismissed(self) -> None:
        """Forget what kinds chose that were dismissed meanwhile."""
        gone = {kind for kind, times in self.minds.dismissals.items() if times != self._dismissals.get(kind)}
        self._chosen = [chose for chose in self._chosen if chose[0] not in gone]
        self._dissolved = [left for left in self._dissolved if left[0] not in gone]
        self.asleep = {kind: until for kind, until in self.asleep.items() if kind not in gone}

    def choose(self) -> bool:
        """Have the next tick do what was chosen. Returns whether anything was."""
        if not (self._chosen or self._marks):
            return False
        try:
            view = None if self._view is None else self._view._native
            self.living.choose(self.tick, self._chosen, self._marks, self._dissolved, self._census, view)
        except BarrierFailed:
            raise
        except (PhagoError, TypeError, ValueError) as error:
            raise AgentError(
                f"agents cannot do what they chose in tick {self.tick + 1}: {error}",
                kind=None,
                agent=None,
                tick=self.tick + 1,
            ) from error
        return True

    # Returns until which tick all agents of the kind sleep.
    def _agents(self, kind: type[Agent], choices: _Choices, view: View, marks: list[Any]) -> int:
        cells = choices.cells
        columns = _columns(kind)
        names = [name for name, _ in columns[:-2]]
        wakes, tick = cells[-1], self.tick
        view._meet(kind.kind, {"id": choices.ids, **dict(zip(names, cells, strict=False))})
        home = names.index("home") if "home" in names else None
        agent = kind.__new__(kind)
        state = agent.__dict__
        known = len(names) + 1
        changes, parents, born = choices.changes, choices.parents, choices.born
        emitted: dict[tuple[str, str], tuple[list[str], list[float]]] = {}
        first = 1 << 62
        sense = kind.sense
        for row, (own, *values) in enumerate(zip(choices.ids, *cells[:-2], strict=True)):
            if wakes[row] > tick:
                first = min(first, wakes[row])
                continue
            self.who = own
            state.clear()
            state["id"] = own
            state.update(zip(names, values, strict=True))
            view._turn_to(own, None if home is None else values[home])
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
                    elif isinstance(action, Dissolve):
                        if tick + 1 - choices.births[row] >= self.minds._maturation:
                            choices.dissolved[row] = _vocabulary(choices.dissolved.get(row, []), action)
                            is_dead = True
                    elif isinstance(action, Absorb):
                        choices.wants.append((row, str(action.agent)))
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
                choices.deaths.add(row)
                continue
            first = min(first, until)
            for column, (before, value) in enumerate(zip(values, after, strict=True)):
                if before != value:
                    changes[column][0].append(row)
                    changes[column][1].append(value)
            if until != wakes[row] and (until or wakes[row]):
                changes[-1][0].append(row)
                changes[-1][1].append(until)
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
            concepts, amounts = emitted.setdefault((of, text_of("name", action.name)), ([], []))
            concepts.append(concept)
            amounts.append(kept("amount", "float", action.amount))
        elif isinstance(action, Spawn):
            unknown = sorted(action.state.keys() - {name for name, _ in columns[:-2]})
            if unknown:
                raise refusal("state", unknown[0], "a name that the kind's `state` declares")
            parents.append(row)
            for column, (name, of) in enumerate(columns[:-2]):
                value = action.state[name] if name in action.state else after[column]
                born[column].append(kept(name, of, value))
            born[-2].append(0)
            born[-1].append(0)
        else:
            raise TypeError(f"`sense` returned {action!r}; accepted are actions of phago.agents, or None")

    # Lets agents absorb others, in the order of kinds and ids: each once in its life, and none that ends.
    def _absorb(self, made: dict[str, _Choices]) -> None:
        if not any(choices.wants for choices in made.values()):
            return
        for name, kind in self.minds._kinds.items():
            if name not in made and issubclass(kind, Agent):
                # Who sleeps may be absorbed too.
                asleep = _Choices.of(name, self._census)
                if asleep is not None:
                    made[name] = asleep
        found = {agent: (choices, row) for choices in made.values() for row, agent in enumerate(choices.ids)}
        for _, choices in sorted(made.items()):
            for row, wanted in choices.wants:
                other, at = found.get(wanted, (choices, row))
                has_absorbed = choices.cells[-2][row] or row in choices.changes[-2][0]
                if other is choices or at in other.deaths or row in choices.deaths or has_absorbed:
                    continue
                other.deaths.add(at)
                choices.changes[-2][0].append(row)
                choices.changes[-2][1].append(1)

    def _array(self, kind: type[AgentArray], view: ArrayView, chosen: list[_Chose], marks: list[Any]) -> None:
        found = next((one for one in self._census.kinds() if one.name == kind.kind), None)
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
            f"{who} failed in tick {self.tick + 1}, which was not made: {type(error).__name__}: {_said(error)}",
            kind=kind,
            agent=id,
            tick=self.tick + 1,
        ) from error


# A tick that is cancelled may yet begin, with what agents choose for the next one. So most end by themselves, and those
# that take longer have begun.
async def _ended(making: Awaitable[_T]) -> _T:
    import asyncio

    made = asyncio.ensure_future(making)
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        await asyncio.wait([made], timeout=CANCELLED_WAITS)
        raise
    finally:
        made.cancel()


# One after the other, in their order, on whatever loops. It waits without a thread: one that waits for a lock could get
# it after this was cancelled, and would keep it.
@asynccontextmanager
async def _in_turn(queue: deque[object]) -> AsyncIterator[None]:
    import asyncio

    me = object()
    queue.append(me)
    try:
        while queue[0] is not me:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        yield
    finally:
        queue.remove(me)


# An agent's error may fail to say what it is, too.
def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception as other:
        return f"its text cannot be made, because of {type(other).__name__}"


# What an agent leaves, with what it left by another action of the same tick.
def _vocabulary(left: list[str], action: Dissolve) -> list[str]:
    for one in action.concepts:
        concept = concept_of("concepts", one)
        if concept is None:
            raise refusal("concepts", None, "concepts of the view, or their ids")
        left = [*left, concept]
    if len(left) > DISSOLVED_MAX:
        raise refusal("concepts", f"{len(left):,} concepts", f"at most {DISSOLVED_MAX}")
    return left


def _name_of(kind: Any) -> str:
    name = text_of("kind", kind.kind)
    if name == DIGESTER:
        raise refusal("kind", name, "another name: the colony has agents of its own of this one")
    return name


def _columns(kind: Any) -> list[tuple[str, str]]:
    if isinstance(kind, type) and issubclass(kind, Agent) and kind is not Agent:
        return [*columns_of(kind.__name__, kind.state), (ABSORBED, "int"), (WAKES, "int")]
    if isinstance(kind, type) and issubclass(kind, AgentArray) and kind is not AgentArray:
        return columns_of_array(kind.__name__, kind.columns)
    raise TypeError(f"`kind` is a class made from phago.Agent or phago.AgentArray, not {kind!r}")
