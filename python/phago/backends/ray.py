"""Nodes as actors of a Ray cluster, over any number of machines."""

from __future__ import annotations

import importlib
import logging
import os
import re
import signal
import socket
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .. import _phago
from .._checks import count
from .transport import Answer, Died, Late, Message, Node, Outcome, Stopped, Transport, Undelivered

# How often to look whether anybody still wants an answer, in seconds.
_LOOK = 0.005
# How often to look whether the cluster is still there while an answer is missing, in seconds.
_LOOK_FOR_CLUSTER = 1.0
# How long the cluster may take to accept a connection, in seconds.
_CONNECTING = 5.0
# How long Ray may take to start actors, in seconds. A busy machine takes seconds for an interpreter.
_STARTING = 120.0
# How often actors are placed before the error is raised: machines may end meanwhile, and Ray notices it late.
_TRIALS = 3
# How many messages of each kind a node is at. Two orders, so that the one to give up a phase reaches a node that is
# still at it; nodes refuse orders that are too old.
_LANES = {"orders": 2, "questions": 8, "ahead": 1}
# Messages of this size and more are stored once for all nodes that are sent the same. Ray sends smaller ones in the
# call.
_STORED = 100 * 1024
# Ray paints names of tasks.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Ray(Transport):
    """Nodes as actors of a Ray cluster: one actor a node, spread over the machines by their cores.

    It needs `pip install "phago[ray]"`. Where this process has not called `ray.init`, it does so: it joins the cluster
    that `address` or `RAY_ADDRESS` names, or that was started on this machine; where there is none, it starts one that
    ends with the last colony over it. Actors reserve no cores: a cluster with fewer cores than nodes serves too.

    Args:
        nodes: How many. By default one for each core of the cluster, but not more than `shards`.
        shards: How many shards a colony has that is opened over it without a number of its own. By default one for each
            core of this machine, but not fewer than nodes.
        address: Which cluster to join, as for `ray.init`. Not used where this process has called it.

    Raises:
        ImportError: Ray is not installed.
        ConnectionError: There is no cluster at this address, or it did not make the actors within 120 seconds.
    """

    def __init__(self, nodes: int | None = None, shards: int | None = None, *, address: str | None = None) -> None:
        most = _phago.SHARDS_MAX if shards is None else count("shards", shards, 1, _phago.SHARDS_MAX)
        if nodes is not None:
            count("nodes", nodes, 1, most)
        self._ray = _imported()
        self._session = _SESSIONS.enter(self._ray, address)
        self._leave = weakref.finalize(self, _SESSIONS.leave, self._ray, self._session)
        # Held while actors are made or ended.
        self._making = threading.Lock()
        self._actors: list[_Actor] = []
        try:
            super().__init__(min(_cores(self._ray), most) if nodes is None else nodes, shards)
            self._actors = self._made(self.nodes, [])
        except BaseException:
            self._leave()
            raise

    def pids(self) -> list[int]:
        """The process ids of the nodes, each of its own machine."""
        return [actor.pid for actor in self._actors]

    def send(self, messages: Sequence[Message], wait: float, stopped: Callable[[], bool]) -> list[Outcome]:
        """Send messages, as `Transport.send`."""
        deadline = time.monotonic() + wait
        if not self._session.is_up(self._ray):
            return [Died(self._session.end)] * len(messages)
        stored: dict[bytes, Any] = {}
        sent = [self._sent(message, stored) for message in messages]
        waiting = [call for call in sent if not isinstance(call, Died)]
        is_stopped, looked = False, time.monotonic()
        while waiting:
            left = deadline - time.monotonic()
            try:
                _, waiting = self._ray.wait(waiting, num_returns=len(waiting), timeout=max(0.0, min(left, _LOOK)))
            except Exception as error:  # Whatever it is, no answer comes any more.
                return [Died(_cause(error))] * len(messages)
            if waiting and (left <= 0 or (is_stopped := stopped())):
                break
            if waiting and time.monotonic() - looked >= _LOOK_FOR_CLUSTER:
                # Ray waits for a cluster that is gone, and cannot tell that an actor ended.
                if self._session.is_gone():
                    return [Died(self._session.gone)] * len(messages)
                looked = time.monotonic()
        missing = set(waiting)
        none: Outcome = Stopped() if is_stopped else Late()
        return [call if isinstance(call, Died) else none if call in missing else self._outcome(call) for call in sent]

    def _sent(self, message: Message, stored: dict[bytes, Any]) -> Any:
        try:
            told: Any = message.bytes
            if len(told) >= _STORED:
                told = stored.get(message.bytes) or stored.setdefault(message.bytes, self._ray.put(message.bytes))
            return self._actors[message.node].lanes[message.lane].remote(told, *message.parcels)
        except Exception as error:  # Ray raises errors of many kinds where it is not up any more.
            return Died(_cause(error))

    def _outcome(self, call: Any) -> Outcome:
        try:
            told = self._ray.get(call)
        except Exception as error:  # The actor ended, what another node sent it is lost, or Ray is not up any more.
            errors = self._ray.exceptions
            # Of a task, and not of its result: the actor said so itself.
            is_parcel = isinstance(error, errors.RayTaskError) and isinstance(error, errors.ObjectLostError)
            return Undelivered(_cause(error)) if is_parcel else Died(_cause(error))
        return Answer(told, ()) if isinstance(told, bytes) else Answer(*told)

    def restart(self, nodes: Sequence[int]) -> None:
        """Make actors anew; those that still run are killed.

        Raises:
            ConnectionError: The cluster is gone or did not make them in time, or Ray was shut down in this process.
        """
        with self._making:
            _SESSIONS.look(self._ray, self._session)
            if not self._session.is_up(self._ray):
                raise ConnectionError(self._session.end)
            for node in nodes:
                self._ray.kill(self._actors[node].handle)
            stay = [actor for node, actor in enumerate(self._actors) if node not in nodes]
            for node, actor in zip(nodes, self._made(len(nodes), stay), strict=True):
                self._actors[node] = actor

    def close(self) -> None:
        """Kill the actors. Ray is shut down if this process started it for colonies, and no other one uses it."""
        with self._making:
            if not self._leave.alive:
                return
            _SESSIONS.look(self._ray, self._session)
            if self._session.is_up(self._ray):
                for actor in self._actors:
                    self._ray.kill(actor.handle)
            self._leave()

    def _made(self, nodes: int, beside: list[_Actor]) -> list[_Actor]:
        """New actors that answer, on the machines that have the fewest of them for each core."""
        deadline, made, causes = time.monotonic() + _STARTING, list[_Actor](), list[str]()
        for _ in range(_TRIALS):
            machines = [actor.machine for actor in (*beside, *made)]
            for _ in range(nodes - len(made)):
                machines.append(_emptiest(self._ray.nodes(), machines))
            started = [(machine, _started(self._ray, machine)) for machine in machines[len(beside) + len(made) :]]
            calls = [handle.pid.remote() for _, handle in started]
            left = max(0.0, deadline - time.monotonic())
            _, missing = self._ray.wait(calls, num_returns=len(calls), timeout=left)
            if missing:
                causes.append(f"{len(missing)} of {nodes} actors did not start within {_STARTING:.0f} seconds")
                break
            for call, (machine, handle) in zip(calls, started, strict=True):
                try:
                    made.append(_Actor(handle, machine, self._ray.get(call), _lanes(handle)))
                except Exception as error:  # The machine ended, or cannot make an actor.
                    causes.append(_cause(error))
            if len(made) == nodes:
                return made
        # Those that were made end with the last reference to them.
        raise ConnectionError(f"Ray did not make the nodes: {causes[-1]}")


