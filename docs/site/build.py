"""Documentation as a site: the pages of ``docs/`` and those of the root they link to.

    python docs/site/build.py out/site

Nothing is fetched: no fonts, no scripts from elsewhere.  A link that leads nowhere stops the build.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOT_PAGES = ("README.md", "README.zh.md", "CONTRIBUTING.md", "GLOSSARY.md", "CHANGELOG.md")
BENCHMARKS = "benchmarks/README.md"
#: links to files that are code or data, not pages: their text stays
_NO_PAGE = re.compile(r"\[([^\]]+)\]\((?!https?:|#|[\w-]+\.md|pictures/)[^)\s]+\)")


def stage(pages: Path) -> None:
    """Copy all pages into one folder, with links that fit it."""
    shutil.copytree(ROOT / "docs" / "pictures", pages / "pictures")
    for page in sorted((ROOT / "docs").glob("*.md")):
        write_page(pages / page.name, page)
    for name in ROOT_PAGES:
        write_page(pages / name.replace("README.md", "overview.md"), ROOT / name)
    write_page(pages / "benchmarks.md", ROOT / BENCHMARKS)


def write_page(target: Path, page: Path) -> None:
    """A page whose links name pages of the site."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"\]\((?:\.\./)?benchmarks/README\.md", "](benchmarks.md", text)
    text = re.sub(r"(\]\(|src=\")(?:\.\./|docs/)", r"\1", text)
    text = text.replace("](README.md", "](overview.md")
    target.write_text(_NO_PAGE.sub(r"\1", text), encoding="utf-8")


def build(site: Path) -> int:
    """Build the site; the exit code of the builder."""
    with tempfile.TemporaryDirectory() as folder:
        pages, config = Path(folder) / "docs", Path(folder) / "mkdocs.yml"
        pages.mkdir()
        stage(pages)
        shutil.copy(ROOT / "docs" / "site" / "mkdocs.yml", config)
        builder = [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(config)]
        finished = subprocess.run(builder, cwd=folder, check=False)  # noqa: S603 - our own words
        if finished.returncode == 0:
            shutil.rmtree(site, ignore_errors=True)
            shutil.copytree(Path(folder) / "site", site)
    return finished.returncode


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1])))
