SET NAMES utf8mb4;
SET time_zone = '+00:00';
SET sql_mode = 'STRICT_ALL_TABLES';

CREATE TABLE Countries (
    CountryCode char(2) NOT NULL PRIMARY KEY COMMENT 'ISO 3166-1 alpha-2' CHECK (length(CountryCode) = 2),
    Name varchar(60) NOT NULL,
    NativeName varchar(60) NOT NULL
) CHARACTER SET utf8mb4 COMMENT 'Countries that the company trades with';

CREATE TABLE Categories (
    CategoryId bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    ParentId bigint,
    Name varchar(60) NOT NULL,
    Description text,
    INDEX CategoriesByParent (ParentId),
    FOREIGN KEY (ParentId) REFERENCES Categories (CategoryId) ON DELETE RESTRICT
) CHARACTER SET utf8mb4 COMMENT 'A tree: the goods are in its leaves';

CREATE TABLE Suppliers (
    SupplierId bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    CompanyName varchar(80) NOT NULL,
    ContactName varchar(80),
    Phone varchar(24),
    Street varchar(80) NOT NULL,
    City varchar(60) NOT NULL,
    PostalCode varchar(10),
    CountryCode char(2) NOT NULL,
    Rating double COMMENT 'From 0 to 5, by the buyers' CHECK (Rating BETWEEN 0 AND 5),
    Preferred boolean NOT NULL DEFAULT false,
    INDEX SuppliersByCountry (CountryCode),
    FOREIGN KEY (CountryCode) REFERENCES Countries (CountryCode) ON DELETE RESTRICT
) CHARACTER SET utf8mb4 COMMENT 'Firms that goods are bought from';

CREATE TABLE Products (
    ProductId bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    CatalogueId uuid NOT NULL UNIQUE,
    Gtin char(13) NOT NULL UNIQUE COMMENT 'Article number with its check digit' CHECK (length(Gtin) = 13),
    Name varchar(80) NOT NULL,
    NativeName varchar(80) COMMENT 'The name where the product comes from',
    Description text,
    UnitSize varchar(20) NOT NULL,
    CategoryId bigint NOT NULL,
    SupplierId bigint,
    Price decimal(10, 2) NOT NULL COMMENT 'Today''s price of one unit, without tax' CHECK (Price >= 0),
    Stock bigint NOT NULL DEFAULT 0 CHECK (Stock >= 0),
    ReorderLevel smallint NOT NULL DEFAULT 10,
    WeightKg double,
    Organic boolean NOT NULL DEFAULT false,
    Discontinued boolean NOT NULL DEFAULT false,
    Thumbnail blob COMMENT 'A PNG file',
    AddedOn date NOT NULL,
    INDEX ProductsByCategory (CategoryId),
    INDEX ProductsBySupplier (SupplierId),
    FOREIGN KEY (CategoryId) REFERENCES Categories (CategoryId) ON DELETE RESTRICT,
    FOREIGN KEY (SupplierId) REFERENCES Suppliers (SupplierId) ON DELETE SET NULL
) CHARACTER SET utf8mb4 COMMENT 'What is sold, each size by itself';

