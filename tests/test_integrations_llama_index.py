"""The retriever for LlamaIndex."""

import warnings

import phago
import pytest

pytest.importorskip("llama_index.core", reason='LlamaIndex is not installed: pip install "phago[frameworks]"')

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from llama_index.core import Settings
    from llama_index.core.llms import MockLLM
    from llama_index.core.postprocessor import SimilarityPostprocessor
    from llama_index.core.query_engine import RetrieverQueryEngine
    from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
    from llama_index.core.schema import MetadataMode
    from phago.integrations.llama_index import PhagoRetriever

pytestmark = pytest.mark.filterwarnings("default")

TEXTS = [
    {"id": "membrane", "title": "Cells", "text": "Ions cross the cell membrane.", "metadata": {"year": 2021}},
    {"id": "pump", "text": "The sodium pump moves ions.", "metadata": {"year": 1998}},
    {"id": "bread", "text": "Yeast makes bread rise."},
]


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(seed=7) as colony:
        colony.ingest(TEXTS)
        colony.run()
        yield colony


def test_nodes_are_the_hits(colony):
    found = PhagoRetriever(colony, similarity_top_k=2).retrieve("how do ions cross")
    hits = colony.query("how do ions cross", k=2)
    assert [(one.node_id, one.score, one.text) for one in found] == [(hit.id, hit.score, hit.text) for hit in hits]
    assert found[0].metadata["year"] == 2021
    assert found[0].metadata["phago"]["path"]["words"][0]["word"] == "ions"
    # What a model reads of it.
    assert found[0].node.get_content(MetadataMode.LLM) == "year: 2021\n\nIons cross the cell membrane."


async def test_the_same_for_event_loops(colony):
    retriever = PhagoRetriever(colony, asked={"where": {"year": {"lt": 2000}}})
    assert [one.node_id for one in await retriever.aretrieve("ions")] == ["pump"]
    async with phago.AsyncColony() as twin:
        await twin.ingest(TEXTS)
        assert [one.node_id for one in await PhagoRetriever(twin).aretrieve("bread")] == ["bread"]
        with pytest.raises(TypeError, match="AsyncColony"):
            PhagoRetriever(twin).retrieve("bread")


def test_in_a_query_engine_without_a_model(colony, monkeypatch):
    # The framework wants one also where none is asked.
    monkeypatch.setattr(Settings, "_llm", MockLLM())
    engine = RetrieverQueryEngine(
        PhagoRetriever(colony, similarity_top_k=3),
        response_synthesizer=get_response_synthesizer(response_mode=ResponseMode.NO_TEXT),
        node_postprocessors=[SimilarityPostprocessor(similarity_cutoff=0.5)],
    )
    assert engine.query("how do ions cross").source_nodes[0].node_id == "membrane"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [((None, 1), "`colony`"), (("x", 1), "`colony` is 'x'"), ((phago.Colony(), 0), "`k` is 0")],
)
def test_a_mistake_is_told_when_it_is_made(wrong, told):
    with pytest.raises(ValueError, match=told):
        PhagoRetriever(*wrong)


def test_what_query_takes_is_taken_by_name_and_nothing_is_swallowed(colony):
    retriever = PhagoRetriever(colony, where={"year": 2021}, ranking="lexical")
    assert [one.node.id_ for one in retriever.retrieve("ions")] == [
        hit.id for hit in colony.query("ions", where={"year": 2021}, ranking="lexical")
    ]
    assert repr(retriever).endswith("similarity_top_k=10, content='text', where={'year': 2021}, ranking='lexical')")
    for wrong in ({"wher": {"year": 2021}}, {"kk": 3}):
        with pytest.raises(TypeError, match=next(iter(wrong))):
            PhagoRetriever(colony, **wrong)
    with pytest.raises(phago.ConfigError, match=r"`asked` is 'wher'; accepted is .*where"):
        PhagoRetriever(colony, asked={"wher": {"year": 2021}})
    with pytest.raises(phago.ConfigError, match=r"`where` is .*not in both"):
        PhagoRetriever(colony, where={"year": 1}, asked={"where": {"year": 2}})
