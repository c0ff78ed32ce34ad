"""pymatgen `Composition` objects: with a known truth, and with amounts and species that no text could hold."""

import math

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from fuzzing import chemistry
from fuzzing.record import Refusal

WILD = (math.inf, -math.inf, math.nan, 1e12, 1e9, 1e-9, 1e-12, -1.0, -2.0, 0.0, 5e-324, 1e308)
SUBTYPES = (np.float32, np.float64, np.int64, int, np.float16, bool)
TEXTS = (
    "Li-2Mg4",
    "NaCl",
    "Fe2O3",
    "D2O",
    "Xa2O",
    "Na1e3Cl",
    "H-1O",
    "Si0O2",
    "",
    "C1e-9O",
    "Y3N@C80",
    "T2O",
    "CuSO4.5H2O",
)


class Objects:
    """Read each object among two good ones, which must stay what they are."""

    def __init__(self) -> None:
        self.ways = {
            "a composition as an object": (3, self.plain),
            "with charges and isotopes": (2, self.charged),
            "wild amounts": (2, self.wild),
            "texts that pymatgen reads": (1, self.texts),
        }

    def plain(self, rng, trial) -> None:
        from pymatgen.core import Composition

        truth = chemistry.random_composition(rng)
        trial.give(truth)
        made = Composition(truth)
        self._judge(trial, made, dict(made.get_el_amt_dict()))

    def charged(self, rng, trial) -> None:
        from pymatgen.core import Composition, DummySpecies, Species

        atoms, truth = {}, {}
        for symbol, amount in chemistry.random_composition(rng, 4).items():
            charges = rng.sample([None, -2, -1, 0, 1, 2, 3, 2.5], rng.randint(1, 2))
            for charge in charges:
                atoms[symbol if charge is None else Species(symbol, charge)] = amount
            truth[symbol] = amount * len(charges)
        isotope = rng.random()
        if isotope < 0.2:
            atoms["D"], truth["H"] = 2.0, truth.get("H", 0) + 2.0
        elif isotope < 0.3:
            atoms[DummySpecies(rng.choice(["X", "Xa", "Qq"]))] = 1.0
            truth = None
        trial.give(f"Composition({atoms!r})")
        made = trial.call(lambda: Composition(atoms))
        self._judge(trial, made, truth, remark="D" in atoms)

    def wild(self, rng, trial) -> None:
        from pymatgen.core import Composition, Species

        truth = chemistry.random_composition(rng, 3)
        atoms = dict(truth)
        symbol = rng.choice(list(truth))
        if rng.random() < 0.3:
            kind = rng.choice(SUBTYPES)
            atoms = {name: kind(max(amount, 1)) for name, amount in atoms.items()}
            truth = {name: float(amount) for name, amount in atoms.items()}
        elif rng.random() < 0.2:
            atoms[Species(symbol, 2)] = -atoms[symbol]
            truth = {name: amount for name, amount in truth.items() if name != symbol} or None
        else:
            atoms[symbol] = rng.choice(WILD)
            truth = None
        trial.give(f"Composition({atoms!r}, allow_negative=True)")
        try:
            made = Composition(atoms, allow_negative=True)
        except Exception:  # what pymatgen does not make is no input
            return
        kept = dict(made.get_el_amt_dict())
        zero_left_out = truth is None and symbol not in kept and bool(kept)  # pymatgen itself drops zeros
        self._judge(trial, made, kept if zero_left_out else truth)

    def texts(self, rng, trial) -> None:
        from pymatgen.core import Composition

        text = rng.choice(TEXTS)
        trial.give(f"Composition({text!r})")
        try:
            made = Composition(text, allow_negative=True)
        except Exception:
            return
        amounts = dict(made.get_el_amt_dict())
        bad = not amounts or any(not 1e-8 <= amount <= 1e8 for amount in amounts.values())
        unknown = set(amounts) - set(ATOMIC_NUMBER) - {"D", "T"}
        isotopes = {"D", "T"} & set(amounts)
        truth = {**{k: v for k, v in amounts.items() if k not in isotopes}}
        if isotopes:
            truth["H"] = truth.get("H", 0) + sum(amounts[k] for k in isotopes)
        self._judge(trial, made, None if bad or unknown else truth, remark=bool(isotopes))

    def _judge(self, trial, made, truth, *, remark=False) -> None:
        from pymatgen.core import Composition

        from formation_mlp.chemistry.elements import SYMBOLS
        from formation_mlp.materials.inputs import read_materials

        if made is None or isinstance(made, Refusal):
            return
        alone = trial.call(read_materials, [made])
        if alone is None or isinstance(alone, Refusal):
            return
        among = trial.call(read_materials, [Composition("NaCl"), made, Composition("Fe2O3")])
        if among is None or isinstance(among, Refusal):
            trial.find("differs", "others in the same call are lost with it")
            return

        def row(read, i):
            a, b = read.materials.compositions.row_ptr[i : i + 2].tolist()
            z, amounts = read.materials.compositions.z[a:b].tolist(), read.materials.compositions.amount[a:b].tolist()
            return {SYMBOLS[number]: amount for number, amount in zip(z, amounts, strict=True)}

        if (row(alone, 0), alone.failures.get(0), alone.notes.get(0)) != (
            row(among, 1),
            among.failures.get(1),
            among.notes.get(1),
        ):
            trial.find("differs", f"alone {row(alone, 0)}, among others {row(among, 1)}")
        if {0, 2} & set(among.failures):
            trial.find("differs", f"others fail with it: {among.failures}")
        if 0 in alone.failures:
            trial.refuse(alone.failures[0])
            return
        found = row(alone, 0)
        if 0 in alone.notes:
            trial.remark(alone.notes[0])
        elif not chemistry.same(found, truth) or remark:
            trial.find("silent", f"read as {found}, where it is {truth}{' of isotopes' if remark else ''}")