class _Obeying:
    """What an actor does, in its own process."""

    def __init__(self) -> None:
        self._node = Node()
        self._ray = _imported()

    def pid(self) -> int:
        return os.getpid()

    def obey(self, message: bytes, *parcels: bytes) -> bytes | tuple[bytes, list[Any]]:
        answer, sent = self._node.handle(message, parcels)
        if not any(parcel is not None for parcel in sent):
            # Ray carries bytes as they are, and pickles all else: 2.0 ms instead of 1.7 for a round of four actors.
            return answer
        # References go to other actors, which fetch what they stand for from here.
        return answer, [None if parcel is None else self._ray.put(parcel) for parcel in sent]


@dataclass(frozen=True, slots=True)
class _Actor:
    handle: Any
    machine: str
    pid: int
    lanes: dict[str, Any]


def _started(ray: Any, machine: str) -> Any:
    affinity = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
    # Ray must not make an actor again: it would know nothing, and what it is told next would not fit.
    made = ray.remote(
        num_cpus=0,
        max_restarts=0,
        max_task_retries=0,
        concurrency_groups=dict(_LANES),
        # Where it may choose another machine, Ray does so also where nothing speaks against this one.
        scheduling_strategy=affinity(machine, soft=False),
    )(_Obeying)
    return made.remote()


