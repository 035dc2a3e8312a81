SET client_encoding = 'UTF8';
SET timezone = 'UTC';
BEGIN;
CREATE TABLE "Rows" (
    "Id" bigint NOT NULL PRIMARY KEY,
    "Code" varchar(12) NOT NULL,
    "Name" text NOT NULL,
    "Amount" numeric(12, 2) NOT NULL,
    "Quantity" integer NOT NULL,
    "Rate" double precision NOT NULL,
    "Active" boolean NOT NULL,
    "Created" timestamptz(3) NOT NULL,
    "Day" date NOT NULL,
    "Note" text
);
CREATE TABLE "Small" (LIKE "Rows" INCLUDING ALL);
CREATE TABLE "Orders" (
    "Id" bigint NOT NULL PRIMARY KEY,
    "Customer" text NOT NULL,
    "Placed" timestamptz(0) NOT NULL,
    "Freight" numeric(8, 2) NOT NULL
);
CREATE TABLE "Items" (
    "Id" bigint NOT NULL PRIMARY KEY,
    "OrderId" bigint NOT NULL,
    "Product" text NOT NULL,
    "Quantity" integer NOT NULL,
    "Price" numeric(10, 2) NOT NULL
);
-- rows
CREATE INDEX "ItemsByOrder" ON "Items" ("OrderId");
ALTER TABLE "Items" ADD FOREIGN KEY ("OrderId") REFERENCES "Orders" ("Id") ON DELETE CASCADE;
COMMIT;
VACUUM ANALYZE "Rows", "Small", "Orders", "Items";
