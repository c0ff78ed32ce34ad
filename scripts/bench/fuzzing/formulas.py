"""Formulas: a composition written in many ways, real ones damaged, and hostile texts."""

from functools import cache

import numpy as np

from fuzzing import chemistry
from fuzzing.formula_text import atoms_of, edited_signs, lowered, plain, spelled, written
from fuzzing.literal import literal
from fuzzing.models import predictor
from fuzzing.record import Refusal

LOOKS_LIKE = {
    "A": "АΑ",
    "B": "ВΒ",
    "C": "СϹ",
    "E": "ЕΕ",
    "H": "НΗ",
    "I": "ІΙl|",
    "K": "КΚ",
    "M": "МΜ",
    "N": "Ν",
    "O": "ОΟ0",
    "P": "РΡ",
    "S": "Ѕ",
    "T": "ТΤ",
    "X": "ХΧ",
    "Y": "Υ",
    "Z": "Ζ",
    "a": "а",
    "c": "с",
    "e": "е",
    "i": "і",
    "o": "о0",
    "p": "р",
    "1": "lI１",
    "2": "２²٢",
    "3": "３³З",
    "4": "４⁴",
    "5": "S５",
    "6": "６б",
    "8": "B８",
}
PREDICTED_ALONE = 100
ROMAN = ("(I)", "(II)", "(III)", "(IV)", "(V)", "(VI)", "(VII)", "(VIII)", "[II]", " (III)", "{IV}", "(ii)", "( II )")
CHARGES = ("+", "-", "2+", "3-", "^2+", "⁺", "²⁺", "(2+)", "+2", "−", "^{2-}", "(3-)")
BEHIND = (" 225", " (cubic)", "(s)", "(aq)", " mp-149", "-beta", " Fm-3m", ":Eu", "%", "?", " 99.9%", "/C", " x", ", 2")
BEFORE = ("α-", "n-", "poly-", "2 ", "3", "nano-", "(a) ", "1. ", "=", "'", "- ", "~")
HOSTILE = (
    *(
        "",
        " ",
        "\0",
        "Fe\0O",
        "\ud800",
        "Fe\udfff2O3",
        "NaN",
        "nan",
        "None",
        "null",
        "inf",
        "1e400",
        "Fe1e400",
        "Fe1e-400",
    ),
    *("(" * 1_000_000, "(" * 50_000 + "H" + ")" * 50_000, "[" * 2000 + "O" + "]" * 2000, ")" * 1_000_000),
    *("Na" + "9" * 5000, "Na0." + "0" * 400 + "1", "H" * 300_000, "Fe2O3" * 100_000, "Zz" * 100_000, "." * 100_000),
    *("1." * 50_000 + "H2O", "·" * 100_000, "H2O·" * 20_000, "x" * 1_000_000, "a" * 60, "NACL" * 15, "Co" * 5000),
    *(" " * 1_000_000 + "H", "H" + " " * 1_000_000 + "2", "1e" * 50_000, "Fe₂" * 100_000, "\u200b" * 100_000, "Fe٢O٣"),
    *(
        "Ｆｅ２Ｏ３",
        "🧪",
        "H\u0301",
        "e5",
        "H1e5e5",
        "H1.2.3.4.5",
        "H1..2",
        "H.",
        ".H",
        "((H)",
        "(H))",
        "()",
        "H()2",
        "H[)]",
    ),
    *(
        "D2O",
        "T2O",
        "DY2O3",
        "TI",
        "X2O3",
        "Fe0O",
        "Fe0.0",
        "H00000001",
        "H1_000",
        "H1,000",
        "__import__('os')",
        "-1",
        "2",
    ),
)
NO_TEXTS = (None, 3, 2.5, float("nan"), b"NaCl", ["NaCl"], ("Na", "Cl"), {"Na"}, True, 1j, object(), range(3))


@cache
def _real() -> list[str]:
    return chemistry.real_formulas()


class Formulas:
    """Read each formula alone; then all of them together, and in a long column."""

    def __init__(self) -> None:
        self.alone = []
        self.ways = {
            "a composition in many notations": (4, self.notation),
            "adducts": (1, self.adduct),
            "signs changed": (4, self.edited),
            "hardly meant": (2, self.hardly_meant),
            "hostile": (1, self.hostile),
        }

    def notation(self, rng, trial) -> None:
        truth = chemistry.random_composition(rng)
        self._judge(trial, written(rng, truth), [truth])

    def adduct(self, rng, trial) -> None:
        sign = rng.choice("··•*..")
        factor = rng.choice([0.5, 1, 1.5, 2, 2, 2.5, 3, 4, 5, 6, 6, 7, 10, 12])
        salt = rng.choice(["CuSO4", "NiCl2", "CaCl2", "Na2CO3", "Al2(SO4)3", "K2O", "Cu(NO3)2", "MgCl2", "KAl(SO4)2"])
        guest = rng.choice(["H2O", "H2O", "H2O", "NH3", "CH3OH", "C2H5OH", "D2O", "HCl", "N2H4"])
        if salt == "K2O":
            guest = rng.choice(["SiO2", "Al2O3", "B2O3", "CO2"])
        salt, guest = atoms_of(salt), (guest, atoms_of(guest))
        truth = {key: salt.get(key, 0) + factor * guest[1].get(key, 0) for key in {**salt, **guest[1]}}
        text = plain(salt) + rng.choice(["", "", " "]) + sign + rng.choice(["", "", " "])
        text += (f"{factor:g}" if factor != 1 else "") + guest[0]
        self._judge(trial, rng.choice([str, str, lowered])(text), [truth])

    def edited(self, rng, trial) -> None:
        base = rng.choice(_real()) if rng.random() < 0.7 else plain(chemistry.random_composition(rng))
        text = base
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            text = edited_signs(rng, text)
        self._judge(trial, text, [literal(base), literal(text)])

    def hardly_meant(self, rng, trial) -> None:
        base = rng.choice(_real())
        truth, text = literal(base), base
        symbols = [i for i, sign in enumerate(base) if sign.isupper()]
        at = rng.choice(symbols)
        at += 2 if base[at + 1 : at + 2].islower() else 1
        match rng.randrange(8):
            case 0:
                text = base[:at] + rng.choice(ROMAN) + base[at:]
            case 1:
                text = base[:at] + rng.choice(CHARGES) + base[at:] if rng.random() < 0.3 else base + rng.choice(CHARGES)
            case 2:
                text = base + rng.choice(BEHIND)
            case 3:
                text = rng.choice(BEFORE) + base
            case 4:
                other = rng.choice(_real())
                text = (
                    base
                    + rng.choice([" ", " ", ", ", " + ", "/", "-", ";", "\n", "\t"])
                    + rng.choice(["", "2"])
                    + other
                )
                truth = None if len(literal(other) or ()) > 1 and len(truth or ()) > 1 else literal(text)
            case 5 | 6:
                text = base.upper() if rng.random() < 0.5 else base.replace("O", "0", rng.randint(1, 2))
                if not _is_doubtful(text, base):
                    truth = literal(text) or truth
            case 7:
                place = rng.choice([i for i, sign in enumerate(base) if sign in LOOKS_LIKE] or [0])
                text = base[:place] + rng.choice(LOOKS_LIKE.get(base[place], "?")) + base[place + 1 :]
                truth = literal(text) if text.isascii() and not _is_doubtful(text, base) else truth
        self._judge(trial, text, [truth], scaled=True)

    def hostile(self, rng, trial) -> None:
        if rng.random() < 0.15:
            item = rng.choice(NO_TEXTS)
            trial.give(item)
            self._read(trial, item)
            return
        text = rng.choice(HOSTILE)
        if rng.random() < 0.5:
            text = edited_signs(rng, text) if len(text) < 1000 else text + plain(chemistry.random_composition(rng))
        self._judge(trial, text, [literal(text) if len(text) < 1000 else None], unless_long=True)

    def _judge(self, trial, text, truths, *, scaled=False, unless_long=False) -> None:
        trial.give(text)
        found = self._read(trial, text)
        if found is None or isinstance(found, Refusal):
            return
        if trial.outcome != "read" or (unless_long and len(text) > 1000):
            return
        if not any(truth and chemistry.same(found, truth, scaled=scaled) for truth in truths):
            trial.find("silent", f"read as {spelled(found)}, but it says {' or '.join(map(spelled, truths))}")

    def _read(self, trial, item):
        from formation_mlp.materials.inputs import read_materials

        read = trial.call(read_materials, [item])
        if read is None or isinstance(read, Refusal):
            return read
        answer = _row(read, 0)
        if isinstance(item, str) and len(item) < 5000:
            self.alone.append((trial, item, answer))
        if 0 in read.failures:
            return trial.refuse(read.failures[0])
        if 0 in read.notes:
            trial.remark(read.notes[0])
        return dict(zip(*answer[0], strict=True))

    def finish(self, trial) -> None:
        """Read all formulas at once, and once more in a column that the compiled scanner takes."""
        from formation_mlp.materials.inputs import read_materials

        texts = [text for _, text, _ in self.alone]
        for where, column in (
            ("beside others", texts),
            ("in a long column", texts * (1 + 30_000 // max(len(texts), 1))),
        ):
            read = trial.call(read_materials, column)
            if read is None or isinstance(read, Refusal):
                trial.find("differs", f"{len(column)} formulas {where} are refused together")
                continue
            for i, (one, _text, answer) in enumerate(self.alone):
                if _row(read, i) != answer:
                    one.find("differs", f"{where}: {_row(read, i)!r}, alone {answer!r}"[:400])
        sound = [(one, text, answer) for one, text, answer in self.alone if answer[1] is None]
        self._as_objects(trial, sound)
        self._predict(trial, sound)

    def _as_objects(self, trial, sound) -> None:
        from pymatgen.core import Composition

        from formation_mlp.materials.inputs import read_materials

        objects = [Composition(dict(zip(*answer[0], strict=True))) for _, _, answer in sound]
        read = trial.call(read_materials, objects)
        for i, (one, _text, answer) in enumerate(sound):
            if _row(read, i)[:2] != answer[:2]:
                one.find("differs", f"as an object {_row(read, i)!r}, as text {answer!r}"[:400])

    def _predict(self, trial, sound) -> None:
        """Predict all at once, and some alone, which rounds in single precision: the same to six digits, as printed."""
        predict = predictor("composition").predict_rows
        found = trial.call(predict, [text for _, text, _ in sound])
        for i in range(0, len(sound), max(len(sound) // PREDICTED_ALONE, 1)):
            one, text, _ = sound[i]
            alone = trial.call(predict, [text])
            numbers = [[x.values[k], x.std[k]] for x, k in ((found, i), (alone, 0))]
            texts = [(x.warnings[k], x.errors[k]) for x, k in ((found, i), (alone, 0))]
            if texts[0] != texts[1] or not np.allclose(*numbers, rtol=0, atol=1e-6, equal_nan=True):
                one.find("differs", f"predicted {numbers[0]} {texts[0]}, alone {numbers[1]} {texts[1]}")


def _row(read, i):
    from formation_mlp.chemistry.elements import SYMBOLS

    compositions = read.materials.compositions
    a, b = compositions.row_ptr[i : i + 2]
    numbers = [SYMBOLS[z] for z in compositions.z[a:b]], compositions.amount[a:b].tolist()
    return numbers, read.failures.get(i), read.notes.get(i)


def _is_doubtful(text, meant):
    """Tell whether a text is valid to the letter, but its charges add up only as it was meant."""
    says = literal(text)
    if says is None or says == literal(meant):
        return True
    return chemistry.balanced(meant) is True and chemistry.balanced(plain(says)) is False
