"""Links that work in a checkout, for the site: its root is docs/, and only some files outside of it are pages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

__all__ = ["page_of", "rewritten"]

_CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")


def page_of(path: str) -> str:
    """Where a file of the checkout is in the site's sources; paths are relative, with slashes."""
    if path == "README.md":
        return "index.md"
    return re.sub(r"\.ipynb$", ".md", path.removeprefix("docs/"))


def rewritten(text: str, path: str, is_folder: Callable[[str], bool]) -> str:
    """The text of the file `path` of the checkout, with its relative links made those of the site.

    A folder is its README.md. What is in code stays as it is.
    """
    here = posixpath.dirname(page_of(path))

    def of_site(match: re.Match[str]) -> str:
        target = match["target"]
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if is_folder(wanted):
            wanted += "/README.md"
        return posixpath.relpath(page_of(wanted), here or ".") + (match["anchor"] or "")

    parts = _CODE.split(text)
    parts[::2] = [_LINK.sub(of_site, part) for part in parts[::2]]
    return "".join(parts)
