"""What the scripts know about a service: nothing but what its own documents say."""

import sys
import xml.etree.ElementTree as ElementTree

import requests

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def sets(root):
    """Names of the entity sets and their key properties: {set: [property, ...]}."""
    answer = requests.get(root + "$metadata", headers={"Accept": "application/xml"})
    require(answer.status_code == 200, f"$metadata: status {answer.status_code}: {answer.text}")
    tree = ElementTree.fromstring(answer.content)
    keys = {}
    for schema in tree.iter(EDM + "Schema"):
        for entity in schema.iter(EDM + "EntityType"):
            names = [ref.get("Name") for ref in entity.iter(EDM + "PropertyRef")]
            keys[schema.get("Namespace") + "." + entity.get("Name")] = names
    return {s.get("Name"): keys[s.get("EntityType")] for s in tree.iter(EDM + "EntitySet")}


def count(root, name):
    """What $count says of a set."""
    answer = requests.get(f"{root}{name}/$count")
    require(answer.status_code == 200, f"{name}/$count: status {answer.status_code}: {answer.text}")
    require(answer.headers["Content-Type"].startswith("text/plain"), f"{name}/$count: {answer.headers}")
    return int(answer.text)


def require(condition, message):
    """Ends the script with exit code 1 and this message unless the condition holds."""
    if not condition:
        sys.exit(f"failed: {message}")


def root_arguments():
    """The roots of services: the arguments of each script, each with a slash at its end."""
    roots = sys.argv[1:]
    require(roots and all(root.endswith("/") for root in roots), "give the roots of services, with a slash")
    return roots
