"""Checks the built site: every link inside it leads to a page and a place on it, and every picture has an alt text.

python docs/check_site.py docs/_build/html
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Links, places and pictures of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.unseen: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element links to, is called, or shows."""
        values = dict(attrs)
        self.places |= {name for key in ("id", "name") if (name := values.get(key))}
        self.links += [target for key in ("href", "src") if (target := values.get(key))]
        if tag == "img" and not (values.get("alt") or "").strip():
            self.unseen.append(values.get("src") or "")


def faults(root: Path) -> list[str]:
    """What is wrong, a sentence each."""
    pages = {path.resolve(): Page(path) for path in sorted(root.rglob("*.html")) if "_static" not in path.parts}
    found = []
    for path, page in pages.items():
        name = path.relative_to(root.resolve())
        found += [f"{name}: the picture {source} has no alt text" for source in page.unseen]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{name}: {link} leads nowhere")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                found.append(f"{name}: {link} leads to no place on that page")
    return found


if __name__ == "__main__":
    wrong = faults(Path(sys.argv[1]))
    print("\n".join(wrong))
    sys.exit(bool(wrong))
