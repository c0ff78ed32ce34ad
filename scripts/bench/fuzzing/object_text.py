"""Crystals as pymatgen JSON and as extended XYZ, right and wrong; hostile files."""

import json

import numpy as np

CANARY = "a_module_that_a_structure_names"
HOSTILE_JSON = (
    *("null", "[]", "{}", "3", '"x"', '{"@module": "antigravity", "@class": "y"}', '{"lattice": null, "sites": null}'),
    *("[" * 200_000, '{"sites":' * 100_000, '{"lattice": {"matrix": [[1,0,0],[0,1,0],[0,0,1]]}, "sites": []}'),
    *('{"lattice": {"matrix": [[1e400,0,0],[0,1,0],[0,0,1]]}, "sites": [{"species": [{"element": "H", "occu": 1}]}]}',),
)
HOSTILE_TEXT = (
    *(
        "",
        "\0",
        "data_",
        "data_\n",
        "loop_\n" * 1000,
        "data_x\nloop_\n_atom_site_label\n" + "H1\n" * 200_000,
        ";" * 100_000,
    ),
    *(
        "\n" * 100_000,
        "x\n1.0\n1 0 0\n0 1 0\n0 0 1\nH\n999999999\nDirect\n0 0 0\n",
        "data_x\n_cell_length_a " + "9" * 100_000,
    ),
    *(
        "data_x\n" + "_a '" + "x" * 1_000_000,
        "\ud800",
        "data_" + "x" * 1_000_000,
        "<html>404</html>",
        "%PDF-1.4\n%\xe2\xe3",
    ),
    *("save_x\n" * 1000, "data_a\ndata_a\n", "1\n" * 20, "[" * 100_000, "'" * 10_001, "#" * 1_000_000, "1e400\n" * 10),
)


def as_fields(crystal):
    from pymatgen.core import Lattice, Structure

    sites = crystal.sites()
    lattice = Lattice.from_parameters(*crystal.cell)
    return Structure(lattice, [symbol for symbol, _ in sites], [place for _, place in sites]).as_dict()


def change_fields(rng, fields) -> str:
    """Change something in a pymatgen dictionary; return why it must be refused, or an empty text."""
    sites = fields.get("sites")
    if (
        not isinstance(sites, list)
        or not sites
        or not all(isinstance(one, dict) and one.get("species") for one in sites)
    ):
        return ""  # an earlier change spoiled them
    site = rng.choice(sites)
    hostile = {"@module": rng.choice(["antigravity", "this", CANARY, "turtledemo"]), "@class": "y"}
    match rng.randrange(16):
        case 0:
            site["properties"] = {"x": hostile}
        case 1:
            fields["properties"] = {"a": [hostile]}
        case 2:
            fields["@module"], fields["@class"] = hostile["@module"], "Structure"
        case 3:
            site.pop("xyz", None)
        case 4:
            for one in fields["sites"]:
                one["label"] = "a"
        case 5:
            fields["charge"] = rng.choice([0, None, 1])
        case 6:
            site["species"] = [{"element": site["species"][0]["element"], "oxidation_state": 2, "occu": 1}]
        case 7:
            occupancy = rng.choice([0.5, 0, -1, 1.2, "1", None, float("nan"), 1e400, [1], {}])
            site["species"][0]["occu"] = occupancy
            return f"the occupancy {occupancy!r}"
        case 8:
            element = rng.choice(["X", "Q", "Vac", None, 3, "", "fe", ["Fe"], "D"])
            site["species"][0]["element"] = element
            return f"the element {element!r}"
        case 9:
            place = rng.choice(
                [[0.1, 0.2], [None] * 3, ["a", "b", "c"], [float("nan")] * 3, [1e400] * 3, "abc", 3, [[0.1] * 3]]
            )
            site["abc"] = place
            return f"the coordinates {place!r}"
        case 10:
            bad = rng.choice(
                [
                    None,
                    [],
                    [[1, 0, 0]],
                    [[0] * 3] * 3,
                    [[1e6, 0, 0], [0, 1e6, 0], [0, 0, 1e6]],
                    "x",
                    [[float("nan")] * 3] * 3,
                ]
            )
            fields["lattice"] = {"matrix": bad}
            return f"the lattice {bad!r}"
        case 11:
            site["species"] = []
            return "a site without species"
        case 12:
            fields["sites"].append(json.loads(json.dumps(site)))
            return "two atoms in one place"
        case 13:
            fields["sites"].append({"species": [{"element": hostile, "occu": 1}], "abc": [0.123, 0.2, 0.3]})
            return "an element that is an object"
        case 14:
            key = rng.choice(list(fields))
            fields[key] = rng.choice([None, 3, "x", [], {}, hostile])
            return "" if key in ("charge", "@module", "@class", "properties") else f"the key {key}"
        case _:
            del fields[rng.choice([key for key in fields if key not in ("sites", "lattice")])]
    return ""


def swapped(rng, lines, at):
    words = lines[at].split(" ")
    if len(words) > 1:
        i = rng.randrange(len(words) - 1)
        words[i], words[i + 1] = words[i + 1], words[i]
    return [*lines[:at], " ".join(words), *lines[at + 1 :]]


def xyz_frame(rng, crystal):
    from formation_mlp.materials.structure.crystal import lattice_vectors

    vectors = lattice_vectors(np.array(crystal.cell))
    sites = crystal.sites()
    lattice = " ".join(f"{x:.8f}" for x in vectors.ravel())
    n, pbc, reason = len(sites), "T T T", ""
    rows = [f"{symbol} {' '.join(f'{x:.8f}' for x in np.array(place) @ vectors)}" for symbol, place in sites]
    match rng.randrange(14):
        case 0:
            pbc, reason = "T T F", "it is not periodic"
        case 1:
            lattice, reason = "", "it has no lattice"
        case 2:
            n, reason = n + 1, "a site is missing"
        case 3:
            rows[0], reason = "Xx " + rows[0].split(" ", 1)[1], "the element Xx"
        case 4:
            rows[0], reason = rows[0].rsplit(" ", 1)[0] + " nan", "a coordinate nan"
        case 5:
            n, reason = 999_999_999, "999,999,999 atoms"
        case 6:
            rows[0], reason = rows[1], "two atoms in one place"
    comment = f'Lattice="{lattice}" ' if lattice else ""
    return f'{n}\n{comment}Properties=species:S:1:pos:R:3 pbc="{pbc}" energy=-1.0\n' + "\n".join(rows) + "\n", reason
