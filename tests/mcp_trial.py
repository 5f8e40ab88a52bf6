"""An agent that knows nothing of phago but what the server tells: names, descriptions and schemas of its tools.

It has wishes in words of its own and values with plain names. It takes the tool whose description answers the wish
best, gives it the values that its schema has a place for, and does what an error or a cut answer tells it to do.
`python tests/mcp_trial.py` writes what was said into tests/mcp_trial.md, which a test compares.
"""

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path

import jsonschema
import phago
from mcp_clients import over_stdio

TRANSCRIPT = Path(__file__).with_suffix(".md")

NOTES = [
    {
        "id": "budget",
        "title": "Budget meeting",
        "text": "We decided to move the budget review to Thursday, as the auditors come on Friday.",
        "time": "2024-05-02T10:00:00Z",
        "metadata": {"project": "apollo"},
    },
    {
        "id": "auditors",
        "title": "Auditors",
        "text": "The auditors want the invoices of March. Ann keeps the invoices in the grey cabinet.",
        "time": "2024-05-03T09:00:00Z",
    },
    {"id": "coffee", "text": "The coffee machine on the second floor is broken."},
    *({"id": f"log-{n}", "text": f"Standup {n}: the invoices of week {n} were paid."} for n in range(1, 9)),
]

# (what it wants, in words of its own; what it has for that)
WISHES = [
    ("how much is stored in it, is there anything at all", {}),
    ("store these facts and decisions for later sessions", {"documents": NOTES}),
    ("find what the memory knows before answering", {"question": "when is the budget review and why"}),
    ("find what the memory knows before answering", {"question": "invoices", "k": 9, "token_budget": 500}),
    ("why does this document have its score", {"question": "when is the budget review and why", "id": "auditors"}),
    ("follow associations: what is this word wired to", {"concept": "invoices", "k": 5}),
    ("store a fact that changed", {"documents": [{"id": "budget", "text": "The budget review is on Wednesday."}]}),
    ("find what the memory knows before answering", {"question": "budget review"}),
    ("the user asks to delete this for good", {"ids": ["coffee", "tea"]}),
    ("find what the memory knows before answering", {"question": "is the coffee machine broken"}),
]


class Agent:
    """Wishes into calls, by descriptions and schemas alone."""

    def __init__(self, client, tools, say):
        self.client, self.tools, self.say = client, tools, say
        self.knows = phago.Colony()
        self.knows.ingest({"id": name, "text": tool["description"]} for name, tool in tools.items())

    async def wish(self, words, values):
        self.say(f"## {words[:1].upper()}{words[1:]}\n")
        name = self.knows.query(words, k=1, operators=False)[0].id
        answer, failed = await self.call(name, values)
        for _ in range(5):
            told = answer if failed else answer.get("cut", {}).get("rest", "")
            # `replace` = true, `skip` = 3
            more = re.search(r"`(\w+)` = (\w+)", told)
            if more is None:
                return answer
            self.say("It does as it is told.\n")
            answer, failed = await self.call(name, {**values, more[1]: json.loads(more[2])})
        raise AssertionError("it was sent round in circles")

    async def call(self, name, values):
        jsonschema.validate(values, self.tools[name]["inputSchema"])
        shown = json.dumps(values, ensure_ascii=False)
        self.say(f"→ `{name}` {shown if len(shown) < 400 else shown[:400] + ' ...'}\n")
        answer, failed = await self.client.call(name, **values)
        if failed:
            self.say(f"✗ {answer}\n")
        else:
            jsonschema.validate(answer, self.tools[name]["outputSchema"])
            self.say(f"```json\n{json.dumps(answer, ensure_ascii=False, indent=1)}\n```\n")
        return answer, failed


async def trial(folder):
    """(what was said, the answer to each wish)"""
    said = []
    async with over_stdio(folder) as client:
        tools = await client.tools()
        said.append("# An agent that knows only the tools' descriptions and schemas\n")
        said.append("`python tests/mcp_trial.py` wrote this; → is a call, ✗ an error in words.\n")
        said.append("\n".join(f"- **{name}**: {tool['description']}" for name, tool in tools.items()) + "\n")
        agent = Agent(client, tools, said.append)
        answers = [await agent.wish(words, values) for words, values in WISHES]
    return "\n".join(said), answers


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    with tempfile.TemporaryDirectory() as folder:
        TRANSCRIPT.write_text(asyncio.run(trial(Path(folder, "memory")))[0], encoding="utf-8")
