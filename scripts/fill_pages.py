"""Run the commands that README and site show, and write what they print below them.

``python scripts/fill_pages.py`` fills all pages, ``python scripts/fill_pages.py README.md docs/index.md`` some.
Commands run on a terminal in a copy of the repository, after the demo, in the order of the pages; about five minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.pages import console, copy_checkout, is_installed, pages, shell, terminal, with_outputs


def main() -> None:
    if not is_installed():
        sys.exit("error: run scripts/test.sh first, which brings the environment up to date with this checkout.")
    chosen = [Path(name).resolve() for name in sys.argv[1:]] or pages()
    with TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        shell("bash scripts/demo.sh", checkout)
        outputs: dict[str, str] = {}
        for page in chosen:
            text = page.read_text(encoding="utf-8")
            for command, _ in console(text):
                if command not in outputs:
                    print(f"{page.relative_to(ROOT)}: {command}")
                    outputs[command] = terminal(command, checkout)
            page.write_text(with_outputs(text, outputs), encoding="utf-8")


if __name__ == "__main__":
    main()
