"""The libraries phago is compared with, each used as its own documentation advises, on one thread."""

from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def stop() -> frozenset[str]:
    """179 English words, the same that phago leaves out but for how `don't` is split."""
    # Every library is imported where it is used: one that starts beside phago must not pay for another.
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    return frozenset(STOPWORDS_EN_PLUS)


def bm25s_index(texts: list[str]) -> tuple[Any, Any]:
    """bm25s with the parameters and the kind of stems that phago has; (tokenizer, index)."""
    import bm25s
    import Stemmer

    tokenizer = bm25s.tokenization.Tokenizer(stemmer=Stemmer.Stemmer("english"), stopwords=sorted(stop()))
    tokens = tokenizer.tokenize(texts, return_as="tuple", show_progress=False)
    index = bm25s.BM25(k1=1.5, b=0.75, backend="numba")
    index.index(tokens, show_progress=False)
    return tokenizer, index


def bm25s_search(texts: list[str]) -> Callable[[str, int], list[int]]:
    """A function from a question and k to the places of the best documents."""
    tokenizer, index = bm25s_index(texts)

    def search(question: str, k: int) -> list[int]:
        tokens = tokenizer.tokenize([question], update_vocab=False, show_progress=False)
        return index.retrieve(tokens, k=k, show_progress=False).documents[0].tolist()

    search("the first one compiles", 10)
    return search


def tantivy_index(texts: list[str]) -> Any:
    """tantivy in memory: stemmed English, one indexing thread."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=False, tokenizer_name="en_stem")
    builder.add_integer_field("place", stored=True, fast=True)
    index = tantivy.Index(builder.build())
    writer = index.writer(heap_size=256 << 20, num_threads=1)
    for place, text in enumerate(texts):
        writer.add_document(tantivy.Document(place=place, body=text))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def tantivy_search(texts: list[str]) -> Callable[[str, int], list[int]]:
    index = tantivy_index(texts)
    searcher = index.searcher()

    def search(question: str, k: int) -> list[int]:
        found = searcher.search(index.parse_query(question, ["body"]), k, count=False).hits
        return [searcher.doc(address)["place"][0] for _, address in found]

    return search


def salient(counts: Any, most: int = 30) -> Any:
    """Each row's columns of highest (1 + ln count) * idf, as a CSR matrix of ones; ties by column."""
    import numpy as np
    import scipy.sparse as sp

    rows = counts.shape[0]
    df = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log1p((rows - df + 0.5) / (df + 0.5))
    salience = (1 + np.log(counts.data)) * idf[counts.indices]
    row = np.repeat(np.arange(rows), np.diff(counts.indptr))
    order = np.lexsort((counts.indices, -salience, row))
    kept = order[np.arange(len(order)) - counts.indptr[row] < most]
    chosen = sp.csr_matrix((np.ones(len(kept), np.float32), (row[kept], counts.indices[kept])), counts.shape)
    chosen.sort_indices()
    return chosen


def concept_lists(texts: list[str]) -> Any:
    """scikit-learn's words of each text, and of these the 30 most salient: a row for each text."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    return salient(CountVectorizer(stop_words=sorted(stop()), dtype=np.int32).fit_transform(texts).tocsr())


def pairs(lists: Any) -> int:
    """Pairs of concepts that the lists wire, either direction counted once."""
    import numpy as np

    long = np.diff(lists.indptr).astype(np.int64)
    return int((long * (long - 1) // 2).sum())
