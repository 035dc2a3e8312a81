"""Every package that is installed beside this program has an open-source licence."""

import importlib.metadata

from model import require

# By the names of SPDX, and as older packages write them.
OPEN = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "PSF-2.0"}
OLDER = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "Dual License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Apache Software License": "Apache-2.0",
}


def licences(metadata):
    """What a package says: an expression, a name, or its classifiers."""
    expression = metadata.get("License-Expression") or metadata.get("License") or ""
    if expression and len(expression) < 60:
        return [expression]
    classifiers = [c.split("::")[-1].strip() for c in metadata.get_all("Classifier") or [] if c.startswith("License")]
    return [name for name in classifiers if name != "OSI Approved"]


def is_open(licence):
    """An expression with OR needs one licence that is; one with AND all."""
    if " OR " in licence:
        return any(is_open(part) for part in licence.split(" OR "))
    if " AND " in licence:
        return all(is_open(part) for part in licence.split(" AND "))
    name = licence.strip("() ")
    return OLDER.get(name, name) in OPEN


def main():
    packages = list(importlib.metadata.distributions())
    require(len(packages) > 20, f"only {len(packages)} packages were found")
    for package in packages:
        found = licences(package.metadata)
        require(found and all(map(is_open, found)), f"{package.name} {package.version}: {found}")
    print(f"{len(packages)} packages are open source")


main()
