"""What reading files has in common: they must stay what they were when they were opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from mixot.errors import InputError


@dataclass(frozen=True, slots=True)
class File:
    """A file and what tells whether it is still the same one."""

    path: Path
    stamp: tuple[int, int, int]

    @contextmanager
    def reading(self) -> Iterator[FileIO]:
        """Open the file; raises InputError if it has changed before or changes until the end."""
        try:
            with open(self.path, "rb", buffering=0) as stream:
                self._check(stream)
                yield stream
                self._check(stream)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror or error}") from None

    def _check(self, stream: FileIO) -> None:
        if _stamp(os.fstat(stream.fileno())) != self.stamp:
            raise InputError(f"{self.path}: has changed since it was opened; open it again")


def opened(path: Path) -> File:
    """Note what a file is like now; raises InputError if there is none."""
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not path.is_file():
        raise InputError(f"{path}: is not a file")
    return File(path.absolute(), _stamp(found))


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns
