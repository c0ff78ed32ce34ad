"""Crystals that are known without any reader: sites of the asymmetric unit with their multiplicities."""

from dataclasses import dataclass

Site = tuple[str, int, tuple[float, float, float]]  # role, multiplicity in the cell, fractional coordinates


@dataclass(frozen=True)
class Prototype:
    """A structure type in one setting of its space group.

    Attributes
    ----------
    setting : name of the setting as gemmi's table has it, ``R -3 c:R``
    symbols : other ways in which files name this setting; ambiguous ones are not among them
    number : of the space group
    is_only_setting : whether number alone, or symbol without its setting, means this one by custom
    cell : a, b, c (angstrom), angles (degrees)
    """

    setting: str
    symbols: tuple[str, ...]
    number: int
    is_only_setting: bool
    cell: tuple[float, float, float, float, float, float]
    sites: tuple[Site, ...]

    @property
    def n_sites(self) -> int:
        return sum(multiplicity for _, multiplicity, _ in self.sites)


def _cubic(a):
    return (a, a, a, 90.0, 90.0, 90.0)


_ZRO2 = (
    ("A", 4, (0.2758, 0.0411, 0.2082)),
    ("X", 4, (0.0703, 0.3359, 0.3406)),
    ("X", 4, (0.4423, -0.2549, 0.4789)),
)

PROTOTYPES = {
    "rock salt": Prototype(
        "F m -3 m",
        ("Fm-3m", "F m 3 m", "F m -3 m", "F_m_-3_m", "F 4/m -3 2/m"),
        225,
        True,
        _cubic(5.0),
        (("A", 4, (0, 0, 0)), ("X", 4, (0.5, 0.5, 0.5))),
    ),
    "fluorite": Prototype(
        "F m -3 m",
        ("Fm-3m", "Fm3m", "F m -3 m"),
        225,
        True,
        _cubic(5.46),
        (("A", 4, (0, 0, 0)), ("X", 8, (0.25, 0.25, 0.25))),
    ),
    "zinc blende": Prototype(
        "F -4 3 m",
        ("F-43m", "F -4 3 m", "F_-4_3_m"),
        216,
        True,
        _cubic(5.41),
        (("A", 4, (0, 0, 0)), ("X", 4, (0.25, 0.25, 0.25))),
    ),
    "caesium chloride": Prototype(
        "P m -3 m",
        ("Pm-3m", "P m 3 m", "P m -3 m"),
        221,
        True,
        _cubic(4.12),
        (("A", 1, (0, 0, 0)), ("X", 1, (0.5, 0.5, 0.5))),
    ),
    "perovskite": Prototype(
        "P m -3 m",
        ("Pm-3m", "Pm3m", "P m -3 m"),
        221,
        True,
        _cubic(3.95),
        (("A", 1, (0, 0, 0)), ("B", 1, (0.5, 0.5, 0.5)), ("X", 3, (0.5, 0.5, 0))),
    ),
    "rutile": Prototype(
        "P 42/m n m",
        ("P42/mnm", "P 42/m n m", "P 42/m 21/n 2/m", "P 4_2/m n m"),
        136,
        True,
        (4.59, 4.59, 2.96, 90.0, 90.0, 90.0),
        (("A", 2, (0, 0, 0)), ("X", 4, (0.305, 0.305, 0))),
    ),
    "wurtzite": Prototype(
        "P 63 m c",
        ("P63mc", "P 63 m c", "P 6_3 m c"),
        186,
        True,
        (3.82, 3.82, 6.26, 90.0, 90.0, 120.0),
        (("A", 2, (0.3333, 0.6667, 0)), ("X", 2, (0.3333, 0.6667, 0.375))),
    ),
    "baddeleyite": Prototype(
        "P 1 21/c 1",
        ("P 21/c", "P21/c", "P 1 21/c 1", "P 1 2_1/c 1"),
        14,
        True,
        (5.1454, 5.2075, 5.3107, 90.0, 99.23, 90.0),
        _ZRO2,
    ),
    "baddeleyite, n": Prototype(
        "P 1 21/n 1",
        ("P 21/n", "P21/n", "P 1 21/n 1"),
        14,
        False,
        (6.7759, 5.2075, 5.1454, 90.0, 129.318, 90.0),
        tuple((role, n, (-z, y, x - z)) for role, n, (x, y, z) in _ZRO2),
    ),
    "spinel": Prototype(
        "F d -3 m:2",
        ("F d -3 m Z", "F d -3 m :2", "Fd-3m:2"),
        227,
        False,
        _cubic(8.08),
        (("A", 8, (0.125, 0.125, 0.125)), ("B", 16, (0.5, 0.5, 0.5)), ("X", 32, (0.2624, 0.2624, 0.2624))),
    ),
    "spinel, first origin": Prototype(
        "F d -3 m:1",
        ("F d -3 m S", "F d -3 m :1", "Fd-3m:1"),
        227,
        False,
        _cubic(8.08),
        (("A", 8, (0, 0, 0)), ("B", 16, (0.625, 0.625, 0.625)), ("X", 32, (0.3876, 0.3876, 0.3876))),
    ),
    "corundum": Prototype(
        "R -3 c:H",
        ("R -3 c H", "R -3 c :H", "R-3c:H", "R-3cH"),
        167,
        False,
        (4.76, 4.76, 12.99, 90.0, 90.0, 120.0),
        (("A", 12, (0, 0, 0.352)), ("X", 18, (0.306, 0, 0.25))),
    ),
    "corundum, rhombohedral": Prototype(
        "R -3 c:R",
        ("R -3 c R", "R -3 c :R", "R-3c:R"),
        167,
        False,
        (5.128, 5.128, 5.128, 55.28, 55.28, 55.28),
        (("A", 4, (0.352, 0.352, 0.352)), ("X", 6, (0.556, -0.056, 0.25))),
    ),
    "orthorhombic perovskite": Prototype(
        "P n m a",
        ("Pnma", "P n m a", "P 21/n 21/m 21/a"),
        62,
        True,
        (5.58, 7.65, 5.31, 90.0, 90.0, 90.0),
        (
            ("A", 4, (0.05, 0.25, 0.99)),
            ("B", 4, (0, 0, 0.5)),
            ("X", 4, (0.47, 0.25, 0.08)),
            ("X", 8, (0.29, 0.04, 0.72)),
        ),
    ),
    "orthorhombic perovskite, Pbnm": Prototype(
        "P b n m",
        ("Pbnm", "P b n m"),
        62,
        False,
        (5.31, 5.58, 7.65, 90.0, 90.0, 90.0),
        (
            ("A", 4, (0.99, 0.05, 0.25)),
            ("B", 4, (0.5, 0, 0)),
            ("X", 4, (0.08, 0.47, 0.25)),
            ("X", 8, (0.72, 0.29, 0.04)),
        ),
    ),
    "pyrite": Prototype(
        "P a -3",
        ("Pa-3", "P a 3", "P a -3"),
        205,
        True,
        _cubic(5.42),
        (("A", 4, (0, 0, 0)), ("X", 8, (0.385, 0.385, 0.385))),
    ),
    "anatase": Prototype(
        "I 41/a m d:1",
        ("I 41/a m d S", "I 41/a m d :1"),
        141,
        False,
        (3.785, 3.785, 9.514, 90.0, 90.0, 90.0),
        (("A", 4, (0, 0, 0)), ("X", 8, (0, 0, 0.208))),
    ),
    "triclinic": Prototype(
        "P 1",
        ("P1", "P 1"),
        1,
        True,
        (4.9, 5.3, 6.1, 85.0, 95.0, 101.0),
        (("A", 1, (0.1, 0.1, 0.1)), ("B", 1, (0.6, 0.55, 0.5)), ("X", 1, (0.35, 0.3, 0.8)), ("X", 1, (0.1, 0.7, 0.3))),
    ),
}

