"""The retriever for LangChain: the framework's own suite of tests, and what it does not ask."""

import asyncio
import warnings

import phago
import pytest

pytest.importorskip("langchain_core", reason='LangChain is not installed: pip install "phago[frameworks]"')
pytest.importorskip("langchain_tests", reason='langchain-tests is not installed: pip install "phago[frameworks]"')

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from langchain_core.documents import Document
    from langchain_core.runnables import RunnableLambda
    from langchain_tests.integration_tests import RetrieversIntegrationTests

from phago.integrations.langchain import PhagoRetriever, documents

pytestmark = pytest.mark.filterwarnings("default")

TEXTS = [
    {"id": "membrane", "title": "Cells", "text": "Ions cross the cell membrane.", "metadata": {"year": 2021}},
    {"id": "pump", "text": "The sodium pump moves ions.", "metadata": {"year": 1998, "tags": ["a", "b"]}},
    {"id": "t/1", "text": "Ann: where do ions go?", "thread": "talk", "place": 1},
    {"id": "t/2", "text": "Bob: through channels. " + "More is to be said. " * 60, "thread": "talk", "place": 2},
]


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(seed=7) as colony:
        colony.ingest(TEXTS)
        colony.run()
        yield colony


class TestTheSuiteOfTheFramework(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _with(self, colony):
        self.colony = colony

    @property
    def retriever_constructor(self):
        return PhagoRetriever

    @property
    def retriever_constructor_params(self):
        return {"colony": self.colony}

    @property
    def retriever_query_example(self):
        return "how do ions cross the membrane"


def test_ids_metadata_scores_and_paths_are_those_of_the_colony(colony):
    found = PhagoRetriever(colony=colony, k=4).invoke("how do ions cross the membrane")
    hits = colony.query("how do ions cross the membrane", k=4)
    assert [one.id for one in found] == [hit.id for hit in hits]
    for one, hit in zip(found, hits, strict=True):
        about = one.metadata.pop("phago")
        assert one.metadata == hit.metadata
        assert one.page_content == hit.text
        assert (about["score"], about["thread"], about["place"]) == (hit.score, hit.thread, hit.place)
        assert [share["word"] for share in about["path"]["words"]] == [share.word for share in hit.path.words]
        assert about["passage"] == hit.passage


def test_a_question_may_have_its_own_arguments(colony):
    retriever = PhagoRetriever(colony=colony, asked={"where": {"year": 2021}})
    assert [one.id for one in retriever.invoke("ions")] == ["membrane"]
    assert [one.id for one in retriever.invoke("ions", where={"tags": "a"})] == ["pump"]
    with pytest.raises(phago.ConfigError, match="`where`"):
        retriever.invoke("ions", where={"year": {"about": 2000}})


def test_the_passage_alone(colony):
    retriever = PhagoRetriever(colony=colony, content="passage")
    found = next(one for one in retriever.invoke("channels") if one.id == "t/2")
    assert found.page_content == found.metadata["phago"]["passage"]
    assert len(found.page_content) <= 600


async def test_event_loops_are_left_to_others_and_either_colony_will_do(colony):
    retriever = PhagoRetriever(colony=colony, k=2)
    chain = retriever | RunnableLambda(lambda found: [one.id for one in found])
    answers = await asyncio.gather(*(chain.ainvoke("how do ions cross") for _ in range(8)))
    assert answers == [chain.invoke("how do ions cross")] * 8
    async with phago.AsyncColony(seed=7) as twin:
        await twin.ingest(TEXTS)
        await twin.run()
        retriever = PhagoRetriever(colony=twin, k=2)
        assert [one.id for one in await retriever.ainvoke("how do ions cross")] == answers[0]
        with pytest.raises(TypeError, match="`AsyncColony` answers `ainvoke`"):
            retriever.invoke("ions")


def test_a_colony_of_several_processes_will_do(tmp_path):
    with phago.connect(tmp_path / "m") as client:
        client.ingest(TEXTS)
        found = PhagoRetriever(colony=client, k=1).invoke("how do ions cross the membrane")
        assert (found[0].id, found[0].metadata["year"]) == ("membrane", 2021)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"k": 0}, "`k` is 0"),
        ({"content": "page"}, "`content` is 'page'"),
        ({"colony": "memory"}, "`colony` is 'memory'; accepted is a `phago.Colony`"),
    ],
)
def test_a_mistake_is_told_when_it_is_made(colony, wrong, told):
    with pytest.raises(ValueError, match=told):
        PhagoRetriever(**{"colony": colony, **wrong})


def test_documents_of_the_framework_are_taken_in_and_come_back():
    given = [
        Document(
            id="a", page_content="Ions cross.", metadata={"source": "x.pdf", "loc": {"page": 3}, "title": "Cells"}
        ),
        Document(page_content="Yeast makes bread.", metadata={"n": 1}),
    ]
    with phago.Colony() as colony:
        assert colony.ingest(documents(given)).accepted == 2
        found = PhagoRetriever(colony=colony).invoke("ions")[0]
        assert found.metadata["loc.page"] == 3
        assert found.metadata["phago"]["title"] == "Cells"
        # And again: what is known of the hit is not of the document.
        assert colony.ingest(documents([found])).unchanged == 1
        assert colony.count({"loc.page": 3}) == 1


def test_what_query_takes_is_taken_by_name_and_nothing_is_swallowed(colony):
    retriever = PhagoRetriever(colony=colony, where={"year": 2021})
    assert [one.id for one in retriever.invoke("ions")] == ["membrane"]
    assert [one.id for one in retriever.invoke("ions", where={"tags": "a"})] == ["pump"]
    lexical = PhagoRetriever(colony=colony, ranking="lexical").invoke("ions")[0].metadata["phago"]
    assert lexical["score"] == colony.query("ions", ranking="lexical")[0].score
    for named in ({"since": "2020-01-01T00:00Z"}, {"until": "2020-01-01T00:00Z"}, {"newer": 0.5}):
        PhagoRetriever(colony=colony, **named).invoke("ions")
    for wrong in ({"wher": {"year": 2021}}, {"kk": 3}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            PhagoRetriever(colony=colony, **wrong)
    with pytest.raises(ValueError, match=r"`asked` is 'wher'; accepted is .*where"):
        PhagoRetriever(colony=colony, asked={"wher": {"year": 2021}})
    with pytest.raises(ValueError, match=r"`where` is .*not in both"):
        PhagoRetriever(colony=colony, where={"year": 1}, asked={"where": {"year": 2}})


def test_a_retriever_says_what_it_asks(colony):
    told = repr(PhagoRetriever(colony=colony, k=3, where={"year": 2021}))
    assert told.startswith(f"PhagoRetriever(colony={colony!r}, k=3, where={{'year': 2021}}")
