"""Words that no document has, read as the known ones near them."""

import phago
import pytest
from phago import Document
from phago.evaluation import spelling
from phago.evaluation.beir import Collection

TEXTS = {
    "letters": "They receive letters about the database of the hospital.",
    "pain": "It may relieve pain quickly after football; the data are old.",
    "sheet": "Nothing at all here but a data sheet of 1985.",
    "resume": "She sent her résumé and waited, with every installation done.",
}
OFF = phago.Ranking(near_share=0)


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(3) as colony:
        colony.ingest([Document(text, name) for name, text in TEXTS.items()])
        yield colony


def near(colony, text):
    return colony.explain(text).read_as


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("hospitla", ["hospital"]),  # swapped
        ("hopital", ["hospital"]),  # left out
        ("hospiital", ["hospital"]),  # added
        ("hospidal", ["hospital"]),  # changed
        ("hospidla", ["hospital"]),  # two, from eight letters on
        ("sheett", ["sheet"]),
        ("resumme", ["résumé"]),  # accents do not count
        ("instalattion", ["installation"]),
        ("datasheet", ["data sheet"]),  # a space is missing
        ("recieve", ["receive", "relieve"]),  # equals: by documents, then by alphabet
        ("hosbidla", []),  # three
        ("hospi", []),
        ("sht", []),  # short
        ("1986", []),  # a number is another number
    ],
)
def test_what_a_word_is_read_as(colony, asked, read):
    assert near(colony, asked) == tuple((asked, word) for word in read)
    assert colony.explain(asked).unknown == (asked,)


def test_a_space_too_much_is_one_edit(colony):
    assert near(colony, "foot ball") == (("foot", "football"), ("ball", "all"), ("ball", "football"))
    hit = colony.query("foot ball")[0]
    assert (hit.id, hit.path.words[0].read_as) == ("pain", "football")


def test_a_known_word_is_never_read_as_another(colony):
    # `datas` is a form of a known word, and `data` is known although `date` might be meant.
    for text in ("data", "datas old", "receive pain", "the hospital"):
        assert near(colony, text) == ()
        on, off = colony.query(text), colony.query(text, ranking=OFF)
        assert on.items == off.items


def test_hits_tell_what_was_read_and_weigh_it_less(colony):
    (wrong,), (right,) = colony.query("hospitla letters", k=1), colony.query("hospital letters", k=1)
    shares = {share.word: share for share in wrong.path.words}
    assert (shares["hospitla"].read_as, shares["letters"].read_as) == ("hospital", None)
    assert "read_as='hospital'" in repr(shares["hospitla"])
    assert "read_as" not in repr(shares["letters"])
    assert shares["hospitla"].points < {share.word: share for share in right.path.words}["hospital"].points
    explained = colony.explain("hospitla letters", "letters")
    assert explained.words == wrong.path.words
    assert "hospitla → hospital" in explained._repr_html_()
    assert explained.to_dict()["read_as"] == [["hospitla", "hospital"]]


def test_off_leaves_them_unknown(colony):
    assert [hit.id for hit in colony.query("hospitla")] == ["letters"]
    assert colony.query("hospitla", ranking="lexical").items == ()
    assert colony.query("hospitla", ranking=OFF).items == ()
    assert colony.explain("hospitla", ranking=OFF).read_as == ()


def test_a_word_twice_counts_twice_and_one_that_is_there_already_adds_nothing(colony):
    once, twice = (colony.explain(text, "letters").words for text in ("hospitla pain", "hospitla hospitla pain"))
    assert (len(once), len(twice)) == (1, 1)
    both = colony.query("hospital hospitla", k=1)[0]
    assert both.path.words == colony.query("hospital", k=1)[0].path.words
    assert both.score == colony.query("hospital", k=1)[0].score


def test_words_of_deleted_or_refused_documents_are_read_as_no_word():
    with phago.Colony(2) as colony:
        colony.ingest([Document("a peculiar zeppelin", "a"), Document("a plain ship", "b")])
        assert near(colony, "zepelin") == (("zepelin", "zeppelin"),)
        colony.delete("a")
        assert near(colony, "zepelin") == ()


@pytest.mark.parametrize("shards", [1, 2, 7, 16])
def test_no_number_of_shards_or_nodes_shows(shards, colony, tmp_path):
    text = "recieve hospitla foot ball datasheet letters"
    expected = colony.query(text).items, colony.explain(text, "pain")
    documents = [Document(text, name) for name, text in reversed(TEXTS.items())]
    with phago.Colony(shards) as other:
        other.ingest(documents)
        assert (other.query(text).items, other.explain(text, "pain")) == expected
    with phago.open(tmp_path, shards=shards) as other:
        other.ingest(documents)
    with phago.open(tmp_path) as other:
        assert (other.query(text).items, other.explain(text, "pain")) == expected


def test_a_trial_of_typing_errors_tells_what_they_cost():
    names = ["alabaster", "bergamot", "cinnamon", "dandelion", "elderberry", "fennel", "gardenia", "hyacinth"]
    documents = [Document(f"{name} grows here", name) for name in names]
    questions = {name: f"where does {name} grow" for name in names}
    grades = {name: {name: 1} for name in names}
    report = spelling.spelling(Collection("plants", "plants", documents, questions, grades), shards=2)
    assert {word for word, _ in report.errors.values()} == set(names)
    assert all(wrong not in names for _, wrong in report.errors.values())
    assert (report.first, report.among) == (len(names), len(names))
    assert report.mean(spelling.RIGHT, "nDCG@10") == report.mean(spelling.MISSPELT, "nDCG@10") == 1
    assert report.mean(spelling.UNREAD, "nDCG@10") < 1
    lines = "\n".join(spelling.spelling_table(report))
    assert "8 of these words are read as what they had been first of all (100.0%)" in lines
    assert report.as_json()["rows"][0]["nDCG@10"] == {"mean": 1.0}
    again = spelling.spelling(Collection("plants", "plants", documents, questions, grades), shards=3)
    assert again.as_json() == report.as_json()
