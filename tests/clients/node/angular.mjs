// Reads the largest set with angular-odata, which follows next links by itself, and asks by its query options.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { argv, cwd } from "node:process";
import { pathToFileURL } from "node:url";

// The client lies where the script is started, not beside it.
const require = createRequire(`${cwd()}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
await load("@angular/compiler");
const { createEnvironmentInjector, platformCore, provideZonelessChangeDetection, ɵINJECTOR_SCOPE } = await load("@angular/core");
const { provideHttpClient, withFetch } = await load("@angular/common/http");
const { lastValueFrom } = await load("rxjs");
const { ODataClient, provideODataClient } = await load("angular-odata");

const roots = argv.slice(2);
assert.ok(roots.length > 0 && roots.every((root) => root.endsWith("/")), "give the roots of services, with a slash at their end");

/** A client of a service, made as an application makes it. */
async function client(root) {
  const config = { serviceRootUrl: root, name: "service", version: "4.0" };
  const providers = [provideODataClient({ config }), provideHttpClient(withFetch()), provideZonelessChangeDetection(),
    // What an application is to services that are there once.
    { provide: ɵINJECTOR_SCOPE, useValue: "root" }];
  const odata = createEnvironmentInjector(providers, platformCore().injector).get(ODataClient);
  await odata.initialize();
  return odata;
}

/** All rows of a set, over its next links. */
async function all(odata, name, query = () => {}) {
  const resource = odata.entitySet(name);
  resource.query(query);
  const { entities, annots } = await lastValueFrom(resource.fetchAll({ withCount: true }));
  return { entities, count: annots.count };
}

async function check(root) {
  const odata = await client(root);
  const { entities: orders, count } = await all(odata, "Orders");
  const keys = orders.map((order) => order.OrderId);
  assert.ok(count > 1000, `${root}: the count is ${count}`);
  assert.equal(keys.length, count, `${root}: rows`);
  assert.deepEqual(keys, [...new Set(keys)].sort((a, b) => a - b), `${root}: each once, in order`);
  const some = await all(odata, "Orders", (q) => {
    q.filter({ Freight: { gt: 5 }, Status: "Delivered" });
    q.orderBy([["Freight", "desc"], ["OrderId", "asc"]]);
    q.select(["OrderId", "Freight"]);
    q.expand({ Customer: { select: ["CompanyName"] } });
  });
  const wanted = orders.filter((order) => order.Freight > 5 && order.Status === "Delivered")
    .sort((a, b) => b.Freight - a.Freight || a.OrderId - b.OrderId);
  assert.deepEqual(some.entities.map((order) => order.OrderId), wanted.map((order) => order.OrderId), `${root}: some`);
  assert.equal(some.count, wanted.length);
  assert.ok(some.entities.every((order) => order.Customer.CompanyName), `${root}: customers`);
  console.log(`angular-odata read ${keys.length} orders of ${root}, and ${wanted.length} that it chose`);
}

for (const root of roots) {
  await check(root);
}
