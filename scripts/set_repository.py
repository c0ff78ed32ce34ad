"""Write the address of the public repository wherever it belongs: ``python scripts/set_repository.py https://HOST/OWNER/NAME``.

An empty address takes it out again. The badge of the README expects the workflows to run there.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACES = ("src/formation_mlp/version.py", "pyproject.toml", "CITATION.cff", "conda/recipe.yaml", "README.md")


def with_address(place: str, text: str, url: str) -> str:
    """Return the text of a file with this address of the repository, or without any."""
    if place.endswith("version.py"):
        return re.sub(r'^REPOSITORY = ".*"$', f'REPOSITORY = "{url}"', text, flags=re.MULTILINE)
    if place == "pyproject.toml":
        text = re.sub(r"\[project\.urls\]\n(?:.+\n)+\n", "", text)
        links = {"Repository": url, "Issues": f"{url}/issues", "Changelog": f"{url}/blob/main/CHANGELOG.md"}
        block = "[project.urls]\n" + "".join(f'{name} = "{link}"\n' for name, link in links.items()) + "\n"
        return text.replace("[project.scripts]\n", f"{block if url else ''}[project.scripts]\n")
    if place == "CITATION.cff":
        text = re.sub(r"^repository-code: .*\n", "", text, flags=re.MULTILINE)
        return text.replace("license: MIT\n", f"license: MIT\n{f'repository-code: {url}' + chr(10) if url else ''}", 1)
    if place == "conda/recipe.yaml":
        text = re.sub(r"^  repository: .*\n", "", text, flags=re.MULTILINE)
        return text + (f"  repository: {url}\n" if url else "")
    text = re.sub(r"^\[!\[ci\]\(.*\n\n", "", text, flags=re.MULTILINE)
    workflow = f"{url}/actions/workflows/ci.yml"
    return text.replace("\n\n", f"\n\n[![ci]({workflow}/badge.svg)]({workflow})\n\n", 1) if url else text


def main() -> None:
    """Change the files."""
    if len(sys.argv) != 2 or (sys.argv[1] and not re.fullmatch(r"https://[\w.-]+/\S+[^/\s]", sys.argv[1])):
        sys.exit("error: give one address without a slash at its end, such as https://github.com/OWNER/formation_mlp.")
    for place in PLACES:
        path = ROOT / place
        path.write_text(with_address(place, path.read_text(encoding="utf-8"), sys.argv[1]), encoding="utf-8")
        print(place)


if __name__ == "__main__":
    main()
