"""``python -m formation_mlp`` is the command ``formation-mlp``."""

from __future__ import annotations

from formation_mlp.system import interrupts


def run() -> None:
    """Run the command line in a process of its own, which may be interrupted from its first step to its last."""
    try:
        with interrupts.in_words():
            from formation_mlp.cli import main

            main()
    finally:
        interrupts.ignore()


if __name__ == "__main__":
    run()
