"""Collections made of others: long articles, paragraphs as questions, parts of texts in threads.

Judged collections of these kinds are large or not free. These are made when they are needed, of a collection in the
layout of BEIR, by rules without chance:

* *articles*: documents glued to long ones, each with its neighbours in the collection or with strangers; an article
  answers where one of its documents did;
* *examples*: the question is a document that answers it, whole, and the other answers are to be found: paragraphs over
  short texts; with the document itself in the collection, which is left out of the ranking, or without it;
* *halves*: the question is the first half of a text, and the second half of the same text is to be found;
* *parts*: documents cut into sentences, each text a thread; a part answers where its document did, and counts once.

`python benches/pseudo_collections.py DIR ...` prints nDCG@10 and MRR@10 of phago and of BM25 for each.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from phago import Colony, Document, Ranking
from phago.evaluation.beir import Collection, read_collection
from phago.evaluation.measures import ndcg, reciprocal_rank

# Documents of an article.
GLUED = 8
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")

Grades = dict[str, dict[str, float]]


def made_of(whole: Collection) -> Iterator[Collection]:
    """All that can be made of a collection."""
    documents = [one for one in whole.documents if one.text.strip()]
    whole = replace(whole, documents=documents)
    yield whole
    yield articles(whole, strangers=False)
    yield articles(whole, strangers=True)
    yield examples(whole, kept=False)
    yield examples(whole, kept=True)
    yield halves(whole)


def articles(whole: Collection, *, strangers: bool) -> Collection:
    documents = whole.documents
    count = -(-len(documents) // GLUED)
    groups = [documents[at::count] if strangers else documents[at * GLUED : (at + 1) * GLUED] for at in range(count)]
    place = {one.id: f"article{at}" for at, group in enumerate(groups) for one in group}
    glued = [
        Document("\n\n".join(f"{one.title}. {one.text}" if one.title else one.text for one in group), f"article{at}")
        for at, group in enumerate(groups)
    ]
    grades: Grades = {}
    for question, judged in whole.grades.items():
        for document, grade in judged.items():
            if document in place:
                known = grades.setdefault(question, {})
                known[place[document]] = max(grade, known.get(place[document], grade))
    name = f"{whole.name}: articles of {'strangers' if strangers else 'neighbours'}"
    return _collection(whole, name, glued, {name: whole.questions[name] for name in grades}, grades)


def examples(whole: Collection, *, kept: bool) -> Collection:
    texts = {one.id: one for one in whole.documents}
    questions, grades, used = {}, {}, set()
    for judged in whole.grades.values():
        answers = [name for name, grade in judged.items() if grade > 0 and name in texts]
        # One that no other question has taken: what is asked is no document any more.
        example = next((name for name in answers if name not in used), None)
        if example is None or len(answers) < 2:
            continue
        used.add(example)
        # Named as the document is, a question's own document is left out of its ranking.
        questions[example] = texts[example].text
        grades[example] = {name: grade for name, grade in judged.items() if name != example}
    documents = [one for one in whole.documents if kept or one.id not in used]
    for judged in grades.values():
        for name in () if kept else used & judged.keys():
            del judged[name]
    grades = {question: judged for question, judged in grades.items() if any(grade > 0 for grade in judged.values())}
    questions = {question: questions[question] for question in grades}
    return _collection(whole, f"{whole.name}: examples {'kept' if kept else 'gone'}", documents, questions, grades)


def halves(whole: Collection) -> Collection:
    documents, questions, grades = [], {}, {}
    for at, one in enumerate(whole.documents):
        sentences = _SENTENCE.split(one.text)
        middle = len(sentences) // 2
        first, second = " ".join(sentences[:middle]), " ".join(sentences[middle:])
        documents.append(replace(one, text=second))
        if at % 4 == 0 and len(first) > 100 and len(second) > 100:
            questions[f"q{at}"], grades[f"q{at}"] = first, {str(one.id): 1.0}
    return _collection(whole, f"{whole.name}: halves as questions", documents, questions, grades)


def parts(whole: Collection) -> Collection:
    """Sentences in threads. Their grades are those of whole documents: see `judged_by_document`."""
    cut = [
        Document(text, f"{one.id}#{place}", one.title if place == 0 else "", thread=str(one.id), place=place)
        for one in whole.documents
        for place, text in enumerate(filter(str.strip, _SENTENCE.split(one.text)))
    ]
    return _collection(whole, f"{whole.name}: sentences in threads", cut, whole.questions, whole.grades)


def _collection(
    whole: Collection, name: str, documents: list[Document], questions: dict[str, str], grades: Grades
) -> Collection:
    return Collection(whole.path, name, documents, questions, grades)


def figures(collection: Collection, ways: dict[str, object]) -> dict[str, tuple[float, float]]:
    """nDCG@10 and MRR@10 of each way to rank. What stands in threads is judged by thread."""
    found: dict[str, tuple[float, float]] = {}
    with Colony() as colony:
        colony.ingest(collection.documents, on_error="skip")
        colony.run()
        for name, ranking in ways.items():
            values = []
            for question, text in collection.questions.items():
                hits = colony.query(text, k=100, ranking=ranking, paths=False)
                names = list(dict.fromkeys(hit.id if hit.thread is None else hit.thread for hit in hits))
                names = [name for name in names if name != question]
                grades = collection.grades[question]
                values.append((ndcg(names, grades), reciprocal_rank(names, grades)))
            found[name] = tuple(sum(column) / len(values) for column in zip(*values, strict=True))
    return found


def main(folders: list[str]) -> None:
    ways = {"phago": None, "BM25": "lexical", "no concepts": Ranking(concepts_weight=0.0)}
    print(f"{'nDCG@10 / MRR@10':44}" + "".join(f"{name:>18}" for name in ways))
    for folder in folders:
        whole = read_collection(Path(folder))
        for collection in [
            *made_of(whole),
            parts(replace(whole, documents=[d for d in whole.documents if d.text.strip()])),
        ]:
            row = figures(collection, ways)
            print(f"{collection.name:44}" + "".join(f"{row[name][0]:10.4f} {row[name][1]:.4f} " for name in ways))


if __name__ == "__main__":
    main(sys.argv[1:])
