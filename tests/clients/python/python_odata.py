"""Reads the largest set to its last row with python-odata, asks by filter and order, and follows relations."""

from odata import ODataService
from odata.navproperty import NavigationProperty

import model
from model import require


def key_of(entity, key):
    return tuple(getattr(entity, part) for part in key)


def read_all(service, name, key, count):
    """The library follows the next links by itself."""
    keys = [key_of(entity, key) for entity in service.query(service.entities[name])]
    require(len(keys) == count, f"{name}: {len(keys)} rows were read, $count says {count}")
    require(len(set(keys)) == count, f"{name}: {count - len(set(keys))} rows came twice")


def ask(service, name, key):
    """The filter, order and top that the library writes."""
    kind = service.entities[name]
    part = getattr(kind, key[0])
    last = service.query(kind).order_by(part.desc()).first()
    require(last is not None, f"{name}: no last row")
    query = service.query(kind)
    for name_of_part in key:
        query = query.filter(getattr(kind, name_of_part) == getattr(last, name_of_part))
    found = query.all()
    require([key_of(row, key) for row in found] == [key_of(last, key)], f"{name}: {found} by the key of {last}")
    again = service.query(kind).get(*key_of(last, key)) if len(key) == 1 else last
    require(key_of(again, key) == key_of(last, key), f"{name}: get() gave {again}")


def follow(service, sets, name):
    """Reads each relation of the first row twice, by its link and expanded; returns how many were not empty."""
    kind = service.entities[name]
    first = service.query(kind).first()
    followed = 0
    members = [member for base in kind.__mro__ for member in vars(base).values()]
    for relation in [member for member in members if isinstance(member, NavigationProperty)]:
        target = next(n for n, entity in service.entities.items() if issubclass(entity, relation.entitycls))
        linked = getattr(first, relation.name)
        if not linked:
            continue  # The library cannot read an expanded relation that is null.
        expanded = getattr(service.query(kind).expand(relation).first(), relation.name)
        if not relation.is_collection:
            expanded, linked = [expanded], [linked]
        by_link, by_expand = ([key_of(e, sets[target]) for e in entities] for entities in (linked, expanded))
        require(by_link == by_expand, f"{name}/{relation.name}: {by_link} by its link, {by_expand} expanded")
        followed += 1
    return followed


def check(root):
    sets = model.sets(root)
    service = ODataService(root, reflect_entities=True, quiet_progress=True)
    require(set(sets) <= set(service.entities), f"python-odata knows only {sorted(service.entities)}")
    counts = {name: model.count(root, name) for name in sets}
    largest = max(counts, key=counts.get)
    read_all(service, largest, sets[largest], counts[largest])
    followed = 0
    for name in sets:
        ask(service, name, sets[name])
        followed += follow(service, sets, name)
    require(followed > 0, "no relation was followed")
    print(f"read {counts[largest]} rows of {largest}, and followed {followed} relations of {len(sets)} sets")


for service_root in model.root_arguments():
    check(service_root)
