"""Agents and a history with everything that lives in a colony, for tests of one digest."""

import random

import phago
from phago.agents import ViewNode

__all__ = ["Curator", "Herd", "history", "stream"]


class Curator(phago.Agent):
    """Walks to where most is signalled, leaves traces, bears another one, sleeps, dies."""

    state = {"energy": int, "home": phago.Concept, "luck": float, "has_slept": bool}

    def sense(self, view):
        self.energy -= 1
        self.luck = view.random()
        near = view.neighbors(self.home)
        if self.energy <= 0:
            # Too young for it, it lives on.
            return [phago.Dissolve(*near, *([] if self.home is None else [self.home]))]
        if not near:
            return [phago.Die()]
        here = max(near, key=lambda node: (node.signal("interest"), node.weight, node.id))
        assert isinstance(here, ViewNode)
        done = [phago.Move(here), phago.Trace("visit"), phago.Prefer(here, 0.5)]
        if self.luck < 0.2:
            done.append(phago.Spawn(energy=3))
        if self.luck > 0.8:
            self.has_slept = True
            done.append(phago.Sleep(2))
        return done


class Herd(phago.AgentArray):
    """Grazes where it is, and a part of it starves."""

    columns = {"home": "concept", "energy": "i8", "weight": "f8", "is_full": "?"}

    def sense(self, view, rows, deeds):
        chance = view.random()
        rows.energy -= 1
        rows.weight += chance
        rows.is_full = rows.weight > 2
        rows.home = view.walk(self.kind, rows.home, "interest", 0.3)
        deeds.trace("grazed", rows.home, 0.25)
        deeds.end((rows.energy <= 0) | (chance < 0.02))


def stream(ticks, documents=6, seed=5, shift=None):
    """Documents of a few topics, tick by tick; from `shift` on, every document has two words more."""
    chance = random.Random(seed)
    for tick in range(ticks):
        chunk = []
        for number in range(documents):
            topic = chance.randrange(4)
            words = [f"t{topic}w{chance.randrange(10)}x" for _ in range(6)]
            words += [f"common{chance.randrange(60)}y" for _ in range(8)]
            if shift is not None and tick >= shift:
                words += ["alertword", "sirenword"]
            chunk.append({"id": f"d{tick}-{number}", "text": " ".join(words)})
        yield chunk


def history(colony, ticks=12):
    """Signals, surveys, agents of both kinds, updates and deletes. Returns the digest after each tick."""
    digests = []
    for tick, chunk in enumerate(stream(ticks)):
        colony.ingest(chunk)
        if tick == 1:
            colony.emit("interest", "t1w3x", 4.0)
            colony.emit("worn", "t2w3x", 0.5, of="trace")
        if tick == 2:
            colony.spawn(Curator, count=5, energy=[4, 5, 6, 7, 8], home="t0w1x")
            colony.spawn(Herd, count=7, energy=6, home=["t1w1x", "t2w2x", None, "t3w1x", "t0w4x", "t1w2x", "t1w3x"])
        if tick == 3:
            colony.pin("t1w3x")
            colony.pin("t2w2x")
        if tick in (4, 9):
            colony.survey()
        if tick == 6:
            colony.delete("d1-2")
            colony.unpin("t2w2x")
            colony.update({"id": "d2-1", "text": "t1w1x t1w2x t1w3x anew"})
            colony.spawn(Curator, count=2, energy=3, home="t2w1x")
        colony.tick()
        digests.append(colony.digest())
    return digests
