"""How the documentation is built: Sphinx with the theme Furo, pages in Markdown, the reference out of docstrings."""

import sys
from pathlib import Path

import phago

sys.path.insert(0, str(Path(__file__).parent))

project = "phago"
author = "phago contributors"
release = version = phago.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "commands"]
html_theme = "furo"
html_title = f"phago {release}"
html_show_sourcelink = False
html_copy_source = False
exclude_patterns = ["_build"]
# Docstrings write names and code in single backticks, as Markdown does.
default_role = "code"
myst_heading_anchors = 3
autodoc_default_options = {"members": True}
# What is described is phago's; what it works with need not be installed for that.
autodoc_mock_imports = ["langchain_core", "langgraph", "llama_index", "matplotlib", "pydantic"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 100
napoleon_google_docstring = True
napoleon_numpy_docstring = False
nitpicky = False
