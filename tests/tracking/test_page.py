import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from markupsafe import escape

from mixot import figures, runs
from mixot.pipeline import page


class Links(HTMLParser):
    """Collects every address on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [v for k, v in attributes if k in ("href", "src", "srcset") and v]


def links(text: str) -> list[str]:
    parser = Links()
    parser.feed(text)
    return parser.found


def test_the_page_asks_for_nothing_but_itself(
    bare: Path, with_claims: Callable[[Path], None]
) -> None:
    with_claims(bare)
    text = page.render(bare)
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\((?!data:)|<script", text)
    addresses = [a for a in links(text) if not a.startswith(("data:", "#"))]
    assert addresses
    assert not any(re.match(r"[a-z]+:|/", address) for address in addresses)


def test_the_page_links_every_run_directory_by_its_key(bare: Path) -> None:
    text = page.render(bare)
    for path in runs.find(bare):
        place = f"{path.relative_to(bare).as_posix()}/"
        key = runs.read_result(path)["run_key"]
        assert re.search(rf'<a href="{re.escape(place)}"[^>]*>{key}</a>', text)


def test_the_page_has_the_same_bytes_each_time(bare: Path) -> None:
    assert page.render(bare) == page.render(bare)


def test_the_page_opens_with_the_verdict(bare: Path, with_claims: Callable[[Path], None]) -> None:
    assert "No claim has been judged yet." in page.render(bare)
    with_claims(bare)
    assert "1 of 2 required claims are false: D1." in page.render(bare)
    (bare / "claims/D1.json").unlink()
    assert "All 1 required claims hold." in page.render(bare)


def test_figures_are_on_the_page_in_the_order_of_their_captions(bare: Path) -> None:
    figures.save(figures.make("gap", bare), bare / "figures", "gap")
    text = page.render(bare)
    titles = [
        figures.caption(name).title
        for name in sorted(figures.names(), key=lambda n: figures.caption(n).position)
    ]
    places = [text.index(f"{escape(title)}</h3>") for title in titles]
    assert places == sorted(places)
    assert text.count("data:image/svg+xml;base64,") == 1
    assert text.count("Not drawn yet") == len(titles) - 1


def test_what_comes_from_files_is_escaped(bare: Path, with_claims: Callable[[Path], None]) -> None:
    with_claims(bare)
    claim = bare / "claims/A1.json"
    claim.write_text(claim.read_text().replace('"S"', '"<b>a < b</b>"'))
    assert "&lt;b&gt;a &lt; b" in page.render(bare)
