"""Find the files under what a user named: lazily, in a fixed order, never out of a folder, never for ever.

Memory is bounded by the largest single folder. Does not belong here: opening or reading a file.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gem_assets.corpus.rows import WHOLE_FILE, RefusalReason, Refused

_TEMPORARY = re.compile(
    r"(?:thumbs\.db|desktop\.ini|__macosx|~\$.*|.*~|.*\.(?:part|partial|tmp|temp|crdownload|swp|lock|download))",
    re.IGNORECASE,
)
_DATASET_CARD = re.compile(r"dataset_infos?\.json|dataset_dict\.json|state\.json")
_SKIPPED = {
    RefusalReason.HIDDEN: "name it on the command line to read it",
    RefusalReason.TEMPORARY: "rename it where it is text after all",
    RefusalReason.DATASET_CARD: "name it on the command line to read it",
    RefusalReason.SPECIAL_FILE: "only regular files are read",
}


class IngestionError(ValueError):
    """Nothing can be read from what was named; the sentence says what to do."""


@dataclass(frozen=True)
class FoundFile:
    """A regular file, by the name it has below what the user named."""

    path: str
    source: str
    size: int
    modified: int
    """Nanoseconds since 1970."""


Walked = FoundFile | tuple[str, Refused]
"""A file, or the name of one that is not read with the reason."""


def walk(paths: Sequence[Path], follow_links: bool = False) -> Iterator[Walked]:
    """List files below the named ones; the order depends on names only, not on how they were given.

    Raises:
        IngestionError: a path does not exist.
    """
    roots = _roots(paths)
    for root in roots:
        if root.is_dir():
            yield from _walk_folder(str(root), follow_links)
        else:
            yield _look_at(str(root), safe_name(root.name))


def safe_name(name: str) -> str:
    r"""Write a file name as text that can be stored; bytes that are no UTF-8 become `\xe9`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _roots(paths: Sequence[Path]) -> list[Path]:
    resolved: set[Path] = set()
    for path in paths:
        try:
            # A link the user names himself is followed.
            found = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            missing = isinstance(error, FileNotFoundError)
            told = "does not exist" if missing else f"cannot be reached ({reason})"
            raise IngestionError(f"{safe_name(str(path))} {told}: name a file or folder to ingest") from error
        resolved.add(found)
    alone = [root for root in resolved if not any(parent in resolved for parent in root.parents)]
    return sorted(alone, key=lambda root: (os.fsencode(root.name), os.fsencode(root)))


def _walk_folder(root: str, follow_links: bool) -> Iterator[Walked]:
    waiting: list[tuple[str, str]] = [(root, "")]
    while waiting:
        path, prefix = waiting.pop()
        try:
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            yield safe_name(prefix.rstrip("/") or "."), _unreadable(error)
            continue
        folders: list[tuple[str, str]] = []
        for entry in found:
            source = safe_name(f"{prefix}{entry.name}")
            skipped = _skip(entry, follow_links)
            if skipped is not None:
                yield source, skipped
            elif entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, f"{prefix}{entry.name}/"))
            else:
                yield _look_at(entry.path, source)
        # Files of a folder first, then its folders; the last in is the first out.
        waiting.extend(reversed(folders))


def _skip(entry: "os.DirEntry[str]", follow_links: bool) -> Refused | None:
    if entry.is_symlink():
        return _skip_link(entry, follow_links)
    if entry.name.startswith("."):
        return _passed_over(RefusalReason.HIDDEN, "its name begins with a dot")
    if _TEMPORARY.fullmatch(entry.name):
        return _passed_over(RefusalReason.TEMPORARY, "a name that temporary files have")
    if _DATASET_CARD.fullmatch(entry.name):
        return _passed_over(RefusalReason.DATASET_CARD, "describes a data set")
    if not entry.is_file(follow_symlinks=False) and not entry.is_dir(follow_symlinks=False):
        return _passed_over(RefusalReason.SPECIAL_FILE, "a pipe, socket or device")
    return None


def _skip_link(entry: "os.DirEntry[str]", follow_links: bool) -> Refused | None:
    try:
        regular = stat.S_ISREG(entry.stat(follow_symlinks=True).st_mode)
    except OSError:
        return Refused(WHOLE_FILE, RefusalReason.LINK, "a link that leads nowhere", "mend or remove it")
    if follow_links and regular:
        return None
    remedy = (
        "give --follow-links to read linked files" if regular else "name the folder it leads to on its own"
    )
    return Refused(WHOLE_FILE, RefusalReason.LINK, "a symbolic link", remedy)


def _look_at(path: str, source: str) -> Walked:
    try:
        found = os.stat(path)  # noqa: PTH116 - a million Path objects would cost more than the look
    except OSError as error:
        return source, _unreadable(error)
    if not stat.S_ISREG(found.st_mode):
        return source, _passed_over(RefusalReason.SPECIAL_FILE, "a pipe, socket or device")
    return FoundFile(path, source, found.st_size, found.st_mtime_ns)


def _passed_over(reason: RefusalReason, found: str) -> Refused:
    return Refused(WHOLE_FILE, reason, found, _SKIPPED[reason])


def _unreadable(error: OSError) -> Refused:
    found = f"cannot be opened: {error.strerror or error}"
    return Refused(WHOLE_FILE, RefusalReason.UNREADABLE_FILE, found, "give read permission, or leave it out")
