"""A crystal written as CIF in one of many dialects, with what a reader must make of it."""

from dataclasses import dataclass, field
from functools import reduce
from math import gcd

from fuzzing.prototypes import Crystal, random_crystal

FULL = ("", "", "", "", ".", "1", "1.0", "1.000(2)", "1.00", "1.01", "1.", "?")
NOT_FULL = ("0.995", "0.9", "0.5", "1.2", "0", "-1", "nan", "0.0", "1e400", "1.5(2)", "x", "inf", "1,0", "0.25(1)")
IONS = ("1+", "+", "2+", "3-", "0+", "4+", "2-", "-")
UNKNOWN = ("P 1 x", "Q m -3 m", "F m -3 mm", "unknown", "B b q b", "P 2x/c", "C 9")


@dataclass
class Dialect:
    """One file.

    Attributes
    ----------
    crystals : what it holds, one for each block
    must_refuse : why no reading is right without a word, or an empty text
    """

    text: str
    crystals: list[Crystal]
    must_refuse: str = ""
    notes: list[str] = field(default_factory=list)
    encoding: str = "utf-8"


def random_cif(rng, *, plain: bool = False) -> Dialect:
    """Write a random crystal; a plain file is right in every point, so that a reader must read it."""
    crystal = random_crystal(rng, most=60)
    dialect = Dialect("", [crystal])
    blocks = [_block(rng, dialect, crystal, plain)]
    if not plain and rng.random() < 0.06:
        other = random_crystal(rng, most=30)
        dialect.crystals.append(other)
        blocks.append(_block(rng, Dialect("", [other]), other, True))
        dialect.notes.append("two structures")
    elif not plain and rng.random() < 0.08:
        blocks.insert(rng.randint(0, 1), f"data_{rng.choice(['global', 'x_publ', ''])}\n_journal_year 2001\n")
    text = "\n".join(blocks)
    dialect.text = text if plain else _syntax(rng, dialect, text)
    return dialect


def _block(rng, dialect, crystal, plain) -> str:
    name = rng.choice(["x", "NaCl", "global", "1234567", "a_b"])
    items = [*_names(rng), _cell(rng, dialect, crystal, plain), *_declared(rng, dialect, crystal, plain)]
    items += [_symmetry(rng, dialect, crystal, plain), _sites(rng, dialect, crystal, plain)]
    if not plain:
        rng.shuffle(items)
    return f"data_{name}\n" + "\n".join(item for item in items if item) + "\n"


def _names(rng) -> list[str]:
    return [
        rng.choice(["", "_audit_creation_method 'by hand'", '_chemical_name_common "salt\'s"', "# a comment"]),
        rng.choice(
            ["", "_publ_section_title\n;\n A title, data_ and loop_ in it\n _cell_length_a 3\n;", "_journal_year ?"]
        ),
    ]


def _cell(rng, dialect, crystal, plain) -> str:
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    values = []
    for name, value in zip(names, crystal.cell, strict=True):
        text = f"{value:.4f}"
        draw = rng.random()
        if draw < 0.2:
            text += "(3)"
        elif draw < 0.3 and value == 90:
            text = rng.choice(["90", "90.", "90.0(0)", "'90'"])
        values.append((name, text))
    if not plain and rng.random() < 0.03:
        i = rng.randrange(6)
        bad = rng.choice(["?", ".", "-5", "0", "nan", "abc", "1e6", "1e-5", "inf", "180", "5,4"])
        if not (bad == "180" and i < 3):
            values[i] = (values[i][0], bad)
            dialect.must_refuse = f"{values[i][0]} is {bad}"
    return "\n".join(f"_cell_{name} {text}" for name, text in values)


