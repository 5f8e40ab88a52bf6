"""The colony as plainly as it can be written: dictionaries, one loop, every synapse looked at in every tick."""

import math
from collections import Counter
from dataclasses import dataclass, replace

from phago import _phago

ONE = 2**24
GAIN = 1_677_722  # 0.1 in units of 2^-24


@dataclass(frozen=True)
class Synapse:
    weight: int
    created: int
    last: int
    co_activations: int


class NaiveColony:
    """Takes texts of words that are their own stems and no stop words."""

    def __init__(self, config):
        self.config = config
        self.tick = 0
        self.backlog = {}
        self.documents = 0
        self.df = Counter()
        self.nodes = set()
        self.edges = {}
        self.digested = {}

    def ingest(self, key, text):
        counts = Counter(_phago.concept_id(word) for word in text.split())
        self.df.update(counts.keys())
        self.documents += 1
        self.backlog[self.tick + 1, _phago.document_id(key)] = (key, counts, len(text.encode()))

    def weight(self, synapse, now):
        config = self.config
        s = now - synapse.last
        mature = max(synapse.last, synapse.created + config.maturation_ticks)
        loss = config.edge_decay_rate * s
        if now > mature:
            f = config.staleness_factor / (1 + 0.5 * synapse.co_activations)
            loss = config.edge_decay_rate * (s + f * (s * s - (mature - synapse.last) ** 2) / 200)
        return synapse.weight / ONE * math.exp(-loss)

    def grant(self):
        granted, size = [], 0
        for entry in sorted(self.backlog):
            size += self.backlog[entry][2]
            full = len(granted) >= self.config.documents_per_tick or size > self.config.bytes_per_tick
            if full and granted:
                break
            granted.append(self.backlog[entry])
        return granted

    def salient(self, counts):
        def salience(item):
            node, count = item
            idf = math.log(1 + (self.documents - self.df[node] + 0.5) / (self.df[node] + 0.5))
            return -(1 + math.log(count)) * idf, node

        ranked = sorted(counts.items(), key=salience)
        return [node for node, _ in ranked[: self.config.concepts_per_document]]

    def step(self):
        granted = self.grant()
        self.tick += 1
        now = self.tick
        for place in [place for place, (key, *_) in self.backlog.items() if any(key == one[0] for one in granted)]:
            self.digested[self.backlog.pop(place)[0]] = now
        self.forget(now)
        met = Counter()
        for _, counts, _ in granted:
            chosen = self.salient(counts)
            self.nodes.update(chosen)
            met.update((a, b) for a in chosen for b in chosen if a != b)
        for pair, times in met.items():
            old = self.edges.get(pair, Synapse(0, now, now, 0))
            weight = math.floor(self.weight(old, now) * ONE + 0.5) + times * GAIN
            self.edges[pair] = replace(
                old, weight=min(weight, ONE), last=now, co_activations=old.co_activations + times
            )
        # Without a time to mature, one may be under the threshold from its first moment.
        self.forget(now)
        self.cap(now)

    def forget(self, now):
        self.edges = {pair: synapse for pair, synapse in self.edges.items() if self.lives(synapse, now)}

    def lives(self, synapse, now):
        mature = now >= synapse.created + self.config.maturation_ticks
        return not mature or self.weight(synapse, now) >= self.config.edge_prune_threshold

    def cap(self, now):
        rows = {}
        for (source, target), synapse in self.edges.items():
            rows.setdefault(source, []).append((target, synapse))

        def rank(item):
            target, synapse = item
            return (
                -self.weight(synapse, now),
                self.df[target],
                -synapse.co_activations,
                -synapse.last,
                target,
            )

        for source, row in rows.items():
            for target, _ in sorted(row, key=rank)[self.config.max_edge_degree :]:
                del self.edges[source, target]

    def graph(self):
        """As `support.edges_of`."""
        return {
            pair: (self.weight(one, self.tick), one.co_activations, one.created, one.last)
            for pair, one in self.edges.items()
        }
