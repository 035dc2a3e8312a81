// Shows sets in tables of OpenUI5 with its OData V4 model, in a headless Chromium: growing, scrolling, filter, sort.
//
// Arguments: how requests go out ($direct or $batch), where the page lies (same or other origin), and the roots of services
// with the set Orders, whose key is OrderId.

import assert from "node:assert/strict";
import http from "node:http";
import { createRequire } from "node:module";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, normalize, extname } from "node:path";
import { argv, cwd } from "node:process";

const { chromium } = createRequire(`${cwd()}/`)("playwright-core");

const LIBRARIES = ["sap.ui.core", "sap.m", "sap.ui.table", "sap.ui.unified", "sap.ui.layout"];
const TYPES = { ".js": "text/javascript", ".json": "application/json", ".properties": "text/plain" };
const CHROMIUM = "/usr/bin/chromium";

const [group, origin, ...roots] = argv.slice(2);
assert.ok(["$direct", "$batch"].includes(group) && ["same", "other"].includes(origin) && roots.length > 0, "usage");

const PAGE = `<!doctype html><html><head><meta charset="utf-8"><title>Tables</title>
  <script id="sap-ui-bootstrap" src="/resources/sap-ui-core.js" data-sap-ui-async="true" data-sap-ui-preload=""
    data-sap-ui-theme="base" data-sap-ui-compat-version="edge" data-sap-ui-language="en"></script>
  </head><body class="sapUiBody"><div id="content" style="height:600px"></div></body></html>`;

/** A file of OpenUI5, out of the folder of its library. */
async function resource(path) {
  const name = normalize(path);
  // Themes come as sources and need a build; what is tested needs none.
  if (name.endsWith(".css")) return { type: "text/css", body: "" };
  for (const library of LIBRARIES) {
    const file = join(cwd(), "node_modules/@openui5", library, "src", name);
    const body = await readFile(file).catch(() => undefined);
    if (body !== undefined) return { type: TYPES[extname(name)] ?? "application/octet-stream", body };
  }
  return undefined;
}

