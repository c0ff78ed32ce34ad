"""``python -m formation_mlp`` is the command ``formation-mlp``."""

from formation_mlp.cli import main

if __name__ == "__main__":
    main()
