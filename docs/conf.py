"""How the site is built: ``sphinx-build -W --keep-going -b html docs build/docs``.

The pages are plain Markdown, to be read on a forge as well.  Nothing is fetched.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ccbench

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "ccbench"
author = "The ccbench developers"
copyright = author
release = version = ccbench.__version__
language = "en-GB"
# Quotes and dots are as they are written.
smartquotes_action = "D"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "ccbench_docs"]
exclude_patterns = ["_ext"]

myst_enable_extensions = ["deflist", "fieldlist"]
# Sections can be linked to as on a forge: databases.md#terms.
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
# As fields of their class: a description of its own each would clash with autodoc's.
napoleon_use_ivar = True
python_use_unqualified_type_names = True
# What pydantic adds to every model.
autodoc_default_options = {"exclude-members": "model_config, model_post_init"}

html_theme = "furo"
html_title = f"ccbench {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
