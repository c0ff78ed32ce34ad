"""Names that others give to files, made safe."""

from __future__ import annotations

import re

LONGEST = 100
_STRANGE = re.compile(r"[^\w.+ ()\[\]=,-]")


def safe_name(name: str) -> str:
    r"""Return a name under which a file can be kept in a folder, with the ending of the name that was sent.

    Examples
    --------
    >>> safe_name("../../etc/passwd"), safe_name("C:\\data\\Na Cl.cif"), safe_name("a#b\n.cif"), safe_name("..")
    ('passwd', 'Na Cl.cif', 'a_b_.cif', 'file')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    return _STRANGE.sub("_", last)[-LONGEST:].lstrip(". ").rstrip(" ") or "file"
