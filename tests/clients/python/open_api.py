"""Checks the OpenAPI documents of services with openapi-spec-validator, and that what they name is there."""

import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

import model
from model import require


def references(value):
    """All `$ref` in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def check(root):
    """The document is valid, its references lead somewhere, and each set and function of the service has its paths."""
    answer = requests.get(root + "$openapi")
    require(answer.status_code == 200, f"{root}$openapi: status {answer.status_code}: {answer.text}")
    require(answer.headers["Content-Type"] == "application/json", f"{root}$openapi: {answer.headers}")
    document = answer.json()
    faults = list(OpenAPIV31SpecValidator(document).iter_errors())
    require(not faults, f"{root}$openapi: {[fault.message for fault in faults][:5]}")
    for reference in set(references(document)):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            require(part in found, f"{root}$openapi: {reference} leads nowhere")
            found = found[part]
    require([server["url"] + "/" for server in document["servers"]] == [root], f"{document['servers']}")
    paths = list(document["paths"])
    for entry in requests.get(root).json()["value"]:
        path = "/" + entry["url"]
        if entry.get("kind") == "FunctionImport":
            # It is called without parameters.
            require(f"{path}()" in paths, f"{root}$openapi has no call of {path}")
            called = requests.get(document["servers"][0]["url"] + path + "()")
            require(called.status_code == 200, f"{path}: {called.text}")
            continue
        require(path in paths and f"{path}/$count" in paths, f"{root}$openapi has no {path}")
        require(any(p.startswith(path + "(") for p in paths), f"{root}$openapi has no key of {path}")
        # The address is as it stands there.
        listed = requests.get(document["servers"][0]["url"] + path, params={"$top": 0})
        require(listed.status_code == 200 and listed.json()["value"] == [], f"{path}: {listed.text}")
    return len(paths)


def main():
    roots = model.root_arguments()
    counts = [check(root) for root in roots]
    print(f"checked {len(roots)} documents with {sum(counts)} paths")


main()
