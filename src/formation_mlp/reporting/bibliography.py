"""The works that a result rests on, as BibTeX: the package, the data, the papers of the features, and the methods.

The entries lie in ``references.bib``. A preset of features names its papers in its citation, by their DOIs; what data
rest on stands in the tables below; the methods of a run are those that its methods paragraph cites
(`formation_mlp.reporting.paper`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from formation_mlp.errors import FormationMLPError
from formation_mlp.features.presets import choose_preset
from formation_mlp.saved_model.named import FOR_FORMULAS, named_model
from formation_mlp.saved_model.shipped import ON_SCALE
from formation_mlp.version import REPOSITORY, __version__

OF_MODELS = {
    "composition": ("jain2013", "bartel2020", "xie2022", "baird2024", "saal2013", "kirklin2015", "wang2021corrections"),
    "stability": ("jain2013", "bartel2020", "wang2021crabnet"),
    "structure": ("jain2013", "chen2019megnet", "xie2022", "baird2024"),
}
"""Shipped model to what its data rest on."""
OF_TABLES = {
    "bundled": ("wang2021corrections", "kubaschewski1993", "ong2013pymatgen"),
    "critexam_mp": ("jain2013", "bartel2020", "wang2021crabnet"),
    "matbench_mp_e_form": ("jain2013", "dunn2020matbench"),
    "mp_megnet2018": ("jain2013", "chen2019megnet"),
    "mp20_mpts52": ("jain2013", "xie2022", "baird2024"),
    "oqmd_": ("saal2013", "kirklin2015"),
    "matminer:": ("ward2018matminer",),
}
"""How ``data.path``, or the name of the file, begins, to what the table rests on."""
OF_SOURCES = {
    "materials project": ("jain2013",),
    "oqmd": ("saal2013", "kirklin2015"),
    "bartel": ("jain2013", "bartel2020"),
}
"""Words in the declared origin of a table of the user to the works that they name."""
_KEY = re.compile(r"@\w+\{([^,]+),")
_DOI = re.compile(r"\b10\.\d{4,}/[^\s{},;]+[^\s{},;.)]")


@dataclass(frozen=True, slots=True)
class Works:
    """What a result rests on.

    Attributes
    ----------
    data, features : keys of `entries`
    notes : what has no entry here, such as a table of the user
    methods : keys of `entries`: training, and the models that a run was compared with
    """

    data: tuple[str, ...]
    features: tuple[str, ...]
    notes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The works, each once, in their order in the BibTeX; the package is not among them."""
        return tuple(dict.fromkeys((*self.data, *self.features, *self.methods)))

    def bibtex(self) -> str:
        """Return one entry for the package and one for each work, with a comment before each group.

        Examples
        --------
        >>> print(Works((), ("butler1978",)).bibtex().splitlines()[-9])
        @article{butler1978,
        """
        known = entries()
        groups = {
            "The package": [package_entry()],
            "The data": [known[key] for key in self.data],
            "The features": [known[key] for key in self.features if key not in self.data],
            "The methods": [known[key] for key in self.methods if key not in (*self.data, *self.features)],
        }
        parts = [f"% {title}\n\n" + "\n\n".join(texts) for title, texts in groups.items() if texts]
        return "\n\n".join([*parts, *(f"% {note}" for note in self.notes)])


@cache
def entries() -> dict[str, str]:
    """Return the BibTeX of each work by its key.

    Examples
    --------
    >>> "jain2013" in entries()
    True
    """
    text = (Path(__file__).parent / "references.bib").read_text(encoding="utf-8")
    listed = [entry.strip() for entry in re.split(r"\n(?=@)", text)]
    return {_key_of(entry): entry for entry in listed}


