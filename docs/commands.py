"""A directive that shows what each command of the command line says of itself."""

import argparse

from docutils import nodes
from docutils.parsers.rst import Directive
from phago.cli.command import _parser


class Commands(Directive):
    """A section for each command, with its help."""

    def run(self):
        shown = []
        for name, command in _commands():
            section = nodes.section(ids=[f"command-{name}"], names=[])
            section += nodes.title(text=f"phago {name}")
            text = command.format_help()
            section += nodes.literal_block(text, text, language="text")
            shown.append(section)
        return shown


def _commands():
    parser = _parser()
    # As wide as the page, wherever it is built.
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                command.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=88)
                yield name, command


def setup(app):
    """Sphinx calls it."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