/** Passes a request on to a service, so that it has the origin of the page. */
function pass(request, response, to) {
  const url = new URL(request.url, to);
  const { method, headers } = request;
  const onward = http.request(url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", (error) => response.destroy(error));
  request.pipe(onward);
}

/** The site that the page comes from. */
function site(service) {
  const server = http.createServer(async (request, response) => {
    const path = decodeURIComponent(request.url.split("?")[0]);
    if (path.startsWith("/api/")) return pass(request, response, service);
    const found = path === "/" ? { type: "text/html", body: PAGE } : await resource(path.replace(/^\/resources\//, ""));
    response.writeHead(found ? 200 : 404, { "Content-Type": found?.type ?? "text/plain" });
    response.end(found?.body);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** What runs in the page: makes the tables and gives what they show. */
async function show({ service, group }) {
  const load = (...names) => new Promise((resolve, reject) => sap.ui.require(names, (...all) => resolve(all), reject));
  const [Core, ODataModel, Table, Column, Item, Text, Grid, GridColumn, Fixed, Filter, Sorter] = await load(
    "sap/ui/core/Core", "sap/ui/model/odata/v4/ODataModel", "sap/m/Table", "sap/m/Column", "sap/m/ColumnListItem",
    "sap/m/Text", "sap/ui/table/Table", "sap/ui/table/Column", "sap/ui/table/rowmodes/Fixed", "sap/ui/model/Filter",
    "sap/ui/model/Sorter");
  await Core.ready();
  // Without a group it sends batches.
  const direct = group === "$direct" ? { groupId: group } : {};
  const model = new ODataModel({ serviceUrl: service, ...direct, autoExpandSelect: true, operationMode: "Server" });
  const failures = [];
  model.attachDataReceived((event) => event.getParameter("error") && failures.push(String(event.getParameter("error"))));

  /** Waits until a condition holds. */
  const until = async (what, holds) => {
    for (let turn = 0; turn < 600; turn += 1) {
      if (failures.length > 0) throw new Error(`${what}: ${failures}`);
      const found = holds();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited in vain: ${what}`);
  };
  const found = {};

  // What a script may see of an answer.
  const answer = await fetch(`${service}Orders?$select=OrderId&$top=3`, { headers: { Prefer: "odata.maxpagesize=2" } });
  const names = ["OData-Version", "Preference-Applied"];
  found.headers = Object.fromEntries(names.map((name) => [name, answer.headers.get(name)]));

  // A table that grows: rows come as the button for more is pressed.
  const list = new Table({ growing: true, growingThreshold: 30, columns: [new Column(), new Column()] });
  list.setModel(model);
  list.bindItems({
    path: "/Orders",
    parameters: { $count: true },
    template: new Item({ cells: [new Text({ text: "{OrderId}" }), new Text({ text: "{Customer/CompanyName}" })] }),
  });
  list.placeAt("content");
  // It asks for numbers of 64 bits as text.
  const keyOf = (context) => Number(context.getProperty("OrderId"));
  const shown = () => list.getItems().map((item) => keyOf(item.getBindingContext()));
  const companies = () => list.getItems().every((item) => item.getCells()[1].getText());
  const binding = list.getBinding("items");
  await until("the first rows", () => shown().length === 30 && companies());
  found.count = binding.getLength();
  for (const rows of [60, 90]) {
    // The button is shown as soon as the table is no longer busy.
    await until("the button for more", () => document.getElementById(`${list.getId()}-trigger`) && !list.getBusy());
    await window.press(`${list.getId()}-trigger`);
    await until(`${rows} rows`, () => shown().length === rows && companies());
  }
  found.grown = shown();
  // All rows of the binding are shown, with their values.
  const complete = () => {
    const keys = binding.getCurrentContexts().map((context) => context && keyOf(context));
    return keys.length > 0 && keys.every(Number.isFinite) && String(keys) === String(shown()) && companies();
  };
  const change = async (what, act) => {
    let received = false;
    binding.attachEventOnce("dataReceived", () => { received = true; });
    act();
    await until(what, () => received && binding.isLengthFinal() && !list.getBusy() && complete());
    return { rows: shown(), count: binding.getLength() };
  };
  const middle = found.grown[45];
  found.middle = middle;
  found.filtered = await change("a filter", () => binding.filter(new Filter("OrderId", "LE", middle)));
  found.sorted = await change("an order", () => binding.sort(new Sorter("OrderId", true)));
  found.text = await change("a filter of text", () =>
    binding.filter(new Filter({ path: "Customer/CompanyName", operator: "Contains", value1: "a", caseSensitive: false })));
  list.destroy();

  // A table of which only the rows that are seen are there, scrolled to the middle and to the end.
  const grid = new Grid({
    rowMode: new Fixed({ rowCount: 10 }),
    threshold: 40,
    columns: [new GridColumn({ template: new Text({ text: "{OrderId}" }) })],
  });
  grid.setModel(model);
  grid.bindRows({ path: "/Orders", parameters: { $count: true } });
  grid.placeAt("content");
  const seen = () => grid.getRows().map((row) => row.getBindingContext()).filter((context) => context);
  const full = () => seen().length === 10 && seen().map(keyOf);
  found.scrolled = [];
  await until("the rows of the grid", full);
  for (const first of [0, 335, found.count - 10]) {
    grid.setFirstVisibleRow(first);
    const at = () => grid.getRows()[0]?.getBindingContext()?.getIndex() === first && full();
    found.scrolled.push({ first, rows: await until(`row ${first}`, at) });
  }
  grid.destroy();
  return found;
}

/** Keys of orders as a plain request gives them. */
async function keys(root, options) {
  const found = [];
  let link = `${root}Orders?$select=OrderId&${options}`;
  while (link) {
    const answer = await fetch(link);
    assert.equal(answer.status, 200, link);
    const page = await answer.json();
    found.push(...page.value.map((row) => row.OrderId));
    link = page["@odata.nextLink"];
  }
  return found;
}

async function check(browser, root) {
  const server = await site(new URL(root).origin);
  const base = `http://127.0.0.1:${server.address().port}`;
  const service = origin === "same" ? base + new URL(root).pathname : root;
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  const asked = [];
  page.on("request", (request) => request.url().includes("/api/") && asked.push(`${request.method()} ${request.url()}`));
  try {
    // Clicks as a person does.
    await page.exposeFunction("press", (id) => page.locator(`#${id}`).click());
    await page.goto(base);
    await page.waitForFunction("window.sap && sap.ui && sap.ui.require");
    const found = await page.evaluate(show, { service, group });
    const seen = { "OData-Version": "4.0", "Preference-Applied": "odata.maxpagesize=2" };
    assert.deepEqual(found.headers, seen, `${root}: headers that the page sees`);
    const all = await keys(root, "$orderby=OrderId");
    assert.equal(found.count, all.length, `${root}: the count`);
    assert.deepEqual(found.grown, all.slice(0, 90), `${root}: a table that grew`);
    const before = all.filter((key) => key <= found.middle);
    assert.deepEqual(found.filtered, { rows: before.slice(0, 30), count: before.length }, `${root}: a filter`);
    assert.deepEqual(found.sorted, { rows: before.reverse().slice(0, 30), count: before.length }, `${root}: an order`);
    const text = await keys(root, "$orderby=OrderId desc&$filter=contains(tolower(Customer/CompanyName),'a')");
    assert.deepEqual(found.text, { rows: text.slice(0, 30), count: text.length }, `${root}: a filter of text`);
    for (const { first, rows } of found.scrolled) {
      assert.deepEqual(rows, all.slice(first, first + 10), `${root}: scrolled to ${first}`);
    }
    assert.deepEqual(errors, [], root);
    const batches = asked.filter((line) => line.startsWith("POST") && line.includes("$batch")).length;
    assert.equal(batches > 0, group === "$batch", `${root}: ${asked}`);
    return asked.length;
  } catch (error) {
    throw new Error(`${error.message}\n${root} was asked:\n${asked.join("\n")}\n${errors.join("\n")}`, { cause: error });
  } finally {
    await page.close();
    server.close();
  }
}

const profile = await mkdtemp(join(tmpdir(), "chromium-"));
const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args });
try {
  for (const root of roots) {
    const requests = await check(browser, root);
    console.log(`OpenUI5 asked ${root} ${requests} times by ${group} from the ${origin} origin`);
  }
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
