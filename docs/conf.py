"""Sphinx's settings of the site. No page asks anything of another host."""

import re

from riskmodel import __version__

project = "riskmodel"
author = "riskmodel developers"
copyright = "riskmodel developers"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
]
html_theme = "furo"
html_title = "riskmodel"
html_show_sourcelink = False
html_copy_source = False

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the notebooks ran already, as a run's stages
nb_ipywidgets_js = {}  # widgets would be fetched from another host
nb_render_image_options = {"align": "left"}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
add_module_names = False

suppress_warnings = [
    "mystnb.unknown_mime_type",
    "myst.header",  # notebooks open with their question and go on with smaller headings
]


def mark_code(app, what, name, subject, options, lines):
    """Turn the docstrings' single backticks, as Markdown has them, into reStructuredText's double."""
    lines[:] = [re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line) for line in lines]


def setup(app):
    """Connect what changes docstrings."""
    app.connect("autodoc-process-docstring", mark_code)
