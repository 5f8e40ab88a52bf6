"""An answer as plainly as it can be written: every document is scored, nothing is kept between questions.

It follows "How is a question answered?" in ARCHITECTURE.md, part by part, and knows no shards, no candidates, no
postings and no numbers for words. It reads texts of words that are their own stems, with sentences that begin with a
capital letter and end with a stop. What the graph says of two concepts is given to it, as the graph has an oracle of
its own (`naive.py`).
"""

import functools
import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass

from phago import _phago

K1, B = 1.5, 0.75
# They count without a place, and weigh a tenth in a question.
FUNCTION_WORDS, FUNCTION_SHARE = {"the", "of", "and", "in"}, 0.1
PASSAGE_CHARS, MENTION_WORDS, TITLE_WORDS = 600, 8, 32
# Between a title and its text no title goes on, and neither over a word that no document has.
BREAK = None

concept_id = functools.cache(_phago.concept_id)


class CloseCallError(Exception):
    """Two values differ by no more than rounding, and which is the larger decides what comes next."""


def total(values):
    """A sum from left to right: `sum` itself adds otherwise from Python 3.12 on."""
    result = 0.0
    for value in values:
        result += value
    return result


def apart(one, other):
    if one != other and math.isclose(one, other, rel_tol=1e-12):
        raise CloseCallError
    return one != other


def strongest(items, most, value, id):
    """The `most` items of the highest values, ties by id."""
    ranked = sorted(items, key=lambda item: (-value(item), id(item)))
    if len(ranked) > most:
        apart(value(ranked[most - 1]), value(ranked[most]))
    return ranked[:most]


def first_of_best(values):
    best = 0
    for at, value in enumerate(values):
        if apart(value, values[best]) and value > values[best]:
            best = at
    return best


# --- texts -------------------------------------------------------------------------------------------------------


def all_words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def words_of(text):
    return [word for word in all_words(text) if word not in FUNCTION_WORDS]


def functions_of(text):
    return Counter(word for word in all_words(text) if word in FUNCTION_WORDS)


WIDE = str.maketrans("\uff08\uff09\uff3b\uff3d\uff5b\uff5d", "()[]{}")


def without_brackets(title):
    """A title without what is in brackets, wide ones too; all of it, if that is all."""
    left = title.translate(WIDE)
    while (shorter := re.sub(r"[(\[{][^()\[\]{}]*[)\]}]", " ", left)) != left:
        left = shorter
    return left if all_words(left) else title


def sentences(text):
    """Where all but the first begin."""
    return [match.end() for match in re.finditer(r"[.!?]\s+", text)]


def cuts(text):
    """Where passages begin, and the end: each has as many whole sentences as fit, or of a longer one as many words."""
    found = [0]
    while (rest := len(text) - found[-1]) > PASSAGE_CHARS:
        most = found[-1] + PASSAGE_CHARS
        fit = [at for at in sentences(text) if found[-1] < at <= most]
        found.append(fit[-1] if fit else word_boundary(text, most))
    return [*found, len(text)] if rest else found


def passages(text):
    found = [trimmed(text, start, end) for start, end in itertools.pairwise(cuts(text))]
    return [(start, end) for start, end in found if start < end]


def word_boundary(text, at):
    while text[at - 1].isalnum() and text[at].isalnum():
        at -= 1
    return at


def trimmed(text, start, end):
    inner = text[start:end].strip()
    start += text[start:end].find(inner)
    return start, start + len(inner)


def weight_of(count):
    return 1 + math.log(count)


def norm(counts):
    return math.sqrt(total(weight_of(count) ** 2 for count in sorted(counts.values())))


class Text:
    """A document as questions read it."""

    def __init__(self, key, title, text, thread=None, place=None):
        self.key, self.text, self.title = key, text, title
        self.thread, self.place = thread, place
        self.id = _phago.document_id(key)
        self.title_words = words_of(title)
        self.name = tuple(words_of(without_brackets(title))[:TITLE_WORDS])
        self.words = self.title_words + words_of(text)
        self.functions = functions_of(f"{title} {text}")
        self.counts = Counter(self.words) + self.functions
        self.norm = norm(Counter(self.words))
        self.passages = passages(text)
        self.passage_words = [words_of(text[start:end]) for start, end in self.passages]

    @property
    def speaker(self):
        """The words of the name that a turn begins with: up to three, a colon and a space."""
        name = re.match(r"\s*([^\W\d_]\w*(?: \w+){0,2}):\s", self.text)
        return words_of(name[1]) if name and "_" not in name[1] else []

    def spoken(self, start, end):
        """Some of its words, with a break where the title ends."""
        edge = min(max(len(self.title_words), start), end)
        return [*self.words[start:edge], BREAK, *self.words[edge:end]]