def package_entry() -> str:
    """Return the BibTeX of this package, of the version that runs."""
    fields = {
        "author": "{The formation_mlp developers}",
        "title": "formation\\_mlp: formation energies of materials by small neural networks",
        "version": __version__,
        "url": REPOSITORY,
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@software{{formation_mlp,\n{lines}}}"


def works_behind(model: str) -> Works:
    """Return what the answers of a model rest on.

    Parameters
    ----------
    model
        A run folder, a model file, or the name of a shipped model.

    Raises
    ------
    CheckpointError
        If there is no such model, or it is damaged.

    Examples
    --------
    >>> works_behind("stability").data
    ('jain2013', 'bartel2020', 'wang2021crabnet')
    """
    named = named_model(model, FOR_FORMULAS)
    config = named.predictor.checkpoint.config
    shipped = FOR_FORMULAS if model in ON_SCALE else model
    if named.is_shipped or model in ON_SCALE:
        return Works(OF_MODELS[shipped], *_of_features(config["features"]))
    return works_of_config(config)


def works_of_config(config: Mapping[str, Any]) -> Works:
    """Return what a run of a configuration, given as plain data, rests on.

    Examples
    --------
    >>> works_of_config({"data": {"path": "critexam_mp.csv"}, "features": ["magpie"]})
    Works(data=('jain2013', 'bartel2020', 'wang2021crabnet'), features=('ward2016magpie',), notes=(), methods=())
    """
    path, source = str(config["data"]["path"]), config["data"].get("source")
    own = f" ({source})" if source else ""
    is_known = any(_begins(path, begin) for begin in OF_TABLES)
    notes = [] if is_known else [f"The data: your table {path}{own}; cite where it is from."]
    start, of_start = _start(config), keys_of_start(config)
    if start and not of_start:
        notes.append(f"The start: the model '{start}'; cite what it rests on (formation-mlp cite {start}).")
    features, remarks = _of_features(config["features"])
    data = dict.fromkeys((*keys_of_table(config), *of_start))
    return Works(tuple(data), features, (*notes, *remarks))


def keys_of_table(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the works that the rows of a configuration rest on: of a published table, or named in its origin.

    Examples
    --------
    >>> keys_of_table({"data": {"path": "mine.csv", "source": "Materials Project, 2023"}})
    ('jain2013',)
    """
    path, source = str(config["data"]["path"]), str(config["data"].get("source") or "").lower()
    of_path = [key for begin, keys in OF_TABLES.items() if _begins(path, begin) for key in keys]
    of_source = [key for words, keys in OF_SOURCES.items() if words in source for key in keys]
    return tuple(dict.fromkeys(of_path or of_source))


def keys_of_start(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the works that the shipped model from which a training starts rests on; none if it starts otherwise."""
    return OF_MODELS.get(Path(_start(config)).stem, ())


def _start(config: Mapping[str, Any]) -> str:
    return str((config.get("training") or {}).get("start_from") or "")


def _begins(path: str, begin: str) -> bool:
    return path == begin if begin == "bundled" else path.startswith(begin) or Path(path).name.startswith(begin)


def _of_features(features: Sequence[Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the works of presets, and the citations of those that name none of `entries`."""
    keys: list[str] = []
    notes: list[str] = []
    for entry in features:
        try:
            chosen = choose_preset(entry)
        except FormationMLPError:  # a file of its own features is gone
            notes.append(
                f"The features {entry if isinstance(entry, str) else next(iter(entry))}: cite where they are from."
            )
            continue
        found = keys_of(chosen.preset.citation)
        keys += found
        if not found:
            notes.append(f"The features {chosen.name}: {chosen.preset.citation}")
    return tuple(dict.fromkeys(keys)), tuple(dict.fromkeys(notes))


def keys_of(citation: str) -> list[str]:
    """Return the keys of the works whose DOI a text names.

    Examples
    --------
    >>> keys_of("R. Faber et al., Int. J. Quantum Chem. 115, 1094 (2015). doi:10.1002/qua.24917")
    ['faber2015']
    """
    by_doi = {doi: key for key, entry in entries().items() for doi in _DOI.findall(entry)}
    return [by_doi[doi] for doi in _DOI.findall(citation) if doi in by_doi]


def _key_of(entry: str) -> str:
    found = _KEY.match(entry)
    if found is None:
        raise ValueError(f"references.bib: no entry: {entry[:60]}")
    return found.group(1)
