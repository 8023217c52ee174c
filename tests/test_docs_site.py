"""The site that Sphinx makes of docs/: complete, without a warning, and on nobody else's server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from support.browser import opened
from support.file_server import folder_server

DOCS = Path(__file__).parent.parent / "docs"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("sphinx", "myst_parser", "furo")),
        reason="needs the extra docs",
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, made with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")],
        cwd=DOCS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def served(site):
    """The site's address."""
    with folder_server(site) as address:
        yield address


class Links(HTMLParser):
    """The places a page names, and those in it that can be named."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched, self.followed, self.ids = [], [], set()

    def handle_starttag(self, tag, attrs):
        """Keep what the tag names."""
        given = dict(attrs)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        is_fetched = tag in ("img", "script", "source", "iframe") or (
            tag == "link" and given.get("rel") not in ("canonical", "search", "author", "copyright")
        )
        for key in ("src", "href"):
            if given.get(key):
                (self.fetched if is_fetched else self.followed).append(given[key])


def read(path):
    """The links of a page."""
    found = Links()
    found.feed(path.read_text("utf-8"))
    return found


def test_nothing_is_fetched_from_elsewhere(site):
    """No page needs a network."""
    for path in site.rglob("*.html"):
        outside = [url for url in read(path).fetched if urlsplit(url).netloc]
        assert not outside, path
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", path.read_text("utf-8")), path


def test_every_link_leads_somewhere(site):
    """To a page of the site, and a place that is in it."""
    pages = {path: read(path) for path in site.rglob("*.html") if "_modules" not in path.parts}
    for path, found in pages.items():
        for url in found.followed + found.fetched:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.name}: {url}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, f"{path.name}: {url}"


@pytest.mark.parametrize("word", ["keep_best", "Cosine", "ValidationPerformance", "clip_gradients"])
def test_words_are_found(site, word):
    """The index that the search reads knows them."""
    index = (site / "searchindex.js").read_text("utf-8").lower()
    assert re.search(rf'["\s{{,]{word.lower()[:6]}', index)


@pytest.mark.parametrize(
    ("words", "page"), [("early stopping", "hooks"), ("prototxt", "caffe"), ("letter-box", "data")]
)
def test_the_search_finds_pages(served, words, page):
    """Typed into the site's own search, in a browser; nothing is asked of anybody else."""
    address = f"{served}/search.html"
    with opened(address) as (opened_page, _):
        opened_page.fill("input[name=q] >> visible=true", words)
        opened_page.keyboard.press("Enter")
        opened_page.wait_for_selector("#search-results li a")
        links = opened_page.locator("#search-results li a").evaluate_all(
            "found => found.map(link => link.getAttribute('href'))"
        )
    assert any(link.partition("#")[0].endswith(f"{page}.html") for link in links), links


def test_public_names_are_documented(site):
    """Each stands on the page of the Python package, with its docstring."""
    import graphnet as gn

    page = read(site / "python.html")
    names = [name for name in gn.__all__ if name not in (*gn._MODULES, "__version__")]
    assert [name for name in names if f"graphnet.{name}" not in page.ids] == []


#: What a search leaves out of a question.
SMALL_WORDS = (
    "a an and are at be by can do does for from how i if in is it me my no of on one or the there "
    "to what when where which why with"
)
#: How far down a reader looks.
LOOKED_AT = 5


def search(site, queries):
    """The pages that the site's own search finds for each query, the best first."""
    if shutil.which("node") is None:
        pytest.skip("needs node, which runs the site's search")
    script = Path(__file__).parent / "support" / "site_search.js"
    done = subprocess.run(
        ["node", str(script), str(site), json.dumps(queries)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return json.loads(done.stdout)


def test_the_search_knows_the_words_of_files(site):
    """A key or a type leads to the page that says what it is."""
    words = ["keep_best", "Cosine", "ValidationPerformance", "clip_gradients", "Nesterov"]
    for word, found in zip(words, search(site, words), strict=True):
        assert "solver" in found[:LOOKED_AT], (word, found)
    (found,) = search(site, ["InnerProduct"])
    assert found[0] == "layers"


def test_the_search_answers_questions(site):
    """The question's words lead to its answer, or to the page that the answer names."""
    text = (DOCS / "questions.md").read_text("utf-8")
    answers = re.findall(r"^### ([^\n]+)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    pages = [{"questions", *re.findall(r"\]\(([\w/-]+)\.md", answer)} for _, answer in answers]
    words = [re.findall(r"[\w'-]+", question) for question, _ in answers]
    queries = [" ".join(w for w in each if w.lower() not in SMALL_WORDS.split()) for each in words]
    found = [set(each[:LOOKED_AT]) for each in search(site, queries)]
    missed = [q for q, of, seen in zip(queries, pages, found, strict=True) if not of & seen]
    assert len(queries) >= 60
    assert len(queries) - len(missed) >= 55, missed
