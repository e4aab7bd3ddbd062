"""Configuration of the documentation: Sphinx, MyST, the PyData theme. ``make docs`` builds it, without a network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generated import write_all

from alft import __version__

project = "alft"
author = "The alft authors"
copyright = "The alft authors"  # noqa: A001  # Sphinx reads this name
release = version = __version__

extensions = ["myst_nb", "sphinx_design"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # tests/test_notebooks.py runs them; here are the results that were committed
nb_merge_streams = True
nitpicky = True

smartquotes = False  # what is typed must be pasted as it stands

html_theme = "pydata_sphinx_theme"
html_title = "alft"
html_static_path: list[str] = []
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False
html_copy_source = False
pygments_style = "a11y-high-contrast-light"

write_all(Path(__file__).parent / "_generated")