# --- answers -----------------------------------------------------------------------------------------------------


@dataclass
class Seed:
    """A document that lights up concepts, by all of its words or by its best stretch."""

    text: Text
    weight: float
    words: list

    def __post_init__(self):
        self.counts = Counter(word for word in self.words if word is not BREAK)
        self.norm = norm(self.counts)

    def speaks_of(self, word):
        return weight_of(self.counts[word]) / self.norm if word in self.counts else 0.0


@dataclass
class Scored:
    """What a document is worth to a question."""

    text: Text
    lexical: float
    concepts: float
    bridge: float
    context: float

    @property
    def score(self):
        return self.lexical + self.concepts + self.bridge + self.context


class Corpus:
    """Documents that stand, and their statistics. `edges` gives the weight of a synapse for a pair of concept ids."""

    def __init__(self, documents, edges=None, nodes=()):
        self.texts = [
            Text(one["id"], one.get("title", ""), one["text"], one.get("thread"), one.get("place")) for one in documents
        ]
        self.df = Counter(word for text in self.texts for word in text.counts)
        self.mean_length = total(len(text.words) for text in self.texts) / max(len(self.texts), 1)
        self.edges, self.nodes = edges or {}, nodes
        self.word_of = {concept_id(word): word for word in self.df}

    def idf(self, word):
        return math.log(1 + (len(self.texts) - self.df[word] + 0.5) / (self.df[word] + 0.5))

    def weight(self, word):
        """What a word weighs in a question."""
        return self.idf(word) * (FUNCTION_SHARE if word in FUNCTION_WORDS else 1.0)

    def window(self, text, reach):
        """A document and its neighbours, each with the steps between the two."""
        thread = [one for one in self.texts if one.thread == text.thread is not None]
        thread.sort(key=lambda one: (one.place, one.id))
        at = thread.index(text) if text in thread else 0
        return [(one, abs(place - at)) for place, one in enumerate(thread) if abs(place - at) <= reach]

    def row(self, word):
        pairs = ((pair[1], weight) for pair, weight in self.edges.items() if pair[0] == concept_id(word))
        return {self.word_of[target]: weight for target, weight in sorted(pairs) if target in self.word_of}

    def bm25(self, question, counts, length):
        """What each word of a question gives to a text of so many words."""
        long = K1 * (1 - B + B * length / (self.mean_length or 1))
        return {
            word: times * self.weight(word) * (K1 + 1) * counts[word] / (counts[word] + long)
            for word, times in question.items()
            if counts[word]
        }

    def name_mass(self, name):
        return total(self.idf(word) for word in name)

    def name_strength(self, name, ranking):
        full = ranking.name_mass * math.log(max(len(self.texts), 3))
        return min(1.0, self.name_mass(name) / full) ** ranking.name_power

    def mentioned(self, sequence, ranking):
        """The names that stand in a sequence of words, each with the documents that bear it."""
        runs = {
            tuple(sequence[at : at + length]) for length in range(1, MENTION_WORDS + 1) for at in range(len(sequence))
        }
        bearers = {}
        for text in self.texts:
            if 0 < len(text.name) <= MENTION_WORDS and text.name in runs:
                bearers.setdefault(text.name, []).append(text)
        return {name: texts for name, texts in bearers.items() if len(texts) <= ranking.bearers_max}

    def search(self, question):
        """By words alone: (document, score), best first."""
        asked = Answer.words_in(self, question)[1]
        scores = {text: total(self.bm25(asked, text.counts, len(text.words)).values()) for text in self.texts}
        found = [(text, score) for text, score in scores.items() if score > 0]
        return sorted(found, key=lambda one: (-one[1], one[0].id))

    def concepts(self, question):
        """Concepts near a question by the ids of their nodes: its own words, and what they are wired to.

        A word of deleted documents is a concept until the next tick.
        """
        scores = Counter()
        for word in sorted(set(words_of(question)), key=concept_id):
            if concept_id(word) in self.nodes:
                scores[concept_id(word)] += self.idf(word)
                for (source, target), weight in self.edges.items():
                    if source == concept_id(word):
                        scores[target] += self.idf(word) * weight
        return scores


