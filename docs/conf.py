"""How Sphinx builds the site; `python -m scripts.site` calls it."""

from docutils import nodes
from docutils.utils.math import latex2mathml

project = "Image classification with TensorFlow and Keras"
author = "the authors of the image classification course"
extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton"]
exclude_patterns = ["**/.ipynb_checkpoints"]
templates_path = []

nb_execution_mode = "off"  # the lessons were executed, and their outputs compared
nb_ipywidgets_js = {}  # else every page asks another host for the scripts of widgets
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "pydata_sphinx_theme"
html_title = "Image classification"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_show_sourcelink = False
html_use_index = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system
html_copy_source = False
html_sidebars = {"index": []}
html_theme_options = {
    "navigation_with_keys": True,
    "show_prev_next": True,
    "show_toc_level": 2,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copyright = "CC BY 4.0 (text and figures), MIT (code)"  # noqa: A001  (Sphinx wants this name)
copybutton_selector = "div.cell_input div.highlight pre, div.highlight-bash div.highlight pre"


def setup(app):
    """Write formulas as MathML, which browsers draw themselves: MathJax would come from another
    host.
    """

    def inline(translator, node):
        translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=False))
        raise nodes.SkipNode

    def block(translator, node):
        translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=True))
        raise nodes.SkipNode

    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.config.html_math_renderer = "mathml"