_A = "Li Na K Mg Ca Sr Ba La Ce Y Zr Hf Pb Ho Nd Zn Cd Fe Co Ni Mn In Sn V W U"
_B = "Ti Zr Al Cr Fe Mn Ga Sc Nb Ta Rh Si Ge"
_X = "O S Se F Cl Br N H Te I"
ELEMENTS = {"A": tuple(_A.split()), "B": tuple(_B.split()), "X": tuple(_X.split())}


@dataclass(frozen=True)
class Crystal:
    """A prototype with elements in it.

    Attributes
    ----------
    elements : role to element symbol
    scale : factor of the edges
    """

    prototype: Prototype
    elements: dict[str, str]
    scale: float

    @property
    def cell(self) -> tuple[float, ...]:
        a, b, c, *angles = self.prototype.cell
        return (a * self.scale, b * self.scale, c * self.scale, *angles)

    @property
    def counts(self) -> dict[str, int]:
        """Atoms of each element in the cell."""
        total: dict[str, int] = {}
        for role, multiplicity, _ in self.prototype.sites:
            symbol = self.elements[role]
            total[symbol] = total.get(symbol, 0) + multiplicity
        return total

    def operations(self) -> list[str]:
        import gemmi

        group = gemmi.find_spacegroup_by_name(self.prototype.setting)
        return [operation.triplet() for operation in group.operations()]

    def sites(self) -> list[tuple[str, tuple[float, ...]]]:
        """All sites of the cell, by the operations; their number is checked against the multiplicities."""
        import gemmi

        group = gemmi.find_spacegroup_by_name(self.prototype.setting)
        found = []
        for role, multiplicity, start in self.prototype.sites:
            own: list[tuple[float, ...]] = []
            for operation in group.operations():
                place = tuple(x % 1.0 for x in operation.apply_to_xyz(list(start)))
                near = (
                    max(min(abs(x - y), 1 - abs(x - y)) for x, y in zip(place, other, strict=True)) for other in own
                )
                if all(distance > 2e-3 for distance in near):
                    own.append(place)
            if len(own) != multiplicity:
                raise ValueError(f"{self.prototype.setting}: {role} has {len(own)} sites, not {multiplicity}")
            found += [(self.elements[role], place) for place in own]
        return found


def random_crystal(rng, *, most: int = 1000) -> Crystal:
    allowed = [prototype for prototype in PROTOTYPES.values() if prototype.n_sites <= most]
    prototype = rng.choice(allowed)
    roles = {role for role, _, _ in prototype.sites}
    chosen: dict[str, str] = {}
    for role in sorted(roles):
        chosen[role] = rng.choice([symbol for symbol in ELEMENTS[role] if symbol not in chosen.values()])
    return Crystal(prototype, chosen, round(rng.uniform(0.95, 1.15), 3))
