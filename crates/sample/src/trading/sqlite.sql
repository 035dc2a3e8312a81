CREATE TABLE Countries (
    CountryCode CHAR(2) NOT NULL PRIMARY KEY CHECK (length(CountryCode) = 2),
    Name VARCHAR(60) NOT NULL,
    NativeName VARCHAR(60) NOT NULL
) WITHOUT ROWID;

CREATE TABLE Categories (
    CategoryId INTEGER NOT NULL PRIMARY KEY,
    ParentId INTEGER REFERENCES Categories (CategoryId) ON DELETE RESTRICT,
    Name VARCHAR(60) NOT NULL,
    Description TEXT
);
CREATE INDEX CategoriesByParent ON Categories (ParentId);

CREATE TABLE Suppliers (
    SupplierId INTEGER NOT NULL PRIMARY KEY,
    CompanyName VARCHAR(80) NOT NULL,
    ContactName VARCHAR(80),
    Phone VARCHAR(24),
    Street VARCHAR(80) NOT NULL,
    City VARCHAR(60) NOT NULL,
    PostalCode VARCHAR(10),
    CountryCode CHAR(2) NOT NULL REFERENCES Countries (CountryCode) ON DELETE RESTRICT,
    Rating DOUBLE CHECK (Rating BETWEEN 0 AND 5),
    Preferred BOOLEAN NOT NULL DEFAULT 0 CHECK (Preferred IN (0, 1))
);
CREATE INDEX SuppliersByCountry ON Suppliers (CountryCode);

CREATE TABLE Products (
    ProductId INTEGER NOT NULL PRIMARY KEY,
    CatalogueId UUID NOT NULL UNIQUE,
    Gtin CHAR(13) NOT NULL UNIQUE CHECK (length(Gtin) = 13),
    Name VARCHAR(80) NOT NULL,
    NativeName VARCHAR(80),
    Description TEXT,
    UnitSize VARCHAR(20) NOT NULL,
    CategoryId INTEGER NOT NULL REFERENCES Categories (CategoryId) ON DELETE RESTRICT,
    SupplierId INTEGER REFERENCES Suppliers (SupplierId) ON DELETE SET NULL,
    Price DECIMAL(10, 2) NOT NULL CHECK (Price >= 0),
    Stock INTEGER NOT NULL DEFAULT 0 CHECK (Stock >= 0),
    ReorderLevel SMALLINT NOT NULL DEFAULT 10,
    WeightKg DOUBLE,
    Organic BOOLEAN NOT NULL DEFAULT 0 CHECK (Organic IN (0, 1)),
    Discontinued BOOLEAN NOT NULL DEFAULT 0 CHECK (Discontinued IN (0, 1)),
    Available BOOLEAN GENERATED ALWAYS AS (Stock > 0 AND NOT Discontinued) VIRTUAL,
    Thumbnail BLOB,
    AddedOn DATE NOT NULL
);
CREATE INDEX ProductsByCategory ON Products (CategoryId);
CREATE INDEX ProductsBySupplier ON Products (SupplierId);

CREATE TABLE ProductPrices (
    ProductId INTEGER NOT NULL REFERENCES Products (ProductId) ON DELETE CASCADE,
    ValidFrom DATE NOT NULL,
    ValidTo DATE,
    Price DECIMAL(10, 2) NOT NULL CHECK (Price >= 0),
    PRIMARY KEY (ProductId, ValidFrom),
    CHECK (ValidTo IS NULL OR ValidTo >= ValidFrom)
) WITHOUT ROWID;

CREATE TABLE Employees (
    EmployeeId INTEGER NOT NULL PRIMARY KEY,
    GivenName VARCHAR(40) NOT NULL,
    FamilyName VARCHAR(40) NOT NULL,
    Title VARCHAR(60) NOT NULL,
    Email VARCHAR(120) NOT NULL COLLATE NOCASE UNIQUE,
    BirthDate DATE,
    HiredOn DATE NOT NULL,
    ShiftStarts TIME NOT NULL,
    ShiftEnds TIME NOT NULL,
    Salary DECIMAL(9, 2) NOT NULL,
    ReportsTo INTEGER REFERENCES Employees (EmployeeId) ON DELETE SET NULL,
    Photo BLOB
);
CREATE INDEX EmployeesByManager ON Employees (ReportsTo);

CREATE TABLE Territories (
    TerritoryId INTEGER NOT NULL PRIMARY KEY,
    Name VARCHAR(60) NOT NULL,
    CountryCode CHAR(2) NOT NULL REFERENCES Countries (CountryCode) ON DELETE CASCADE
);
CREATE INDEX TerritoriesByCountry ON Territories (CountryCode);

CREATE TABLE EmployeeTerritories (
    EmployeeId INTEGER NOT NULL REFERENCES Employees (EmployeeId) ON DELETE CASCADE,
    TerritoryId INTEGER NOT NULL REFERENCES Territories (TerritoryId) ON DELETE CASCADE,
    PRIMARY KEY (EmployeeId, TerritoryId)
) WITHOUT ROWID;
CREATE INDEX EmployeeTerritoriesByTerritory ON EmployeeTerritories (TerritoryId);

