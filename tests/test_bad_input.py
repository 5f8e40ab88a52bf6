"""What is refused is refused by name, and leaves no trace."""

import collections
import datetime
import types

import numpy as np
import phago
import pytest
from phago import _phago
from phago._intake import CHUNKS, chunks
from support import cluster, words, world_digest

MIB = 2**20
LONE = "a lone \ud800 surrogate"


@pytest.fixture
def colony():
    with phago.Colony(2) as made:
        made.ingest([{"id": "a", "title": "Cells", "text": "ions cross"}, "a text without an id"])
        made.run()
        yield made


class Untouched:
    """Asserts that the colony is, to the byte, what it was."""

    def __init__(self, colony):
        self.colony = colony

    def facts(self):
        colony = self.colony
        return colony.digest(), len(colony), colony.stats().pending, colony.stats().terms, colony.query("ions").items

    def __enter__(self):
        self.before = self.facts()

    def __exit__(self, kind, *_):
        if kind is None:
            assert self.facts() == self.before


class Text(str):
    __slots__ = ()


class Shape:
    """Not a Document, and shaped like one."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


class Raising:
    text = "fine"

    @property
    def title(self):
        raise RuntimeError("of my own making")


# (what is given, the field at fault, what the reason says)
BAD = {
    "none": (None, "document", "NoneType"),
    "number": (5, "document", "int"),
    "float": (5.5, "document", "float"),
    "bool": (True, "document", "bool"),
    "bytes": (b"ions", "document", "bytes"),
    "bytearray": (bytearray(b"ions"), "document", "bytearray"),
    "list": (["ions"], "document", "list"),
    "set": ({"ions"}, "document", "set"),
    "class": (phago.Document, "document", "type"),
    "empty object": (object(), "document", "object"),
    "empty text": ("", "text", "blank"),
    "spaces": (" \n\t\r\f\v", "text", "blank"),
    "wide spaces": ("\u2003\u00a0\u3000\u2028", "text", "blank"),
    "empty mapping": ({}, "text", "missing"),
    "no text": ({"id": "b"}, "text", "missing"),
    "no text, title": ({"title": "b"}, "text", "missing"),
    "text none": ({"text": None}, "text", "missing"),
    "text number": ({"text": 5}, "text", "int"),
    "text bool": ({"text": True}, "text", "bool"),
    "text bytes": ({"text": b"ions"}, "text", "bytes"),
    "text list": ({"text": ["ions"]}, "text", "list"),
    "text and title blank": ({"text": " ", "title": "\n"}, "text", "blank"),
    "title number": ({"text": "ions", "title": 5}, "title", "int"),
    "title bool": ({"text": "ions", "title": False}, "title", "bool"),
    "title bytes": ({"text": "ions", "title": b"T"}, "title", "bytes"),
    "id number": ({"text": "ions", "id": 7}, "id", "int"),
    "id bool": ({"text": "ions", "id": True}, "id", "bool"),
    "id bytes": ({"text": "ions", "id": b"b"}, "id", "bytes"),
    "id empty": ({"text": "ions", "id": ""}, "id", "empty"),
    "id tuple": ({"text": "ions", "id": ("b",)}, "id", "tuple"),
    "id huge": ({"text": "ions", "id": "b" * 513}, "id", "513 bytes"),
    "id huge in utf-8": ({"text": "ions", "id": "é" * 257}, "id", "514 bytes"),
    "metadata list": ({"text": "ions", "metadata": ["b"]}, "metadata", "list"),
    "metadata with nan": ({"text": "ions", "id": "b", "metadata": {"year": float("nan")}}, "metadata", "`year`"),
    "metadata of an object": (Shape(text="ions", metadata={"year": {}}), "metadata", "dict"),
    "unknown key": ({"text": "ions", "author": "me"}, "author", "no field"),
    "unknown key of another case": ({"text": "ions", "Title": "me"}, "Title", "no field"),
    "unknown key that is no text": ({"text": "ions", 5: "me"}, "5", "no field"),
    "unknown key of great length": ({"text": "ions", "y" * 500: 1}, "y" * 80 + "...", "no field"),
    "unknown key of a class": ({"text": "ions", Text("autor"): "me"}, "autor", "no field"),
    "unknown key that no text can be": ({"text": "ions", "\ud800": 1}, "'\\ud800'", "no field"),
    "unknown key and no text": ({"body": "ions"}, "body", "no field"),
    "lone surrogate": (LONE, "text", "surrogate at index 7"),
    "lone low surrogate": ("\udfff", "text", "surrogate at index 0"),
    "lone surrogate in a mapping": ({"text": LONE}, "text", "surrogate"),
    "lone surrogate in a title": ({"text": "ions", "title": "\ud83d"}, "title", "surrogate"),
    "lone surrogate in an id": ({"text": "ions", "id": "\ud83d"}, "id", "surrogate"),
    "lone surrogate in a key": ({"text": "ions", "\ud83d": 1}, "'\\ud83d'", "no field"),
    "too long": ("x" * (16 * MIB + 1), "text", "16777217 bytes"),
    "too long in utf-8": ("é" * (8 * MIB + 1), "text", "16777218 bytes"),
    "too long with its title": ({"text": "x" * (16 * MIB - 4), "title": "title"}, "text", "16777217 bytes"),
    "user mapping without text": (collections.UserDict(id="b"), "text", "missing"),
    "empty id of a document": (phago.Document("ions", id=""), "id", "empty"),
    "object without text": (Shape(id="b", title="T"), "document", "Shape"),
    "object with a number": (Shape(text=5), "text", "int"),
    "document with a number": (phago.Document(5), "text", "int"),
    "document with a number for a title": (phago.Document("ions", title=5), "title", "int"),
    "blank document": (phago.Document("  "), "text", "blank"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_document_is_refused_by_name_and_leaves_no_trace(colony, bad):
    given, field, reason = bad
    with Untouched(colony):
        with pytest.raises(phago.InvalidDocument) as caught:
            colony.ingest(["good words", {"id": "g", "text": "more"}, given, "never seen"])
        error = caught.value
        assert isinstance(error, ValueError)
        assert (error.index, error.field) == (2, field)
        assert reason in error.reason
        assert error.report == phago.IngestReport()
        for part in ("document 2", f"`{field}`", "accept"):
            assert part in str(error)
        assert len(str(error)) < 2000
        if isinstance(given, dict) and isinstance(given.get("id"), str) and field != "id":
            assert error.id == given["id"]
        # Alone it is an error too, and not a sequence of documents.
        if not isinstance(given, list | set):
            with pytest.raises(phago.InvalidDocument) as alone:
                colony.ingest(given)
            assert alone.value.index == 0


def test_with_skip_the_rest_is_taken_and_the_rejected_are_listed(colony):
    mixed, expected = [], []
    for number, (name, (given, field, _)) in enumerate(BAD.items()):
        mixed += [{"id": f"good {number}", "text": f"{name} good{number}x"}, given]
        expected.append((2 * number + 1, field))
    report = colony.ingest(mixed, on_error="skip")
    assert report.accepted == len(BAD)
    assert report.unchanged == 0
    assert [(one.index, one.field) for one in report.rejected] == expected
    for one, (_, _, reason) in zip(report.rejected, BAD.values(), strict=True):
        assert reason in one.reason
    with phago.Colony(3) as other:
        other.ingest([{"id": "a", "title": "Cells", "text": "ions cross"}, "a text without an id"])
        other.run()
        other.ingest(mixed[::2])
        assert other.digest() == colony.digest()


GOOD = {
    "text": "plain text",
    "subclass of str": Text("a text of a class"),
    "nul": "before\0after",
    "only nul": "\0",
    "emoji": "\U0001f9ec",
    "astral": "\U00020000 \U0001f600\u200d\U0001f4bb",
    "right to left": "\u202eabc",
    "zalgo": "e" + "\u0301" * 5000,
    "stop words": "the of and",
    "bom": "\ufeff marked",
    "newlines": "a\r\nb\u2028c",
    "title alone": {"title": "A title", "text": ""},
    "id of 512 bytes": {"id": "b" * 512, "text": "long id"},
    "id with newlines": {"id": "a\nb\0c", "text": "odd id"},
    "id of spaces": {"id": " ", "text": "odd id too"},
    "id of 32 hex digits": {"id": "0" * 32, "text": "looks like an id"},
    "optional none": {"id": None, "title": None, "text": "nothing said", "metadata": None},
    "document": phago.Document("a document", id="doc", title="D"),
    "object": Shape(text="shaped", id="shape", title="S"),
    "named tuple": collections.namedtuple("Row", "text id title")("a row", "row", "R"),
    "mapping": types.MappingProxyType({"text": "a proxy", "id": "proxy"}),
    "chain": collections.ChainMap({"text": "a chain"}, {"id": "chain"}),
    "default": collections.defaultdict(str, text="a default"),
    "names made just now": {"".join(("te", "xt")): "not the same object", "".join(("i", "d")): "made"},
    "names of a class": {Text("text"): "equal to a name", Text("id"): "classy"},
    "a long word": "x" * 100_000,
    "many distinct words": " ".join(f"w{number}x" for number in range(100_000)),
    "numpy text": np.str_("of numpy"),
}


@pytest.mark.parametrize("given", GOOD.values(), ids=GOOD.keys())
def test_what_is_odd_and_text_is_taken_whole(given):
    with phago.Colony(3) as colony:
        assert colony.ingest([given]).accepted == 1
        assert colony.ingest([given]).unchanged == 1
        report = colony.run()
        assert report.digested + report.failed == 1
        assert len(colony) == 1
        assert colony.stats().pending == 0
        if isinstance(given, str):
            key, title, text = _phago.content_id("", given), "", str(given)
        else:
            read = given.get if hasattr(given, "get") else lambda name: getattr(given, name, None)
            key, title, text = read("id"), read("title") or "", read("text")
            key = key or _phago.content_id(title, text)
        stored = colony.get(key)
        assert (stored.title, stored.text) == (title, text)
        assert key in colony


def test_a_mapping_that_makes_what_it_lacks_is_not_asked_to(colony):
    given = collections.defaultdict(str, title="a title alone")
    with Untouched(colony), pytest.raises(phago.InvalidDocument, match="missing"):
        colony.ingest([given])
    assert given == {"title": "a title alone"}


def test_a_document_may_have_exactly_16_mib(colony):
    text = "word " * (16 * MIB // 5) + "x"
    assert len(text) == 16 * MIB
    assert colony.ingest({"id": "large", "text": text}).accepted == 1
    assert colony.run().digested == 1
    assert colony.get("large").text == text
    assert colony.query("word")[0].id == "large"


def test_a_document_may_have_a_million_different_words():
    with phago.Colony(2) as colony:
        # Letters alone: of letters and digits the parts are words as well.
        letters = str.maketrans("0123456789", "abcdefghij")
        many = " ".join(f"w{number:06}x".translate(letters) for number in range(1_000_000))
        with Untouched(colony), pytest.raises(phago.InvalidDocument) as caught:
            colony.ingest({"id": "key list", "text": f"{many} extra"})
        assert (caught.value.id, caught.value.field) == ("key list", "text")
        assert "1000000 different words" in caught.value.reason
        report = colony.ingest([f"{many} extra", "ions"], on_error="skip")
        assert (report.accepted, len(report.rejected)) == (1, 1)
        # Repetitions do not count.
        assert colony.ingest(f"{many} waaaaaax").accepted == 1
        assert colony.stats().terms > 900_000
        assert [hit.digested for hit in colony.query("waaaaaax")] == [None]


def test_an_id_that_is_anothers_content_is_taken(colony):
    unnamed = _phago.content_id("", "a text without an id")
    assert colony.get(unnamed).text == "a text without an id"
    with pytest.raises(phago.DocumentExists):
        colony.ingest({"id": unnamed, "text": "named like the other"})
    assert colony.get(unnamed).text == "a text without an id"
    assert len(colony) == 2


# --- chunks ------------------------------------------------------------------------------------------------------


# The first chunk, and those up to where they have become as large as they get.
FIRST, WHOLE = CHUNKS[0], sum(CHUNKS)


def good(number):
    return {"id": f"n{number}", "text": f"word{number}x"}


def test_a_chunk_with_a_bad_document_is_not_taken_and_those_before_it_are():
    documents = [good(number) for number in range(FIRST + 1500)]
    documents[FIRST + 700] = {"id": "bad", "text": 5}
    with phago.Colony(2) as colony:
        with pytest.raises(phago.InvalidDocument) as caught:
            colony.ingest(documents)
        assert (caught.value.index, caught.value.id, caught.value.field) == (FIRST + 700, "bad", "text")
        assert caught.value.report == phago.IngestReport(accepted=FIRST)
        assert len(colony) == FIRST
        assert f"n{FIRST - 1}" in colony
        assert f"n{FIRST}" not in colony
        documents[FIRST + 700] = good(FIRST + 700)
        assert colony.ingest(documents) == phago.IngestReport(accepted=1500, unchanged=FIRST)
        assert len(colony) == FIRST + 1500


def test_long_documents_come_in_smaller_chunks():
    long = "x" * (12 << 20)
    given = [long, {"text": long}, phago.Document(long), "short", "y" * (40 << 20), 5, long, long, long]
    assert [(first, len(chunk)) for first, chunk in chunks(given)] == [(0, 2), (2, 2), (4, 1), (5, 3), (8, 1)]
    last = CHUNKS[-1]
    sizes = [len(chunk) for _, chunk in chunks(good(number) for number in range(WHOLE + 2 * last + 1))]
    assert sizes == [*CHUNKS, last, last, 1]


def test_the_first_bad_document_in_order_is_the_one_that_is_named():
    documents = [good(number) for number in range(1000)]
    documents[900], documents[500], documents[700] = 5, {"text": ""}, {"id": "n3", "text": "other"}
    with phago.Colony(2) as colony:
        with pytest.raises(phago.InvalidDocument) as caught:
            colony.ingest(documents)
        assert caught.value.index == 500
        documents[500] = good(500)
        with pytest.raises((phago.InvalidDocument, phago.DocumentExists)) as caught:
            colony.ingest(documents)
        assert caught.value.index in (700, 900)
        assert len(colony) == 0


def test_skipping_works_in_every_chunk():
    documents = [good(number) for number in range(3500)]
    for at in (0, 999, 1000, 3499):
        documents[at] = {"id": f"bad{at}", "text": LONE}
    with phago.Colony(2) as colony:
        report = colony.ingest(iter(documents), on_error="skip")
        assert (report.accepted, report.unchanged) == (3496, 0)
        assert [(one.index, one.id) for one in report.rejected] == [(at, f"bad{at}") for at in (0, 999, 1000, 3499)]
        assert len(colony) == 3496


def test_an_iterable_that_raises_half_way_leaves_whole_chunks():
    def documents():
        for number in range(WHOLE + 400):
            yield good(number)
        raise RuntimeError("the source broke")

    with phago.Colony(2) as colony:
        with pytest.raises(RuntimeError, match="the source broke"):
            colony.ingest(documents())
        assert len(colony) == WHOLE
        with phago.Colony(1) as other:
            other.ingest(good(number) for number in range(WHOLE))
            assert other.digest() == colony.digest()
        with Untouched(colony), pytest.raises(ZeroDivisionError):
            colony.ingest(good(1 // (number - 5)) for number in range(10))


def test_an_error_of_the_callers_own_code_comes_through(colony):
    class Broken(collections.abc.Mapping):
        def __getitem__(self, key):
            raise OSError("not today")

        def __iter__(self):
            return iter(["text"])

        def __len__(self):
            return 1

    with Untouched(colony):
        with pytest.raises(RuntimeError, match="of my own making"):
            colony.ingest(["good", Raising()])
        for on_error in ("raise", "skip"):
            with pytest.raises(OSError, match="not today"):
                colony.ingest(["good", Broken()], on_error=on_error)


def test_no_documents_are_no_error(colony):
    with Untouched(colony):
        for nothing in ([], (), iter([]), set()):
            assert colony.ingest(nothing) == phago.IngestReport()


@pytest.mark.parametrize("bad", ["ignore", "", None, True, 1])
def test_what_to_do_on_errors_is_one_of_two_words(colony, bad):
    with Untouched(colony), pytest.raises(phago.ConfigError) as caught:
        colony.ingest(["good"], on_error=bad)
    assert (caught.value.field, caught.value.value) == ("on_error", bad)


# --- the same id -------------------------------------------------------------------------------------------------


def test_the_same_id_with_the_same_content_changes_nothing(colony):
    with Untouched(colony):
        for _ in range(3):
            assert colony.ingest({"id": "a", "title": "Cells", "text": "ions cross"}).unchanged == 1
        assert colony.ingest(["a text without an id"] * 5) == phago.IngestReport(unchanged=5)
        assert colony.run().digested == 0


@pytest.mark.parametrize(
    "other",
    [{"text": "other"}, {"title": "Cells", "text": "ions cross "}, {"title": "cells", "text": "ions cross"}],
    ids=["other text", "a space more", "another title"],
)
def test_the_same_id_with_other_content_names_update(colony, other):
    with Untouched(colony):
        with pytest.raises(phago.DocumentExists, match="update") as caught:
            colony.ingest(["good", {"id": "a", **other}])
        assert (caught.value.index, caught.value.id) == (1, "a")
        assert caught.value.report == phago.IngestReport()
    report = colony.ingest([{"id": "b", "text": "good"}, {"id": "a", **other}], on_error="skip")
    assert report.accepted == 1
    assert [(one.index, one.id, one.field) for one in report.rejected] == [(1, "a", "id")]


def test_the_same_id_twice_in_one_chunk_is_seen(colony):
    with Untouched(colony), pytest.raises(phago.DocumentExists) as caught:
        colony.ingest([{"id": "b", "text": "one"}, "good", {"id": "b", "text": "two"}])
    assert (caught.value.index, caught.value.id) == (2, "b")
    report = colony.ingest([{"id": "b", "text": "one"}, {"id": "b", "text": "one"}])
    assert (report.accepted, report.unchanged) == (1, 1)
    report = colony.ingest([{"id": "c", "text": "one"}, {"id": "c", "text": "two"}], on_error="skip")
    assert (report.accepted, len(report.rejected)) == (1, 1)
    assert colony.get("c").text == "one"


# --- questions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, -1, True, 1.5, "3", None, 2**31, 2**70])
def test_k_is_a_count(colony, k):
    with Untouched(colony), pytest.raises(phago.ConfigError) as caught:
        colony.query("ions", k=k)
    assert caught.value.field == "k"
    assert repr(k) in str(caught.value)


def test_k_may_be_larger_than_what_there_is(colony):
    assert [hit.id for hit in colony.query("ions", k=2**31 - 1)] == ["a"]
    assert len(colony.query("ions text", k=np.int64(1))) == 1


@pytest.mark.parametrize("text", [None, 5, b"ions", ["ions"], True])
def test_a_question_is_text(colony, text):
    with Untouched(colony), pytest.raises(TypeError, match="text"):
        colony.query(text)


def test_a_question_has_a_bound(colony):
    limit = 64 * 1024
    assert colony.query(("ions " * limit)[:limit])[0].id == "a"
    assert colony.query("é" * (limit // 2)).items == ()
    with Untouched(colony):
        for long in ("x" * (limit + 1), "é" * (limit // 2 + 1)):
            with pytest.raises(phago.LimitError) as caught:
                colony.query(long)
            assert caught.value.limit == limit
            assert caught.value.value == len(long.encode())
            assert str(limit) in str(caught.value)


def test_a_question_with_a_lone_surrogate_is_refused(colony):
    with Untouched(colony), pytest.raises(ValueError, match="surrogate"):
        colony.query(LONE)


@pytest.mark.parametrize("label", ["", " ", "nothing", "two words", "\0", "the", "x" * 100_000, "ions\0cross"])
def test_a_label_that_is_none_finds_nothing(colony, label):
    assert colony.graph.node(label) is None
    assert colony.graph.neighbors(label) == ()


@pytest.mark.parametrize("key", ["", "nothing", "\0", "0" * 32, "g" * 32])
def test_an_id_that_is_none_finds_nothing(colony, key):
    assert colony.get(key) is None
    assert key not in colony


@pytest.mark.parametrize("key", [None, 5, b"a", LONE, ["a"]])
def test_what_can_be_no_id_is_not_in_a_colony(colony, key):
    assert key not in colony


# --- settings and counts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [0, -1, 1025, True, 1.0, "2", 2**70])
def test_a_number_of_shards_out_of_range_is_refused(shards):
    for make in (phago.Colony, phago.Coordinator, phago.ConsistentHashRing):
        with pytest.raises(phago.ConfigError) as caught:
            make(shards)
        assert "shards" in caught.value.field


@pytest.mark.parametrize("ticks", [-1, True, 1.5, "3", 2**70])
def test_a_number_of_ticks_out_of_range_is_refused(colony, ticks):
    _, _, runner = cluster(1)
    with Untouched(colony):
        with pytest.raises(phago.ConfigError):
            colony.run(ticks)
        with pytest.raises(phago.ConfigError):
            colony.ticks(ticks)
    with pytest.raises(phago.ConfigError):
        runner.run_sync(ticks)
    assert runner.tick_sync().tick == 1


def test_what_is_iterated_over_later_is_refused_at_once(colony, tmp_path):
    with Untouched(colony), phago.connect(tmp_path / "shared") as shared:
        for one in (colony, shared):
            with pytest.raises(phago.ConfigError, match="`max_ticks`"):
                one.ticks(-1)
            with pytest.raises(phago.ConfigError, match="`now`"):
                one.ticks(now=datetime.datetime(2030, 1, 1))
            with pytest.raises(phago.ConfigError, match="`limit`"):
                one.documents(limit=-1)


@pytest.mark.parametrize("amount", [0, -0.0, -1.0, 70_000.0, float("nan"), "much", True, None])
def test_an_amount_out_of_range_is_refused_with_what_is_accepted(colony, tmp_path, amount):
    with Untouched(colony), phago.connect(tmp_path / "shared") as shared:
        for one in (colony, shared):
            with pytest.raises(phago.ConfigError) as caught:
                one.emit("interest", "word", amount)
            assert (caught.value.field, caught.value.accepted) == ("amount", "above 0, and at most 65536")


@pytest.mark.parametrize("name", ["", "x" * 65, "ü" * 33])
def test_a_name_of_no_mark_is_one_of_its_argument(colony, tmp_path, name):
    with Untouched(colony), phago.connect(tmp_path / "shared") as shared:
        for one in (colony, shared):
            for call in (lambda one=one: one.emit(name, "word"), lambda one=one: one.field(name, of="trace")):
                with pytest.raises(phago.ConfigError, match="accepted is a name of 1 to 64 bytes") as caught:
                    call()
                assert caught.value.field == "name"


@pytest.mark.parametrize("index", ["flour", float("nan"), 1.0, None])
def test_a_row_is_at_an_integer(colony, index):
    for rows in (colony.graph.nodes, colony.graph.edges):
        with pytest.raises(TypeError, match=f"`index` is an integer or a slice, not {type(index).__name__}"):
            rows[index]


def test_configs_of_the_wrong_class_are_refused():
    ring = phago.ConsistentHashRing(1)
    for make in (
        lambda: phago.Colony(config=phago.RunnerConfig()),
        lambda: phago.Colony(config={"seed": 1}),
        lambda: phago.Coordinator.with_config(phago.RunnerConfig()),
        lambda: phago.ShardedColony(0, phago.RunnerConfig(), ring),
        lambda: phago.ShardedColony(0, phago.ColonyConfig(), 3),
        lambda: phago.DistributedRunner(phago.Coordinator(1), [], {}),
    ):
        with pytest.raises(TypeError, match=r"config|ring"):
            make()


def test_bytes_that_are_no_batch_are_refused():
    ring = phago.ConsistentHashRing(2)
    shards = [phago.ShardedColony(at, phago.ColonyConfig(), ring) for at in range(2)]
    for at in range(8):
        document = {"id": f"d{at}", "text": " ".join(words(20))}
        shards[ring.get_shard(document["id"])].ingest_document(document)
    for phase in ("Sense", "Act"):
        for shard in shards:
            shard.tick_phase(phase)
    boxes = [shard.take_outbox() for shard in shards]
    batch = boxes[0][phago.ShardId(1)]
    data = batch.to_bytes()
    assert phago.Batch.from_bytes(data).nbytes == batch.nbytes
    refused = 0
    for at in range(len(data)):
        for wrong in (data[:at], data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]):
            try:
                shards[1].deliver(phago.Batch.from_bytes(wrong))
            except (phago.WireError, phago.BarrierFailed, phago.ShardNotFound):
                refused += 1
    # The sender's size of a batch is told and not used, so its bytes may say what they like. Nothing else may.
    assert refused >= 2 * len(data) - 9
    for wrong in (b"", b"\0" * 1000, b"\xff" * 1000):
        with pytest.raises(phago.WireError):
            phago.Batch.from_bytes(wrong)
    for box in boxes:
        for to, sent in box.items():
            shards[to].deliver(sent)
    for phase in ("Decay", "Advance"):
        for shard in shards:
            shard.tick_phase(phase)
    assert sum(shard.stats()["edges"] for shard in shards) == 20 * 19


def test_a_shard_refuses_what_a_colony_refuses():
    _, shards, runner = cluster(1)
    before = world_digest(runner)
    for given, field, reason in BAD.values():
        with pytest.raises(phago.InvalidDocument) as caught:
            shards[0].ingest_document(given)
        assert (caught.value.field, caught.value.index) == (field, 0)
        assert reason in caught.value.reason
    assert world_digest(runner) == before


def test_a_closed_colony_says_so():
    colony = phago.Colony(1)
    colony.ingest("words")
    graph = colony.graph
    colony.close()
    colony.close()
    for use in (
        lambda: colony.ingest("more"),
        colony.run,
        colony.tick,
        lambda: list(colony.ticks()),
        lambda: colony.query("words"),
        lambda: colony.get("a"),
        lambda: len(colony),
        lambda: "a" in colony,
        colony.stats,
        colony.digest,
        lambda: graph.nodes,
        lambda: graph.node("words"),
        colony.__enter__,
    ):
        with pytest.raises(phago.ClosedError, match="closed"):
            use()
    assert repr(colony) == "<closed Colony>"
    assert isinstance(phago.ClosedError("x"), phago.PhagoError)