def _lanes(handle: Any) -> dict[str, Any]:
    return {lane: handle.obey.options(concurrency_group=lane) for lane in _LANES}


class _Session:
    """One connection of this process to a cluster."""

    def __init__(self, ray: Any, is_ours: bool) -> None:
        self.name = _name(ray)
        self.address: str = ray.get_runtime_context().gcs_address
        self.is_ours = is_ours
        self.users = 0
        self.gone = f"the Ray cluster at {self.address} does not answer"
        # Why it is not up any more.
        self.end = "Ray was shut down in this process"

    def is_up(self, ray: Any) -> bool:
        # Ray starts anew when it is asked for anything after it was shut down; and whoever did so may have, too.
        return bool(ray.is_initialized()) and _name(ray) == self.name

    def is_gone(self) -> bool:
        host, _, port = self.address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _CONNECTING).close()
        except OSError:
            return True
        return False


class _Sessions:
    """Who uses Ray in this process; the last one shuts down what the first one started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: _Session | None = None

    def enter(self, ray: Any, address: str | None) -> _Session:
        with self._lock:
            if self._current is None or not self._current.is_up(ray):
                is_ours = not ray.is_initialized()
                if is_ours:
                    _connect(ray, address)
                self._current = _Session(ray, is_ours)
            self._current.users += 1
            return self._current

    def leave(self, ray: Any, session: _Session) -> None:
        with self._lock:
            session.users -= 1
            if session.users == 0 and session.is_ours and session.is_up(ray):
                ray.shutdown()

    def look(self, ray: Any, session: _Session) -> None:
        """Leave a cluster that is gone: Ray would wait for it, and end this process after a minute."""
        with self._lock:
            if session.is_ours and session.is_up(ray) and session.is_gone():
                session.end = session.gone
                ray.shutdown()


_SESSIONS = _Sessions()


def _imported() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise ImportError('this needs Ray: pip install "phago[ray]"') from error


def _connect(ray: Any, address: str | None) -> None:
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if is_main else None
    ray.init(address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    if before is not None:
        # Ray sets one of its own; what this signal means is for the program to say.
        signal.signal(signal.SIGTERM, before)


def _name(ray: Any) -> tuple[str, str]:
    # Every cluster numbers its jobs from 1; its machines have names of their own.
    context = ray.get_runtime_context()
    return str(context.get_node_id()), str(context.get_job_id())


def _cores(ray: Any) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _emptiest(machines: list[dict[str, Any]], taken: list[str]) -> str:
    alive: dict[str, float] = {
        machine["NodeID"]: machine["Resources"].get("CPU", 0.0) for machine in machines if machine["Alive"]
    }
    # A machine without cores for Ray has none for us, unless there is no other.
    cores = {machine: count for machine, count in alive.items() if count > 0} or dict.fromkeys(alive, 1.0)
    if not cores:
        raise ConnectionError("the Ray cluster has no machine that is alive")
    return min(cores, key=lambda machine: ((taken.count(machine) + 1) / cores[machine], machine))


def _cause(error: Exception) -> str:
    return " ".join(_COLOURS.sub("", str(error)).split()) or type(error).__name__
