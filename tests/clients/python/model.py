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


def root_argument():
    """The root of the service: the one argument of each script, with a slash at its end."""
    require(len(sys.argv) == 2 and sys.argv[1].endswith("/"), "give the root of the service, with a slash")
    return sys.argv[1]
