"""Data Docs: Great Expectations' own pages of the latest results, readable without a network."""

import shutil
from pathlib import Path

from gridmart.errors import GridmartError
from gridmart.quality import context as gx_context

# the pages load their styles from outside; offline these few rules take their place
STYLE = """<style>
body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:#1c2733;background:#f6f8fa;margin:0;padding:1.5rem}
.container,.container-fluid{max-width:1200px;margin:auto}
table{border-collapse:collapse;width:100%;background:#fff;margin:.6rem 0 1.4rem}
th,td{border:1px solid #dde3e9;padding:.35rem .6rem;text-align:left;vertical-align:top;word-break:break-word}
th{background:#eef2f6}
h1,h2,h3,h4{line-height:1.25}a{color:#0b63b5;text-decoration:none}a:hover{text-decoration:underline}
.badge{background:#e4eaf0;border-radius:.4rem;padding:0 .4rem;font-size:.85em}
.text-success{color:#12813d}.text-danger{color:#c0262d}.alert{padding:.6rem 1rem;border-radius:.4rem;background:#fdecea}
.modal,.tooltip,script,iframe,.navbar-toggler,img[src^="http"]{display:none!important}
i.fa-check-circle::before,i.fa-check::before{content:"✓"}i.fa-times::before,i.fa-times-circle::before{content:"✗"}
i.fa-exclamation-triangle::before{content:"⚠"}
nav,.breadcrumb{list-style:none;padding:.3rem 0}.list-group,.breadcrumb{padding-left:0}.list-group-item{display:block}
</style>"""


def build() -> Path:
    """Build the site anew from the stored results; returns its index page."""
    folder = gx_context.docs_dir()
    if not (gx_context.store_dir() / "results").is_dir():
        raise GridmartError("no gate has run yet", "Run 'gridmart quality arrival SOURCE' or 'gridmart publish' first.")
    shutil.rmtree(folder, ignore_errors=True)
    gx_context.context().build_data_docs(site_names=["gridmart"])
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("</head>", STYLE + "</head>", 1), encoding="utf-8")
    return folder / "index.html"


def keep_latest(results: int = 1) -> None:
    """Forget all but the latest stored results of each suite: history is in supervision.quality_result."""
    root = gx_context.store_dir() / "results"
    runs: dict[Path, list[Path]] = {}
    for file in root.rglob("*.json"):
        runs.setdefault(file.parent.parent, []).append(file.parent)
    for found in runs.values():
        for old in sorted(found)[:-results]:
            shutil.rmtree(old)
