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
        self.edges = {}
        self.digested = {}
        # What each document that stands is made of, and what it wired; what those wired that were deleted since.
        self.counts = {}
        self.wired = {}
        self.unwiring = []
        # By node: the documents that wired it and stand; times it was used.
        self.wirings = Counter()
        self.uses = Counter()
        self.reinforcing = []

    @property
    def nodes(self):
        return {node for node, count in self.wirings.items() if count}

    def ingest(self, key, text):
        counts = Counter(_phago.concept_id(word) for word in text.split())
        self.df.update(counts.keys())
        self.documents += 1
        self.counts[key] = counts
        self.backlog[self.tick + 1, _phago.document_id(key)] = (key, counts, len(text.encode()))

    def delete(self, key):
        self.documents -= 1
        self.df.subtract(self.counts.pop(key).keys())
        self.backlog = {place: entry for place, entry in self.backlog.items() if entry[0] != key}
        self.reinforcing = [one for one in self.reinforcing if one[0] != key]
        if key in self.digested:
            self.unwiring.append((self.digested.pop(key), self.wired.pop(key)))

    def reinforce(self, key, path):
        """A path: pairs of a concept and the words that led to it."""
        self.reinforcing.append((key, path))

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
        self.call_back()
        self.forget(now)
        met = Counter()
        for key, counts, _ in granted:
            chosen = self.wired[key] = self.salient(counts)
            self.wirings.update(chosen)
            met.update((a, b) for a in chosen for b in chosen if a != b)
        for pair, times in met.items():
            old = self.edges.get(pair, Synapse(0, now, now, 0))
            weight = math.floor(self.weight(old, now) * ONE + 0.5) + times * GAIN
            self.edges[pair] = replace(
                old, weight=min(weight, ONE), last=now, co_activations=old.co_activations + times
            )
        self.strengthen(now)
        # Without a time to mature, one may be under the threshold from its first moment.
        self.forget(now)
        self.cap(now)

    def call_back(self):
        for (source, target), synapse in list(self.edges.items()):
            gone = sum(
                tick >= synapse.created and source in chosen and target in chosen for tick, chosen in self.unwiring
            )
            left = synapse.co_activations - gone
            if left:
                weight = synapse.weight * left // synapse.co_activations
                self.edges[source, target] = replace(synapse, weight=weight, co_activations=left)
            else:
                del self.edges[source, target]
        for _, chosen in self.unwiring:
            self.wirings.subtract(chosen)
        self.unwiring = []
        # A node that has left is forgotten, also where one of its name comes in this very tick.
        self.uses = Counter({node: count for node, count in self.uses.items() if self.wirings[node]})

    def strengthen(self, now):
        gain = math.floor(self.config.reinforcement_gain * ONE + 0.5)
        for _, path in self.reinforcing:
            steps = [(_phago.concept_id(label), list(map(_phago.concept_id, words))) for label, words in path]
            used = {node for concept, words in steps for node in (concept, *words)}
            self.uses.update(used & self.nodes)
            pairs = {(word, concept) for concept, words in steps for word in words}
            for pair in (pairs | {(concept, word) for word, concept in pairs}) & self.edges.keys():
                weight = math.floor(self.weight(self.edges[pair], now) * ONE + 0.5) + gain
                self.edges[pair] = replace(self.edges[pair], weight=min(weight, ONE), last=now)
        self.reinforcing = []

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