class Answer:
    """Everything that a question means to a corpus, worked out in the order in which it is described."""

    def __init__(self, corpus, question, ranking):
        self.corpus, self.ranking = corpus, ranking
        # In the order of their first words; and those that stand in some document, in the order of their ids.
        self.asked, self.words = self.words_in(corpus, question)
        self.content = self.words.keys() - FUNCTION_WORDS
        self.mass = total(times * corpus.weight(word) for word, times in self.words.items())
        asked = [words_of(question), [BREAK], all_words(question)]
        self.sequence = [word if corpus.df[word] else BREAK for part in asked for word in part]
        self.scale()
        self.choose_seeds()
        self.light()
        self.bridge()

    @staticmethod
    def words_in(corpus, question):
        asked = Counter(all_words(question))
        known = sorted((word for word in asked if corpus.df[word]), key=concept_id)
        # Function words answer alone only where there are no others.
        if asked.keys() - FUNCTION_WORDS and not set(known) - FUNCTION_WORDS:
            known = []
        return asked, {word: asked[word] for word in known}

    def hits(self):
        """All documents that have something of the question, best first."""
        if not self.seeds:
            return []
        scored = [self.scored(text) for text in self.corpus.texts]
        return sorted((one for one in scored if one.score > 0), key=lambda one: (-one.score, one.text.id))

    def scored(self, text):
        concepts, bridge = total(self.shares(text).values()), total(self.bridges_to(text))
        by_neighbors, speaker = self.carried(text)
        return Scored(text, self.lexical[text], concepts, bridge, total(by_neighbors.values()) + speaker)

    # --- lexical ---

    def covered(self, counts, length):
        """BM25 times a power of the share of the question that is met; and what each word gives to it."""
        gains = self.corpus.bm25(self.words, counts, length)
        met = total(self.words[word] * self.corpus.weight(word) for word in gains)
        factor = (met / self.mass) ** self.ranking.coverage_power if gains else 0.0
        return total(gains.values()) * factor, {word: gain * factor for word, gain in gains.items()}

    def evidence(self, text):
        """By words alone: of the whole, and for a text of several passages also of the best one with the title."""
        whole, by_word = self.covered(text.counts, len(text.words))
        share = self.ranking.passage_share
        if len(text.passages) < 2 or not by_word or not share:
            return whole, by_word
        parts = [text.title_words + words for words in text.passage_words]
        of_parts = [self.covered(Counter(words) + text.functions, len(words)) for words in parts]
        best, by_word_there = of_parts[first_of_best([covered for covered, _ in of_parts])]
        blended = {word: (1 - share) * gain + share * by_word_there.get(word, 0.0) for word, gain in by_word.items()}
        return (1 - share) * whole + share * best, blended

    def title_share(self, text):
        """How much of the question stands in the title, times how much of the title that explains."""
        idf, name = self.corpus.idf, sorted(set(text.name), key=text.name.index)
        met = [word for word in name if word in self.words]
        if not met:
            return 0.0
        explained = total(idf(word) for word in met)
        rest = total(idf(word) for word in name if word not in self.words)
        asked = total(self.words[word] * idf(word) for word in met)
        return asked / self.mass * explained / (explained + rest)

    def named(self, text):
        """How much the question names the document by its whole title."""
        if text not in self.names.get(text.name, ()):
            return 0.0
        share = min(1.0, self.ranking.name_share * self.corpus.name_mass(text.name) / self.mass)
        return self.corpus.name_strength(text.name, self.ranking) * share

    def raw(self, text):
        titles = self.ranking.title_weight * self.title_share(text) + self.ranking.named_weight * self.named(text)
        return self.evidences[text][0] / self.best + titles

    def scale(self):
        """The best by words is worth 1; then so is the best by words and titles."""
        self.names = self.corpus.mentioned(self.sequence, self.ranking)
        self.evidences = {text: self.evidence(text) for text in self.corpus.texts}
        self.best = max((covered for covered, _ in self.evidences.values()), default=0.0)
        raw = {text: self.raw(text) for text in self.corpus.texts} if self.best else {}
        self.top = max(raw.values(), default=0.0)
        self.lexical = {text: value / self.top for text, value in raw.items()}

    # --- seeds ---

    def choose_seeds(self):
        """The few best by words and titles, each with a power of its standing for its weight."""
        self.seeds = []
        if not self.best:
            return
        having = [text for text in self.corpus.texts if any(word in text.counts for word in self.words)]
        few = strongest(having, self.ranking.seeds_max, self.lexical.get, lambda text: text.id)
        for text in few:
            weight = (self.lexical[text] / self.lexical[few[0]]) ** self.ranking.seed_power
            if apart(weight, self.ranking.seed_floor) and weight < self.ranking.seed_floor:
                continue
            self.seeds.append(Seed(text, weight, self.stretch(text)))
        all_weights = total(seed.weight for seed in self.seeds)
        for seed in self.seeds:
            seed.weight /= all_weights

    def stretch(self, text):
        """What a seed says: all of it, or the stretch that has most of the question. Each overlaps half of the last."""
        most, length = self.ranking.stretch_words_max, len(text.words)
        starts = [0]
        while starts[-1] + most < length:
            starts.append(starts[-1] + math.ceil(most / 2))
        asked = [{*self.words} & {*text.words[at : at + most]} for at in starts]
        masses = [
            total(times * self.corpus.idf(word) for word, times in self.words.items() if word in words)
            for words in asked
        ]
        best = first_of_best(masses)
        # Sums of other logarithms that are equal here differ elsewhere by the last bit.
        if any(words != asked[best] and mass == masses[best] for words, mass in zip(asked, masses, strict=True)):
            raise CloseCallError
        start = starts[best]
        return text.spoken(start, min(start + most, length))

    # --- concepts ---

    def light(self):
        """The strongest words of the seeds, and with a hop also what the question's words are wired to."""
        self.lit, self.hops, self.full, self.worth = {}, {}, 0.0, 0.0
        if not self.seeds:
            return
        ranking, corpus = self.ranking, self.corpus
        strengths = {}
        for word in {word for seed in self.seeds for word in seed.counts}:
            given = total(seed.weight * seed.speaks_of(word) for seed in self.seeds) * corpus.idf(word)
            strengths[word] = given * (ranking.own_share if word in self.words else 1.0)
        # One document alone leads nowhere, and all of them everywhere.
        few = range(2, len(corpus.texts))
        strengths = {word: given for word, given in strengths.items() if given > 0 and corpus.df[word] in few}
        self.lit = self.keep(strengths)
        if ranking.hop_share:
            self.hop(ranking.hop_share * total(self.lit.values()))
        self.full = self.activation(self.seeds[0].text)
        news = total(seed.weight * len(seed.counts.keys() - self.words.keys()) for seed in self.seeds)
        asked = len(self.content)
        known = ranking.concepts_evidence + asked * max(1.0, asked / ranking.concepts_question)
        self.worth = ranking.concepts_weight * news / (news + known)

    def keep(self, strengths):
        kept = strongest(strengths, self.ranking.concepts_max, strengths.get, concept_id)
        return {word: strengths[word] for word in sorted(kept, key=concept_id)}

    def hop(self, strength):
        """From the question's words over their synapses to other words of several documents."""
        gains = {}
        for word, times in self.words.items():
            for target, weight in self.corpus.row(word).items():
                if target not in self.words and self.corpus.df[target] > 1:
                    gains[target, word] = times * self.corpus.idf(word) * weight
        every = total(gains.values())
        gains = {pair: strength * gain / every for pair, gain in gains.items()} if every else {}
        strengths = Counter(self.lit)
        for (target, _), gain in gains.items():
            strengths[target] += gain
        self.lit = self.keep(strengths)
        self.hops = {pair: gain for pair, gain in gains.items() if pair[0] in self.lit}

    def lights(self, text):
        """What each lit concept has to do with a document."""
        found = {word: strength for word, strength in self.lit.items() if word in text.counts}
        return {
            word: strength * self.corpus.idf(word) * weight_of(text.counts[word]) / text.norm
            for word, strength in found.items()
        }

    def activation(self, text):
        return total(self.lights(text).values())

    def shares(self, text):
        """The concept part by concept: no document has more than the best seed."""
        activation = self.activation(text)
        if not (activation and self.full and self.worth):
            return {}
        part = self.worth * min(1.0, activation / self.full) ** self.ranking.concepts_power
        return {word: part * light / activation for word, light in self.lights(text).items()}

    def straight(self, concept):
        """The share of a concept's strength that came from the question's words without a seed, by word."""
        return {word: gain / self.lit[concept] for (target, word), gain in self.hops.items() if target == concept}

    def by_seed(self, concept):
        """The shares of a concept's strength by the seeds that lit it."""
        lights = {seed.text.key: seed.weight * seed.speaks_of(concept) for seed in self.seeds}
        every = total(lights.values())
        seeded = 1 - total(self.straight(concept).values())
        return {key: seeded * light / every for key, light in lights.items() if light > 0}

    def by_word(self, concept):
        """The same shares by the question's words that found the seeds, or hopped."""
        shares, texts = Counter(self.straight(concept)), {seed.text.key: seed.text for seed in self.seeds}
        for key, share in self.by_seed(concept).items():
            gains = self.corpus.bm25(self.words, texts[key].counts, len(texts[key].words))
            for word, gain in gains.items():
                shares[word] += share * gain / total(gains.values())
        return shares

    # --- bridges ---

    def bridge(self):
        """The names that seeds mention, but for those that are their own."""
        self.mentions = []
        for seed in self.seeds if self.ranking.bridge_weight else ():
            names = self.corpus.mentioned(seed.words, self.ranking)
            self.mentions.append((seed, {name for name in names if name != seed.text.name}))

    def bridging(self, text):
        """(seed, points) for each seed that mentions the document's title, the best seed first."""
        points = self.ranking.bridge_weight * self.corpus.name_strength(text.name, self.ranking)
        return [(seed, points * seed.weight) for seed, names in self.mentions if text.name in names]

    def bridges_to(self, text):
        return [points for _, points in self.bridging(text)]

    # --- context ---

    def carried(self, text):
        """The points of each neighbour, and those for a speaker whom the question names."""
        window = self.corpus.window(text, self.ranking.context_reach)
        if not window:
            return {}, 0.0
        full = self.ranking.context_reach + 1
        weights = {one: (full - steps) / full for one, steps in window}
        if not any(word in one.counts for one in weights if one is not text for word in self.words):
            weights = {text: 1.0}
        counts = Counter()
        for one, weight in weights.items():
            counts.update({word: weight * count for word, count in one.counts.items()})
        length = total(weight * len(one.words) for one, weight in weights.items()) / total(weights.values())
        alone, covered = self.covered(text.counts, len(text.words))[0], self.covered(counts, length)[0]
        named = 1 + self.ranking.speaker_weight if any(word in self.words for word in text.speaker) else 1
        unit = self.ranking.context_weight / (self.best * self.top)
        points = [max(0.0, covered * factor - alone) * unit for factor in (1, named)]
        gains = self.corpus.bm25(self.words, counts, length)
        parts = {
            one.key: total(gain * weight * one.counts[word] / counts[word] for word, gain in gains.items())
            for one, weight in weights.items()
            if one is not text
        }
        gained = total(parts.values())
        by_neighbors = {key: points[0] * part / gained for key, part in parts.items() if part and points[0]}
        return by_neighbors, points[1] - points[0]

    # --- the passage ---

    def span(self, text):
        """The passage that has most of the question and, worth half as much, of the lit concepts."""
        if len(text.passages) < 2:
            return trimmed(text.text, 0, len(text.text))
        idf = self.corpus.idf
        worth = {word: strength * idf(word) for word, strength in self.lit.items()}
        highest, mean = max(worth.values(), default=0.0) or 1.0, self.mass / max(len(self.content), 1)
        worth = {word: value / highest * 0.5 * mean for word, value in worth.items()}
        worth.update({word: times * idf(word) for word, times in self.words.items()})

        def of(words):
            counts = Counter(word for word in words if word in worth)
            return total(worth[word] * count / (count + 0.5) for word, count in counts.items())

        return text.passages[first_of_best([of(words) for words in text.passage_words])]
