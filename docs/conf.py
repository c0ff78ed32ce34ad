"""How Sphinx builds the site: ``sphinx-build -W docs build/site``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes

from formation_mlp.lessons import formulas
from formation_mlp.lessons.moving import COMMON_SCRIPTS
from formation_mlp.version import REPOSITORY, __version__

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "scripts" / "site"))

import links
import pages
from sphinx.util import logging

DRAWERS = {"toc": '<aside aria-label="This page"', "sidebar": '<aside aria-label="Site"'}

project = "formation_mlp"
author = "The formation_mlp developers"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_type_aliases = {"ArrayLike": "ArrayLike", "Floats": "Floats"}
napoleon_google_docstring = False
napoleon_use_rtype = False
add_module_names = False
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"formation_mlp {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5394", "color-brand-content": "#0b5394"},
    "dark_css_variables": {"color-brand-primary": "#7fb8ee", "color-brand-content": "#7fb8ee"},
    **({"source_repository": REPOSITORY, "source_branch": "main", "source_directory": "docs/"} if REPOSITORY else {}),
}


def without_routing(app: Any, what: str, name: str, thing: object, skip: bool, options: object) -> bool | None:
    """Leave out what scikit-learn adds to every estimator for the routing of metadata."""
    return True if re.fullmatch(r"set_\w+_request|get_metadata_routing", name) else None


def with_live_scripts(app: Any, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Give a page that moves the scripts that it names under ``live``, in their order, and no other page any."""
    names = (context.get("meta") or {}).get("live", "").split()
    if names:
        app.add_css_file("live/live.css")
    for name in names and [*COMMON_SCRIPTS, *names]:
        app.add_js_file(f"live/{name}.js", loading_method="defer")


def with_plain_aliases(
    app: Any, what: str, name: str, thing: object, options: object, *texts: str | None
) -> tuple[Any, Any]:
    """Return signature and return type with the names of types, which Sphinx wraps in a class of its own."""
    signature, returned = (text and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text) for text in texts)
    return signature, returned


def check_links(app: Any, exception: Exception | None) -> None:
    """Warn of every link of the finished site that leads nowhere, which ends a build that fails on warnings."""
    if exception is None and app.builder.format == "html":
        for page, address in links.broken(Path(app.outdir)):
            if page.removesuffix(".html") in app.env.found_docs:  # and no page that an earlier build left
                logging.getLogger(__name__).warning("%s: the link %r leads nowhere", page, address)


def name_drawers(app: Any, exception: Exception | None) -> None:
    """Give the theme's two columns beside a page the names by which a screen reader tells them apart."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            named = re.sub(
                r'<aside class="(toc|sidebar)-drawer', lambda found: f"{DRAWERS[found[1]]}{found[0][6:]}", text
            )
            if named != text:
                page.write_text(named, encoding="utf-8")


def write_inline_math(writer: Any, node: Any) -> None:
    """Write a formula as MathML, which browsers typeset without a script and without a network."""
    writer.body.append(formulas.as_mathml(node.astext()))
    raise nodes.SkipNode


def write_block_math(writer: Any, node: Any) -> None:
    """Write a formula that stands by itself as MathML."""
    writer.body.append(f'<div class="formula">{formulas.as_mathml(node.astext(), is_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Write the generated pages before Sphinx looks for pages."""
    app.add_html_math_renderer("mathml", (write_inline_math, None), (write_block_math, None))
    app.connect("autodoc-skip-member", without_routing)
    app.connect("html-page-context", with_live_scripts)
    app.connect("autodoc-process-signature", with_plain_aliases)
    app.connect("build-finished", name_drawers)
    app.connect("build-finished", check_links)
    pages.write(DOCS)
