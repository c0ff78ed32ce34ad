"""numba's disk cache with checksums, and without its errors: at worst a kernel is compiled anew.

numba reads and writes its cache at the first call of a kernel, and passes on whatever goes wrong there: a full disk,
a folder that may not be written, a file that was cut when a process was killed. A file whose bits have changed is
loaded as machine code. So each file ends with a checksum here, and one that does not fit it is not used.

This module is imported on use, since it imports numba.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache

DIGEST_BYTES = 32


class CheckedCache(FunctionCache):  # type: ignore[misc]
    """The machine code of one kernel on disk.

    Parameters
    ----------
    kernel : the function
    remark : told why the cache is of no use
    compiles : called before the kernel is compiled

    Raises
    ------
    RuntimeError
        If there is no folder for it.
    """

    def __init__(self, kernel: Callable[..., Any], remark: Callable[[str], None], compiles: Callable[[], None]) -> None:
        super().__init__(kernel)
        self._remark, self._compiles = remark, compiles
        self._cache_file = _CheckedFiles(
            cache_path=self._cache_path,
            filename_base=f"{self._impl.filename_base}-checked",
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the machine code for a signature, or None if there is none that is sound."""
        try:
            code = super().load_overload(sig, target_context)
        except Exception as error:  # pickle and numba raise any kind for a damaged file
            self._remark(f"{self._cache_path}: numba's cache is damaged ({_reason(error)}); kernels are compiled anew")
            with suppress(OSError):  # the next process shall find it sound
                self.flush()
            code = None
        if code is None:
            self._compiles()
        return code

    def holds_code(self) -> bool:
        """Tell whether there is sound machine code for any signature."""
        try:
            return bool(self._cache_file._load_index())
        except Exception:  # damaged, as `load_overload` will say
            return False

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the machine code for a signature, if that is possible."""
        try:
            super().save_overload(sig, data)
        except Exception as error:  # such as a full disk; numba has its own for code that cannot be kept
            self._remark(
                f"{self._cache_path}: numba's cache cannot be written ({_reason(error)}); each process compiles anew"
            )
            self.disable()


class NoCache(NullCache):  # type: ignore[misc]
    """Stands where there is no folder for machine code.

    Parameters
    ----------
    compiles : called before the kernel is compiled
    """

    def __init__(self, compiles: Callable[[], None]) -> None:
        self._compiles = compiles

    def load_overload(self, _sig: Any, _target_context: Any) -> None:
        """Find nothing, so that numba compiles."""
        self._compiles()

    def holds_code(self) -> bool:
        """Tell that there is none."""
        return False


class _CheckedFiles(IndexDataCacheFile):  # type: ignore[misc]
    """The files of one kernel; bytes after the end of a pickle are no part of it, and here they are its checksum."""

    def _dump(self, obj: Any) -> bytes:
        content: bytes = super()._dump(obj)
        return content + sha256(content).digest()

    def _load_index(self) -> dict[Any, Any]:
        path = Path(self._index_path)
        if path.exists():
            with path.open("rb") as file:
                if pickle.load(file) != self._version:  # noqa: S301 (numba's own file, read as numba reads it)
                    return {}
                _require_sound(file.read())
        found: dict[Any, Any] = super()._load_index()
        return found

    def _load_data(self, name: str) -> Any:
        _require_sound(Path(self._data_path(name)).read_bytes())
        return super()._load_data(name)


def _require_sound(content: bytes) -> None:
    if sha256(content[:-DIGEST_BYTES]).digest() != content[-DIGEST_BYTES:]:
        raise ValueError("a checksum is wrong")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