CREATE TABLE Customers (
    CustomerId CHAR(7) NOT NULL PRIMARY KEY CHECK (CustomerId LIKE '__-____'),
    CompanyName VARCHAR(80) NOT NULL,
    ContactName VARCHAR(80),
    Email VARCHAR(120) COLLATE NOCASE,
    Phone VARCHAR(24),
    Street VARCHAR(80) NOT NULL,
    City VARCHAR(60) NOT NULL,
    PostalCode VARCHAR(10),
    CountryCode CHAR(2) NOT NULL REFERENCES Countries (CountryCode) ON DELETE RESTRICT,
    CustomerSince DATE NOT NULL,
    CreditLimit DECIMAL(12, 2) CHECK (CreditLimit >= 0),
    Active BOOLEAN NOT NULL DEFAULT 1 CHECK (Active IN (0, 1)),
    AccountManagerId INTEGER REFERENCES Employees (EmployeeId) ON DELETE SET NULL
);
CREATE INDEX CustomersByCountry ON Customers (CountryCode);
CREATE INDEX CustomersByAccountManager ON Customers (AccountManagerId);

CREATE TABLE Orders (
    OrderId INTEGER NOT NULL PRIMARY KEY,
    CustomerId CHAR(7) NOT NULL REFERENCES Customers (CustomerId) ON DELETE RESTRICT,
    EmployeeId INTEGER REFERENCES Employees (EmployeeId) ON DELETE SET NULL,
    OrderedAt DATETIME NOT NULL,
    RequiredOn DATE,
    DeliverAfter TIME,
    Status VARCHAR(10) NOT NULL DEFAULT 'New'
        CHECK (Status IN ('New', 'Packed', 'Shipped', 'Delivered', 'Cancelled')),
    Freight DECIMAL(8, 2) NOT NULL DEFAULT 0 CHECK (Freight >= 0),
    GiftWrap BOOLEAN NOT NULL DEFAULT 0 CHECK (GiftWrap IN (0, 1)),
    Note TEXT
);
CREATE INDEX OrdersByCustomer ON Orders (CustomerId);
CREATE INDEX OrdersByEmployee ON Orders (EmployeeId);
CREATE INDEX OrdersByTime ON Orders (OrderedAt);

CREATE TABLE OrderItems (
    OrderId INTEGER NOT NULL REFERENCES Orders (OrderId) ON DELETE CASCADE,
    Line SMALLINT NOT NULL CHECK (Line > 0),
    ProductId INTEGER NOT NULL REFERENCES Products (ProductId) ON DELETE RESTRICT,
    Quantity INTEGER NOT NULL CHECK (Quantity > 0),
    UnitPrice DECIMAL(10, 2) NOT NULL CHECK (UnitPrice >= 0),
    Discount DECIMAL(3, 2) NOT NULL DEFAULT 0 CHECK (Discount BETWEEN 0 AND 1),
    -- In whole hundredths, so that halves are rounded up as an exact DECIMAL would have it.
    LineTotal DECIMAL(12, 2) GENERATED ALWAYS AS (
        (Quantity * CAST(round(UnitPrice * 100) AS INTEGER) * (100 - CAST(round(Discount * 100) AS INTEGER)) + 50)
            / 100 / 100.0
    ) STORED,
    PRIMARY KEY (OrderId, Line)
) WITHOUT ROWID;
CREATE INDEX OrderItemsByProduct ON OrderItems (ProductId);

CREATE TABLE Carriers (
    CarrierId INTEGER NOT NULL PRIMARY KEY,
    Name VARCHAR(40) NOT NULL,
    Phone VARCHAR(24)
);

CREATE TABLE Shipments (
    ShipmentId UUID NOT NULL PRIMARY KEY,
    OrderId INTEGER NOT NULL REFERENCES Orders (OrderId) ON DELETE CASCADE,
    CarrierId INTEGER NOT NULL REFERENCES Carriers (CarrierId) ON DELETE RESTRICT,
    TrackingNumber VARCHAR(20),
    ShippedAt DATETIME NOT NULL,
    DeliveredAt DATETIME,
    Parcels SMALLINT NOT NULL DEFAULT 1 CHECK (Parcels > 0),
    WeightKg DOUBLE NOT NULL
);
CREATE INDEX ShipmentsByOrder ON Shipments (OrderId);
CREATE INDEX ShipmentsByCarrier ON Shipments (CarrierId);

CREATE VIEW OrderTotals AS
SELECT o.OrderId, o.CustomerId, o.OrderedAt, count(*) AS Lines, sum(i.Quantity) AS Units,
    round(sum(i.LineTotal), 2) AS Total
FROM Orders AS o JOIN OrderItems AS i ON i.OrderId = o.OrderId
GROUP BY o.OrderId;

CREATE VIEW MonthlySales AS
SELECT substr(o.OrderedAt, 1, 7) AS Month, c.CountryCode, count(DISTINCT o.OrderId) AS Orders,
    round(sum(i.LineTotal), 2) AS Revenue
FROM Orders AS o
JOIN Customers AS c ON c.CustomerId = o.CustomerId
JOIN OrderItems AS i ON i.OrderId = o.OrderId
WHERE o.Status <> 'Cancelled'
GROUP BY 1, 2;

CREATE VIEW ProductsToReorder AS
SELECT ProductId, Name, Stock, ReorderLevel, SupplierId
FROM Products
WHERE Stock <= ReorderLevel AND NOT Discontinued;
