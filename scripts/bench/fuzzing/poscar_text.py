"""A crystal written as POSCAR in one of many dialects, with what a reader must make of it."""

import numpy as np

from formation_mlp.materials.structure.crystal import lattice_vectors
from fuzzing.prototypes import Crystal, random_crystal

Made = tuple[str, Crystal, str]  # text, truth, and why no reading is right without a word, or ""


def random_poscar(rng, *, plain: bool = False) -> Made:
    """Write a random crystal; a plain file is right in every point, so that a reader must read it."""
    crystal = random_crystal(rng, most=60)
    sites = crystal.sites()
    order = list(crystal.counts)
    grouped = [(symbol, [place for other, place in sites if other == symbol]) for symbol in order]
    if not plain and rng.random() < 0.1:  # an element in two groups
        symbol, places = grouped[0]
        if len(places) > 1:
            grouped = [(symbol, places[:1]), *grouped[1:], (symbol, places[1:])]
    vectors = lattice_vectors(np.array(crystal.cell))
    scale, shown = _scaled(rng, vectors, plain)
    cartesian = rng.random() < 0.3
    symbols, counts = [symbol for symbol, _ in grouped], [len(places) for _, places in grouped]
    reason, title, names = _names(rng, symbols, plain)
    selective = rng.random() < 0.25
    lines = [title, scale, *(" ".join(f"{x:.8f}" for x in row) for row in shown)]
    lines += [names] if names is not None else []
    lines.append("  ".join(map(str, counts)))
    lines += [rng.choice(["Selective dynamics", "selective", "S"])] if selective else []
    lines.append(rng.choice(["Cartesian", "cart", "K", "c"] if cartesian else ["Direct", "direct", "d", "D"]))
    factor = vectors @ np.linalg.inv(shown) if cartesian else None
    for symbol, places in grouped:
        for place in places:
            xyz = np.array(place) @ vectors @ np.linalg.inv(factor) if cartesian else np.array(place)
            end = rng.choice(["", f" {symbol}", ""]) if not selective else rng.choice([" T T T", " F F T", " T F F"])
            lines.append(" ".join(f"{x:.8f}" for x in xyz) + end)
    if not plain:
        lines, reason = _damaged(rng, lines, reason, names is not None, selective, counts)
    text = "\n".join(lines) + rng.choice(["\n", "", "\n\n"])
    if not plain and rng.random() < 0.1:
        text = text.rstrip("\n") + "\n\n" + "\n".join("0.0 0.0 0.0" for _ in sites) + "\n"  # velocities
    return (text.replace("\n", "\r\n") if rng.random() < 0.1 else text), crystal, reason


def _scaled(rng, vectors, plain):
    draw = rng.random()
    if draw < 0.5:
        return "1.0", vectors
    if draw < 0.75:
        return "2.5", vectors / 2.5
    volume = abs(np.linalg.det(vectors))
    return f"{-volume:.10f}", vectors / 1.7


def _names(rng, symbols, plain):
    """Return why the elements are not certain, the title, and the line of names."""
    title = rng.choice(["a title", "", "relaxed 2 GPa", "POSCAR", "x y z w"])
    if plain:
        return "", title or "a title", " ".join(symbols)
    draw = rng.random()
    if draw < 0.55:
        return "", title, " ".join(symbols)
    if draw < 0.7:
        endings = ["_pv", "_sv", "_s", "_h", "_GW", "_3", "/1a2b3c", "_d"]
        return "", title, " ".join(symbol + rng.choice(["", rng.choice(endings)]) for symbol in symbols)
    if draw < 0.8:
        return "", " ".join(symbols), None
    if draw < 0.9:
        return "no elements are named", rng.choice(["a title", "", "Si", "cubic", "1 2 3 4 5 6"]), None
    if draw < 0.95:
        return "another number of names than counts", title, " ".join([*symbols, "Xe"])
    wrong = rng.choice(["Xx", "Q", "A", symbols[0].upper() + "x", "1", "?", "X", "D1"])
    return f"the element {wrong}", title, " ".join([wrong, *symbols[1:]])


def _damaged(rng, lines, reason, has_names, selective, counts):
    draw = rng.random()
    at_counts = 6 if has_names else 5
    first = at_counts + 2 + selective
    match int(draw * 60):
        case 0:
            lines = [
                *lines[:at_counts],
                " ".join(["999999999", *lines[at_counts].split()[1:]]),
                *lines[at_counts + 1 :],
            ]
            reason = "999,999,999 atoms"
        case 1:
            lines, reason = lines[:-1], "a site is missing"
        case 2:
            lines = [*lines[:first], "0.1 0.2", *lines[first + 1 :]]
            reason = "a coordinate is missing"
        case 3:
            bad = rng.choice(["nan", "inf", "x", "1e400"])
            lines = [*lines[:first], f"{bad} 0.2 0.3", *lines[first + 1 :]]
            reason = f"the coordinate {bad}"
        case 4:
            lines = [lines[0], rng.choice(["0", "nan", "x", "-0", "inf", "1e9", "1e-9", ""]), *lines[2:]]
            reason = "the scale"
        case 5:
            lines = [*lines[:3], lines[2], *lines[4:]]
            reason = "two lattice vectors are the same"
        case 6:
            bad = rng.choice(["-1", "0", "1.5", "x", "1e3"])
            lines = [*lines[:at_counts], " ".join([bad, *lines[at_counts].split()[1:]]), *lines[at_counts + 1 :]]
            reason = f"the count {bad}"
        case 7:
            lines, reason = lines[: rng.randint(0, first)], "it ends early"
        case 8:
            lines = [*lines[:first], lines[first + 1], *lines[first + 1 :]]
            reason = "two atoms in one place"
        case 9:
            lines = [lines[0], lines[1], "1e6 0 0", *lines[3:]]
            reason = "an edge of 1e6 angstrom"
    return lines, reason
