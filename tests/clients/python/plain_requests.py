"""Reads every set by its next links with `requests.get`: no session, so no cookie and no kept connection."""

import requests

import model
from model import require

# Small enough that the larger sets have many pages, and odd, so that the last page is a short one.
PAGE_ROWS = 97


def read(root, name, key, headers):
    """Follows the links of one set; returns the keys of its rows in order, and the number of pages."""
    url, keys, links = root + name, [], []
    while url:
        require(url not in links, f"{name}: the links go in a circle at {url}")
        links.append(url)
        answer = requests.get(url, headers=headers)
        require(answer.status_code == 200, f"{url}: status {answer.status_code}: {answer.text}")
        require(answer.headers["OData-Version"] == "4.0", f"{url}: {answer.headers}")
        page = answer.json()
        require(page["@odata.context"].endswith("$metadata#" + name), f"{url}: {page['@odata.context']}")
        require(page["value"] or "@odata.nextLink" not in page, f"{url}: a next link and no rows")
        keys += [tuple(row[part] for part in key) for row in page["value"]]
        url = page.get("@odata.nextLink")
    again = links[-1]
    require(len(links) == 1 or requests.get(again, headers=headers).json() == page, f"{again}: not the same again")
    return keys, len(links)


def check(root):
    document = requests.get(root).json()
    sets = model.sets(root)
    named = [entry["name"] for entry in document["value"] if entry.get("kind", "EntitySet") == "EntitySet"]
    require(sorted(named) == sorted(sets), f"service document {named}, $metadata {sorted(sets)}")
    rows = pages = 0
    for name, key in sets.items():
        count = model.count(root, name)
        keys, _ = read(root, name, key, {})
        require(len(keys) == count, f"{name}: {len(keys)} rows were read, $count says {count}")
        require(len(set(keys)) == count, f"{name}: {count - len(set(keys))} rows came twice")
        paged, page_count = read(root, name, key, {"Prefer": f"odata.maxpagesize={PAGE_ROWS}"})
        require(paged == keys, f"{name}: other rows, or another order, in pages of {PAGE_ROWS}")
        require(page_count >= -(-count // PAGE_ROWS), f"{name}: {count} rows in {page_count} pages")
        rows, pages = rows + count, pages + page_count
    require(pages > len(sets), "no set has more than one page, so no link was followed")
    print(f"read {rows} rows of {len(sets)} sets twice, in {pages} pages of at most {PAGE_ROWS}")


for service_root in model.root_arguments():
    check(service_root)