CREATE TABLE ProductPrices (
    ProductId bigint NOT NULL,
    ValidFrom date NOT NULL,
    ValidTo date COMMENT 'The last day; null while the price holds',
    Price decimal(10, 2) NOT NULL CHECK (Price >= 0),
    PRIMARY KEY (ProductId, ValidFrom),
    CHECK (ValidTo IS NULL OR ValidTo >= ValidFrom),
    FOREIGN KEY (ProductId) REFERENCES Products (ProductId) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COMMENT 'What each product cost, and costs, from when to when';

CREATE TABLE Employees (
    EmployeeId bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    GivenName varchar(40) NOT NULL,
    FamilyName varchar(40) NOT NULL,
    Title varchar(60) NOT NULL,
    Email varchar(120) NOT NULL,
    BirthDate date,
    HiredOn date NOT NULL,
    ShiftStarts time NOT NULL,
    ShiftEnds time NOT NULL,
    Salary decimal(9, 2) NOT NULL,
    ReportsTo bigint,
    Photo blob,
    INDEX EmployeesByManager (ReportsTo),
    UNIQUE INDEX EmployeesByEmail (Email),
    FOREIGN KEY (ReportsTo) REFERENCES Employees (EmployeeId) ON DELETE SET NULL
) CHARACTER SET utf8mb4 COMMENT 'Who works here, and for whom';

CREATE TABLE Territories (
    TerritoryId bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    Name varchar(60) NOT NULL,
    CountryCode char(2) NOT NULL,
    INDEX TerritoriesByCountry (CountryCode),
    FOREIGN KEY (CountryCode) REFERENCES Countries (CountryCode) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COMMENT 'Cities and the land around them';

CREATE TABLE EmployeeTerritories (
    EmployeeId bigint NOT NULL,
    TerritoryId bigint NOT NULL,
    PRIMARY KEY (EmployeeId, TerritoryId),
    INDEX EmployeeTerritoriesByTerritory (TerritoryId),
    FOREIGN KEY (EmployeeId) REFERENCES Employees (EmployeeId) ON DELETE CASCADE,
    FOREIGN KEY (TerritoryId) REFERENCES Territories (TerritoryId) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COMMENT 'Who looks after which territory';

CREATE TABLE Customers (
    CustomerId char(7) NOT NULL PRIMARY KEY COMMENT 'The country''s code and a number' CHECK (CustomerId LIKE '__-____'),
    CompanyName varchar(80) NOT NULL,
    ContactName varchar(80),
    Email varchar(120),
    Phone varchar(24),
    Street varchar(80) NOT NULL,
    City varchar(60) NOT NULL,
    PostalCode varchar(10),
    CountryCode char(2) NOT NULL,
    CustomerSince date NOT NULL,
    CreditLimit decimal(12, 2) CHECK (CreditLimit >= 0),
    Active boolean NOT NULL DEFAULT true,
    AccountManagerId bigint,
    INDEX CustomersByCountry (CountryCode),
    INDEX CustomersByAccountManager (AccountManagerId),
    FOREIGN KEY (CountryCode) REFERENCES Countries (CountryCode) ON DELETE RESTRICT,
    FOREIGN KEY (AccountManagerId) REFERENCES Employees (EmployeeId) ON DELETE SET NULL
) CHARACTER SET utf8mb4 COMMENT 'Firms that goods are sold to';

CREATE TABLE Orders (
    OrderId bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    CustomerId char(7) NOT NULL,
    EmployeeId bigint COMMENT 'Who took the order; null for the web shop',
    OrderedAt datetime(3) NOT NULL,
    RequiredOn date,
    DeliverAfter time,
    Status varchar(10) NOT NULL DEFAULT 'New' CHECK (Status IN ('New', 'Packed', 'Shipped', 'Delivered', 'Cancelled')),
    Freight decimal(8, 2) NOT NULL DEFAULT 0 CHECK (Freight >= 0),
    GiftWrap boolean NOT NULL DEFAULT false,
    Note text,
    INDEX OrdersByCustomer (CustomerId),
    INDEX OrdersByEmployee (EmployeeId),
    INDEX OrdersByTime (OrderedAt),
    FOREIGN KEY (CustomerId) REFERENCES Customers (CustomerId) ON DELETE RESTRICT,
    FOREIGN KEY (EmployeeId) REFERENCES Employees (EmployeeId) ON DELETE SET NULL
) CHARACTER SET utf8mb4 COMMENT 'What customers ordered';

CREATE TABLE OrderItems (
    OrderId bigint NOT NULL,
    Line smallint NOT NULL CHECK (Line > 0),
    ProductId bigint NOT NULL,
    Quantity bigint NOT NULL CHECK (Quantity > 0),
    UnitPrice decimal(10, 2) NOT NULL CHECK (UnitPrice >= 0),
    Discount decimal(3, 2) NOT NULL DEFAULT 0 COMMENT 'A part of the price: 0.05 is 5 %' CHECK (Discount BETWEEN 0 AND 1),
    PRIMARY KEY (OrderId, Line),
    INDEX OrderItemsByProduct (ProductId),
    FOREIGN KEY (OrderId) REFERENCES Orders (OrderId) ON DELETE CASCADE,
    FOREIGN KEY (ProductId) REFERENCES Products (ProductId) ON DELETE RESTRICT
) CHARACTER SET utf8mb4 COMMENT 'The lines of an order';

CREATE TABLE Carriers (
    CarrierId bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    Name varchar(40) NOT NULL,
    Phone varchar(24)
) CHARACTER SET utf8mb4 COMMENT 'Who brings the parcels';

CREATE TABLE Shipments (
    ShipmentId uuid NOT NULL PRIMARY KEY,
    OrderId bigint NOT NULL,
    CarrierId bigint NOT NULL,
    TrackingNumber varchar(20),
    ShippedAt datetime NOT NULL,
    DeliveredAt datetime,
    Parcels smallint NOT NULL DEFAULT 1 CHECK (Parcels > 0),
    WeightKg double NOT NULL,
    INDEX ShipmentsByOrder (OrderId),
    INDEX ShipmentsByCarrier (CarrierId),
    FOREIGN KEY (OrderId) REFERENCES Orders (OrderId) ON DELETE CASCADE,
    FOREIGN KEY (CarrierId) REFERENCES Carriers (CarrierId) ON DELETE RESTRICT
) CHARACTER SET utf8mb4 COMMENT 'One or two for an order that has left the house';

-- rows
-- A row above would need a value for these.
ALTER TABLE Products ADD COLUMN Available boolean AS (Stock > 0 AND NOT Discontinued) VIRTUAL AFTER Discontinued;
ALTER TABLE OrderItems ADD COLUMN LineTotal decimal(12, 2) AS (round(Quantity * UnitPrice * (1 - Discount), 2)) STORED AFTER Discount;

CREATE VIEW OrderTotals AS
SELECT o.OrderId, o.CustomerId, o.OrderedAt, count(*) AS `Lines`,
    CAST(sum(i.Quantity) AS SIGNED) AS Units, CAST(sum(i.LineTotal) AS DECIMAL(14, 2)) AS Total
FROM Orders AS o JOIN OrderItems AS i ON i.OrderId = o.OrderId
GROUP BY o.OrderId;

CREATE VIEW MonthlySales AS
SELECT date_format(o.OrderedAt, '%Y-%m') AS Month, c.CountryCode, count(DISTINCT o.OrderId) AS Orders,
    CAST(sum(i.LineTotal) AS DECIMAL(14, 2)) AS Revenue
FROM Orders AS o
JOIN Customers AS c ON c.CustomerId = o.CustomerId
JOIN OrderItems AS i ON i.OrderId = o.OrderId
WHERE o.Status <> 'Cancelled'
GROUP BY 1, 2;

CREATE VIEW ProductsToReorder AS
SELECT ProductId, Name, Stock, ReorderLevel, SupplierId
FROM Products
WHERE Stock <= ReorderLevel AND NOT Discontinued;
