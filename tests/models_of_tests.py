"""Models for the tests of `--embed`: what is wrong with each shows in its name."""

WORDS = ("ion", "salt", "bread")


def counts(texts):
    """How often some words come; it talks, as models do."""
    print("of", len(texts), "texts")
    return [[1.0 + text.lower().count(word) for word in WORDS] for text in texts]


def of_two(texts):
    return [[1.0, 2.0] for _ in texts]


def fails(texts):
    raise RuntimeError("no key")


def too_few(texts):
    return []


number = 3
