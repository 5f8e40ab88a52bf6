"""Long files in parts: cut where paragraphs end, in a thread, and kept in step with the file by `sync`."""

import random

import phago
import pytest
from phago.extract.parts import cut


def long(chance, paragraphs):
    return "\n\n".join(
        "\n".join(
            " ".join(f"w{chance.randrange(500)}" for _ in range(chance.randrange(1, 40))) + "."
            for _ in range(chance.randrange(1, 8))
        )
        for _ in range(paragraphs)
    )


def test_parts_hold_every_word_in_order_and_none_is_long_or_short():
    chance = random.Random(3)
    for _ in range(50):
        whole = phago.Document(long(chance, 40), id="notes/a.txt", title="A", metadata={"year": 3})
        parts = list(cut(whole, 1000))
        assert " ".join(part.text for part in parts).split() == whole.text.split()
        assert all(len(part.text) <= 1000 for part in parts)
        assert all(len(part.text) >= 400 for part in parts[:-1])
        assert [part.id for part in parts] == [f"notes/a.txt//{place}" for place in range(1, len(parts) + 1)]
        assert [part.place for part in parts] == list(range(1, len(parts) + 1))
        assert {(part.thread, part.title, part.metadata["year"]) for part in parts} == {("notes/a.txt", "A", 3)}


def test_a_part_ends_with_a_paragraph_a_line_a_sentence_or_a_word_whichever_there_is():
    def ends(text):
        return [part.text for part in cut(phago.Document(text, id="a"), 200)]

    assert ends("a" * 150 + "\n\n" + "b" * 150) == ["a" * 150, "b" * 150]
    assert ends("a" * 120 + "\n" + "b c " * 30) == ["a" * 120, ("b c " * 30).strip()]
    assert ends("a" * 120 + ". " + "b" * 30 + " " + "c" * 90) == ["a" * 120 + ".", "b" * 30 + " " + "c" * 90]
    assert ends("a" * 450) == ["a" * 200, "a" * 200, "a" * 50]


def test_what_is_short_or_stands_in_a_thread_or_has_too_long_an_id_stays_whole():
    short = phago.Document("ions", id="a")
    turn = phago.Document("ions " * 100, id="a", thread="t", place=3)
    named = phago.Document("ions " * 100, id="a" * 511)
    for whole in (short, turn, named):
        assert list(cut(whole, 200)) == [whole]


def test_ingest_and_sync_keep_parts_in_step_with_their_file(tmp_path, says):
    notes, memory = tmp_path / "notes", tmp_path / "m"
    notes.mkdir()
    file = notes / "talk.txt"
    file.write_text("\n\n".join(f"Turn {at}. " + f"word{at} " * 30 for at in range(12)))
    (notes / "short.txt").write_text("A short one.")
    assert says("ingest", memory, notes, "--parts", "500")[0] == 0
    with phago.open(memory, read_only=True) as colony:
        parts = sorted((one for one in colony.documents() if one.thread), key=lambda one: one.place)
        assert len(parts) > 3
        assert [one.place for one in parts] == list(range(1, len(parts) + 1))
        assert {one.thread for one in parts} == {"notes/talk.txt"}
        assert len(colony) == len(parts) + 1
        hit = colony.query("word5", k=1)[0]
        assert "word5" in hit.text
        near = {share.id for share in colony.explain("word5 word6 turn", hit.id).context}
        assert near <= {one.id for one in parts} - {hit.id}
        digest = colony.digest()
    # Again changes nothing; a shorter file loses its last parts; whole files come back without the option.
    assert says("sync", memory, notes, "--parts", "500")[0] == 0
    with phago.open(memory, read_only=True) as colony:
        assert colony.digest() == digest
    file.write_text(file.read_text()[:900])
    assert says("sync", memory, notes, "--parts", "500")[0] == 0
    with phago.open(memory, read_only=True) as colony:
        assert 1 < sum(one.thread is not None for one in colony.documents()) < len(parts)
    assert says("sync", memory, notes)[0] == 0
    with phago.open(memory, read_only=True) as colony:
        assert sorted(one.id for one in colony.documents()) == ["notes/short.txt", "notes/talk.txt"]


def test_ingest_leaves_nothing_of_what_a_file_was(tmp_path, says):
    notes, memory = tmp_path / "notes", tmp_path / "m"
    notes.mkdir()
    file = notes / "s.md"

    def held():
        with phago.open(memory, read_only=True) as colony:
            found = colony.query("secretword", k=50)
            return sorted(one.id for one in colony.documents()), [hit.id for hit in found if "secretword" in hit.text]

    file.write_text(" ".join(f"public{at} text." for at in range(60)) + " secretword here.")
    (notes / "s.md#2.md").write_text("A file of its own.")
    assert says("ingest", memory, notes, "--parts", "300")[0] == 0
    ids, hits = held()
    assert len(hits) == 1 < sum(key.startswith("notes/s.md//") for key in ids)
    assert "notes/s.md#2.md" in ids
    for parts in (["--parts", "200"], []):
        assert says("ingest", memory, notes, *parts)[0] == 0
        ids, hits = held()
        assert len(hits) == 1
        assert ("notes/s.md" in ids) is not any(key.startswith("notes/s.md//") for key in ids)
    file.write_text("public only")
    assert says("ingest", memory, notes, "--parts", "300")[0] == 0
    assert held() == (["notes/s.md", "notes/s.md#2.md"], [])


def test_parts_of_a_file_that_cannot_be_read_are_kept(tmp_path, says):
    notes, memory = tmp_path / "notes", tmp_path / "m"
    notes.mkdir()
    file = notes / "talk.txt"
    file.write_text("ions cross the membrane. " * 100)
    says("ingest", memory, notes, "--parts", "500")
    with phago.open(memory, read_only=True) as colony:
        held = len(colony)
    file.unlink()
    file.symlink_to(tmp_path / "gone.txt")
    says("sync", memory, notes, "--parts", "500")
    with phago.open(memory, read_only=True) as colony:
        assert len(colony) == held > 1


@pytest.mark.parametrize("size", ["0", "199", "-5", "many", str((1 << 24) + 1)])
def test_a_length_that_is_none_is_refused(tmp_path, says, size):
    code, out, err = says("ingest", tmp_path / "m", tmp_path, "--parts", size)
    assert (code, out) == (2, "")
    assert "200" in err
