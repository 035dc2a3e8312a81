// Reads the largest set by its next links with o.js, which keeps no cookie, and asks by its query options.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { argv, cwd } from "node:process";

// The client lies where the script is started, not beside it.
const { o } = createRequire(`${cwd()}/`)("odata");

// Small enough for many pages, and odd, so that the last page is a short one.
const PAGE_ROWS = 149;

const roots = argv.slice(2);
assert.ok(roots.length > 0 && roots.every((root) => root.endsWith("/")), "give the roots of services, with a slash at their end");

/** What $count says of a set. */
async function count(service, name) {
  const answer = await service({ Accept: "text/plain" }).get(`${name}/$count`).fetch();
  assert.equal(answer.status, 200, `${name}/$count`);
  return Number(await answer.text());
}

/** Follows the next links; o.js takes each apart and encodes it anew. */
async function read(service, name) {
  const rows = [];
  const links = new Set();
  let link = name;
  while (link) {
    assert.ok(!links.has(link), `the links go in a circle at ${link}`);
    links.add(link);
    const answer = await service({ Prefer: `odata.maxpagesize=${PAGE_ROWS}` }).get(link).fetch();
    const text = await answer.text();
    assert.equal(answer.status, 200, `${link}: ${text}`);
    const page = JSON.parse(text);
    rows.push(...page.value);
    link = page["@odata.nextLink"];
  }
  return { rows, pages: links.size };
}

/** Reads a service. */
async function check(root) {
  const service = (headers = {}) => o(root, { headers: { Accept: "application/json", ...headers } });
  const document = await service().get("").query();
  const names = document.filter((entry) => (entry.kind ?? "EntitySet") === "EntitySet").map((entry) => entry.name);
  assert.ok(names.length > 3, `the service document names ${names}`);
  const counts = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await count(service, name)])));
  const largest = names.reduce((a, b) => (counts[a] >= counts[b] ? a : b));

  const { rows, pages } = await read(service, largest);
  assert.equal(rows.length, counts[largest], `${largest}: rows`);
  assert.equal(new Set(rows.map((row) => JSON.stringify(row))).size, rows.length, `${largest}: rows came twice`);
  assert.equal(pages, Math.ceil(rows.length / PAGE_ROWS), `${largest}: pages`);
  assert.ok(pages > 2, `${largest} has only ${pages} pages`);

  // The options as o.js writes them: names and values percent-encoded, the dollar too.
  const property = Object.keys(rows[0]).find((name) => typeof rows[0][name] === "number");
  const value = rows[0][property];
  const query = { $filter: `${property} eq ${value}`, $select: property, $count: true };
  const filtered = await service().get(largest).query(query);
  const expected = rows.filter((row) => row[property] === value).map((row) => ({ [property]: row[property] }));
  // Of an entity whose key is not told its identifier is.
  const told = filtered.map(({ "@odata.id": _, ...properties }) => properties);
  assert.deepEqual(told, expected.slice(0, filtered.length), `${largest} where ${query.$filter}`);
  assert.ok(filtered.length > 0, `${largest} where ${query.$filter}`);
  const top = await service().get(largest).query({ $top: 3, $skip: 2 });
  assert.deepEqual(top, rows.slice(2, 5), `${largest}, three rows behind two`);

  const refused = await service().get(`${largest}Unknown`).query().catch((answer) => answer);
  assert.equal(refused.status, 404, "an unknown set");
  assert.ok((await refused.json()).error.code, "an unknown set has an OData error");

  console.log(`read ${rows.length} rows of ${largest} in ${pages} pages`);
}

for (const root of roots) {
  await check(root);
}
