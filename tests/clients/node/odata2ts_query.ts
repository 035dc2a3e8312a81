// Reads orders through the classes that odata2ts has made of $metadata: what does not fit the model does not compile.

import { FetchClient } from "@odata2ts/http-client-fetch";
import type { Orders } from "./gen/demoModel";
import { demoService } from "./gen/demoService";

function require_(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

export async function read(root: string): Promise<string> {
  const service = new demoService(new FetchClient(), root.replace(/\/$/, ""));
  const counted = await service.Orders().query((builder) => builder.count().top(0));
  const count = Number(counted.data["@odata.count"]);
  require_(count > 100 && counted.data.value.length === 0, `the count is ${count}`);

  const found = await service.Orders().query((builder, order) =>
    builder
      .select("OrderId", "CustomerId", "Freight")
      .filter(order.Freight.gt(5), order.Customer.props.Country.props.Name.startsWith("G"))
      .expand("Customer")
      .orderBy(order.Freight.desc(), order.OrderId.asc())
      .count()
      .skip(1)
      .top(5),
  );
  const rows = found.data.value;
  require_(rows.length === 5, `${rows.length} rows`);
  for (const [at, row] of rows.entries()) {
    require_(row.Freight > 5 && row.CustomerId === row.Customer?.CustomerId, JSON.stringify(row));
    require_(at === 0 || rows[at - 1].Freight >= row.Freight, "the order");
  }

  const first = rows[0].OrderId;
  const one: Orders = (await service.Orders(first).query()).data;
  require_(one.OrderId === first && one.Freight === rows[0].Freight, JSON.stringify(one));
  const items = (await service.Orders(first).OrderItems().query()).data.value;
  require_(items.length > 0 && items.every((item) => item.OrderId === first), JSON.stringify(items));
  const { OrderId, Line } = items[0];
  const item = (await service.OrderItems({ OrderId, Line }).query()).data;
  require_(item.Line === Line && item.ProductId === items[0].ProductId, JSON.stringify(item));

  const refused = await service.Orders(-1).query().then(() => undefined, (error) => error);
  require_(refused?.status === 404, `an order that is not there: ${refused}`);
  return `odata2ts read order ${first} of ${count}, with ${items.length} items`;
}
