"""The configurations that come with the package: what each does, how long it takes, and the data that it needs.

Each begins with comments: a sentence of what it does, remarks, and lines that begin with ``Time:`` and ``Data:``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from formation_mlp.errors import ConfigError
from formation_mlp.registry import did_you_mean, unknown_name

LIST = "formation-mlp configs"
TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".json", ".jsonl", ".json.gz", ".jsonl.gz", ".parquet", ".xlsx", ".xls")
STRUCTURES = (".cif", ".mcif", ".vasp", ".poscar", ".xyz", ".extxyz")


@dataclass(frozen=True, slots=True)
class BundledConfig:
    """One configuration of the package.

    Attributes
    ----------
    path : of the file
    summary : what it does
    time : that it takes
    data : the table that it needs, and where that is from
    """

    path: Path
    summary: str
    time: str
    data: str

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.path.stem

    @property
    def table(self) -> str:
        """The table that it needs, in short."""
        return self.data.split(". ")[0]


def bundled_configs() -> list[BundledConfig]:
    """Return the configurations that are installed with the package, by name.

    Examples
    --------
    >>> [config.table for config in bundled_configs() if config.name == "quickstart"]
    ['in the package, 2,135 compounds']
    """
    return [_read(path) for path in sorted(_folder().glob("*.yaml"))]


def find_bundled(name: str) -> BundledConfig:
    """Return the configuration of a name.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    configs = {config.name: config for config in bundled_configs()}
    if name.removesuffix(".yaml") not in configs:
        raise ConfigError(unknown_name(name, configs, "configs", "configuration"))
    return configs[name.removesuffix(".yaml")]


def overview() -> str:
    """Return the list of configurations as text: name, what it does, time and data."""
    configs = bundled_configs()
    width = max(len(config.name) for config in configs) + 2
    return "\n".join(
        f"{config.name:{width}}{config.summary}\n{'':{width}}time: {config.time}; data: {config.table}"
        for config in configs
    )


def resolved(path: Path, verb: str) -> Path:
    """Return the configuration file that a user means: the one at ``path``, or that of the package with this name.

    Parameters
    ----------
    path
        As it was given: a file, ``quickstart``, or ``configs/quickstart.yaml`` where there is no such folder.
    verb
        What is to be done, for the message.

    Raises
    ------
    ConfigError
        If it is data, or a folder, or there is nothing of this name.

    Examples
    --------
    >>> resolved(Path("quickstart"), "train").name
    'quickstart.yaml'
    """
    if path.name.lower().endswith((*TABLES, *STRUCTURES)):
        raise ConfigError(_not_a_config(path, "a table" if path.name.lower().endswith(TABLES) else "a structure", verb))
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError:  # such as a name that is too long, which is told where the file is read
        return path
    if exists and not is_folder:
        return path
    configs = bundled_configs()
    if str(path.parent) in (".", "configs"):
        places = {name: config.path for config in configs for name in (config.name, config.path.name)}
        if path.name in places:
            return places[path.name]
    if (path / "config.yaml").is_file():
        raise ConfigError(f"{path}: that is a run folder, and '{verb}' takes a configuration: {path / 'config.yaml'}")
    if is_folder:
        raise ConfigError(_not_a_config(path, "a folder", verb))
    known = [config.path.name if path.suffix else config.name for config in configs]
    near = did_you_mean(path.name, [*(file.name for file in path.parent.glob("*.y*ml")), *known])
    raise ConfigError(f"{path}: no such configuration file.{near} '{LIST}' lists those of the package.")


def where_to_get(table: str) -> str:
    """Return what is known of a table of which a bundled configuration has the name, or an empty text."""
    found = (config for config in bundled_configs() if config.table.split(",")[0].split("/")[-1] == Path(table).name)
    text = next((config.data for config in found), "")
    return f" It does not come with the package: {text}. Name your copy with --set data.path=FILE." if text else ""


def _not_a_config(path: Path, kind: str, verb: str) -> str:
    hints = {
        "train": f"To train on it: formation-mlp fit {path}",
        "benchmark": f"To write a configuration for it: formation-mlp init {path}",
        "tune": f"To write a configuration for it: formation-mlp init {path}",
    }
    hint = hints[verb] if kind != "a structure" else f"To predict it: formation-mlp predict {path}"
    return f"{path}: that is {kind}, and '{verb}' takes a configuration, a YAML file. {hint}"


def _folder() -> Path:
    installed = Path(__file__).parent / "bundled"
    # In a development install they are still where the repository keeps them.
    return installed if installed.exists() else Path(__file__).parents[3] / "configs"


def _read(path: Path) -> BundledConfig:
    """Read the comments at the head of a file; a line that is indented goes on with the one before."""
    fields: list[str] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                break
            text = line[1:].rstrip()
            if text.startswith("   ") and fields:
                fields[-1] += f" {text.strip()}"
            else:
                fields.append(text.strip())
    named = {label: text for label, _, text in (field.partition(": ") for field in fields)}
    return BundledConfig(path, fields[0].rstrip("."), named["Time"], named["Data"])
