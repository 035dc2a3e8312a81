CREATE TABLE Categories (ID INTEGER PRIMARY KEY, Name VARCHAR(40) NOT NULL, Parent INTEGER REFERENCES Categories (ID));
CREATE TABLE Products (
    ID INTEGER PRIMARY KEY,
    Name VARCHAR(100) NOT NULL,
    Price DECIMAL(10,2),
    Weight DOUBLE,
    Stock BIGINT,
    Active BOOLEAN NOT NULL,
    Made DATE,
    Changed DATETIME,
    Picture BLOB,
    CategoryID INTEGER REFERENCES Categories (ID)
);
CREATE TABLE Words (Word TEXT PRIMARY KEY NOT NULL, Meaning TEXT);
CREATE TABLE Pairs (A INTEGER NOT NULL, B TEXT NOT NULL, Note TEXT, PRIMARY KEY (A, B));
CREATE TABLE "Order Details" (ID INTEGER PRIMARY KEY, "Unit Price" DECIMAL(10,2) NOT NULL, "Product ID" INTEGER NOT NULL REFERENCES Products (ID));
INSERT INTO Categories VALUES (1, 'Tea', NULL), (2, 'Green tea', 1), (3, 'Empty', NULL);
INSERT INTO Products VALUES
    (1, 'Sencha', 12.50, 0.25, 9007199254740993, 1, '2024-02-29', '2024-02-29T12:30:00.125Z', X'00FF10', 2),
    (2, 'Crème & "Sugar"', NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL),
    (3, '日本茶', 0.10, 1e300, -5, 1, '1999-12-31', '1999-12-31T23:59:59Z', X'', 1);
WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
INSERT INTO Products SELECT i, 'Product ' || i, i * 0.25, i / 8.0, i, i % 2, '2024-01-01', '2024-01-01T00:00:00Z', NULL, 1 + i % 2 FROM n;
INSERT INTO Words VALUES ('it''s', 'quote'), ('a/b', 'slash'), ('50%', 'percent'), ('a+b', 'plus'), ('a b', 'space'),
    ('größe', 'latin'), ('日本', 'kanji'), ('', 'empty'), ('%2F', 'percent code'), ('#?&=', 'marks'), ('😀', 'emoji'), ('none', NULL);
INSERT INTO Pairs VALUES (1, 'x', 'one'), (1, 'y', NULL), (2, 'x', 'three');
INSERT INTO "Order Details" VALUES (1, 12.50, 1), (2, 0.10, 3);