def _declared(rng, dialect, crystal, plain) -> list[str]:
    draw = rng.random()
    counts = dict(crystal.counts)
    z = reduce(gcd, counts.values())
    if draw < 0.35:
        return []
    unit = {symbol: count // z for symbol, count in counts.items()}
    if not plain and draw < 0.5:
        symbol = rng.choice(list(unit))
        unit = rng.choice(
            [
                {**unit, "H": unit.get("H", 0) + 2},
                {**unit, symbol: unit[symbol] + 1},
                {k: v for k, v in unit.items() if k != symbol},
            ]
        )
        dialect.must_refuse = dialect.must_refuse or f"the declared sum is {unit}"
    text = " ".join(f"{symbol}{count if count > 1 else ''}" for symbol, count in sorted(unit.items()))
    lines = [f"_chemical_formula_sum '{text}'"]
    if rng.random() < 0.5:
        lines.append(f"_cell_formula_units_Z {z}")
    return lines


def _symmetry(rng, dialect, crystal, plain) -> str:
    prototype = crystal.prototype
    symbol_tag = rng.choice(["_symmetry_space_group_name_H-M", "_space_group_name_H-M_alt"])
    operations_tag = rng.choice(["_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz"])
    number_tag = rng.choice(["_symmetry_Int_Tables_number", "_space_group_IT_number"])
    symbol = f"{symbol_tag} '{rng.choice(prototype.symbols)}'"
    number = f"{number_tag} {prototype.number}"
    operations = crystal.operations()
    if not plain and rng.random() < 0.5:
        operations = [_respelled(rng, operation) for operation in operations]
    loop = f"loop_\n{operations_tag}\n" + "\n".join(f"'{operation}'" for operation in operations)
    if rng.random() < 0.2:
        rows = "\n".join(f"{i} '{operation}'" for i, operation in enumerate(operations, 1))
        loop = f"loop_\n{operations_tag.rsplit('_', 2)[0]}_id\n{operations_tag}\n{rows}"
        if operations_tag.startswith("_symmetry"):
            loop = loop.replace("_symmetry_equiv_pos_id", "_symmetry_equiv_pos_site_id").replace(
                "_symmetry_equiv_pos_as_id", "_symmetry_equiv_pos_site_id"
            )
    match rng.randrange(3) if plain else rng.randrange(11):
        case 0:
            return f"{symbol}\n{number}\n{loop}"
        case 1:
            return f"{symbol}\n{loop}"
        case 2:
            return loop
        case 3 | 4:
            return symbol
        case 5:
            import gemmi

            hall = gemmi.find_spacegroup_by_name(prototype.setting).hall
            return f"{rng.choice(['_symmetry_space_group_name_Hall', '_space_group_name_Hall'])} '{hall}'"
        case 6:
            return number
        case 7:
            return f"{symbol}\n{number}"
        case 8:
            dialect.must_refuse = dialect.must_refuse or "a symbol that no table holds"
            return f"{symbol_tag} '{rng.choice(UNKNOWN)}'"
        case 9:
            if prototype.number != 1:
                dialect.must_refuse = dialect.must_refuse or "no symmetry is given"
            return rng.choice(["", f"{symbol_tag} ?", f"{symbol_tag} .", f"{symbol_tag} ''"])
        case _:
            short = prototype.setting.split(":")[0]
            return f"{symbol_tag} '{rng.choice([short, short.replace(' ', ''), short.upper(), short.lower()])}'"


def _respelled(rng, operation) -> str:
    parts = operation.split(",")
    spelled = rng.choice(
        [
            parts,
            [part.upper() for part in parts],
            [f" {part} " for part in parts],
            [f"+{p}" if p[0] in "xyz" else p for p in parts],
        ]
    )
    return ",".join(spelled)


def _sites(rng, dialect, crystal, plain) -> str:
    columns = ["label", "type_symbol", "fract_x", "fract_y", "fract_z"]
    style = "both" if plain else rng.choice(["both", "both", "label", "type", "odd label", "wrong"])
    if style == "label" or style == "odd label":
        columns.remove("type_symbol")
    elif style == "type":
        columns.remove("label")
    has_occupancy = not plain and rng.random() < 0.4
    columns += ["occupancy"] if has_occupancy else []
    columns += rng.choice(
        [[], [], ["U_iso_or_equiv"], ["calc_flag", "adp_type"], ["symmetry_multiplicity", "Wyckoff_symbol"]]
    )
    if not plain and rng.random() < 0.3:
        rng.shuffle(columns)
    ion = rng.choice(IONS) if not plain and rng.random() < 0.2 else ""
    bad = rng.choice(NOT_FULL) if has_occupancy and rng.random() < 0.3 else None
    bad_at = rng.randrange(len(crystal.prototype.sites))
    rows = []
    for i, (role, multiplicity, place) in enumerate(crystal.prototype.sites):
        symbol = crystal.elements[role]
        label = _label(rng, dialect, symbol, i, style)
        kind = symbol + ion if rng.random() < 0.8 or not ion else symbol
        if not plain and rng.random() < 0.03:
            kind = rng.choice([symbol.upper(), symbol.lower(), "'" + symbol + "'"])
        if style == "wrong" and i == 0 and rng.random() < 0.4:
            kind = rng.choice(["?", ".", "Xx", "Q", "Wat", "M", "OH", "NH3", "1"])
            dialect.must_refuse = dialect.must_refuse or f"the type {kind}"
        occupancy = rng.choice(FULL) or "1"
        if bad is not None and i == bad_at:
            occupancy = bad
            dialect.must_refuse = dialect.must_refuse or f"the occupancy {bad}"
        cells = {
            "label": label,
            "type_symbol": kind,
            "occupancy": occupancy,
            "U_iso_or_equiv": "0.0120(4)",
            "calc_flag": "d",
            "adp_type": "Uiso",
            "symmetry_multiplicity": str(multiplicity),
            "Wyckoff_symbol": "a",
            **{f"fract_{axis}": _coordinate(rng, x, plain) for axis, x in zip("xyz", place, strict=True)},
        }
        if not plain and rng.random() < 0.01:
            axis = rng.choice("xyz")
            cells[f"fract_{axis}"] = rng.choice(["?", "nan", "inf", "a", "1e300", "''"])
            dialect.must_refuse = dialect.must_refuse or f"the coordinate {cells[f'fract_{axis}']}"
        separator = rng.choice([" ", " ", "  ", "\t"] + ([] if plain else ["\n"]))
        rows.append(separator.join(cells[column] for column in columns))
    return "loop_\n" + "\n".join(f"_atom_site_{column}" for column in columns) + "\n" + "\n".join(rows) + "\n"


def _label(rng, dialect, symbol, i, style) -> str:
    if style != "odd label":
        return f"{symbol}{i + 1}"
    label = rng.choice(
        [
            symbol,
            f"{symbol}{i}A",
            f"{symbol}({i})",
            f"{symbol}{i}'",
            f"{symbol}_{i}",
            f"{symbol}1+",
            f"{symbol.upper()}{i}",
        ]
    )
    if i == 0 and rng.random() < 0.25:
        label = rng.choice(["Wat", "OH1", "VA", "HO2", "NH3", "M1", "T2", "X", "Q1", "1", "Cation", "Metal"])
        dialect.must_refuse = dialect.must_refuse or f"the label {label}"
    return f'"{label}"' if "'" in label else label


def _coordinate(rng, value, plain) -> str:
    text = f"{value:.4f}" if value != int(value) or rng.random() < 0.5 else f"{value:g}"
    if plain:
        return text
    draw = rng.random()
    if draw < 0.2 and "." in text:
        return text + "(3)"
    if draw < 0.3 and text.startswith("0."):
        return text[1:]
    if draw < 0.35 and not text.startswith("-"):
        return "+" + text
    if draw < 0.4:
        return f"{value:.6e}"
    if draw < 0.5 and value in (0.25, 0.5, 0.125):
        return f"{value:.3f}0000"
    return text


def _syntax(rng, dialect, text) -> str:
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        match rng.randrange(9):
            case 0:
                text = text.replace("\n", "\r\n")
            case 1:
                dialect.encoding, text = "latin-1", text.lstrip("\ufeff")
                text = text.replace("data_", "# Müller, Åström\ndata_", 1)
            case 2:
                text = text.replace("loop_", rng.choice(["LOOP_", "Loop_"])).replace(
                    "data_", rng.choice(["DATA_", "Data_"])
                )
            case 3:
                text = text.replace("_cell_length_a", "_CELL_LENGTH_A").replace(
                    "_atom_site_fract_x", "_atom_site_Fract_x"
                )
            case 4:
                text = "\n".join(
                    line + ("  # comment" if line and line[0] not in ";'" and "'" not in line else "")
                    for line in text.split("\n")
                )
                text = text if "\n;" not in text else text.replace("  # comment", "")
            case 5:
                text = "\ufeff" + text if dialect.encoding == "utf-8" else text
            case 6:
                text = "#\\#CIF_1.1\n" + text + "\n#END\n"
            case 7:
                text = text.rstrip("\n")
            case _:
                text = text.replace("\n", "\n\n").replace(";\n\n", ";\n") if "\n;" not in text else text
    return text
