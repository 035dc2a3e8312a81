//! The scripts of the databases.

/// People in teams, with skills, lines and a boss.
pub const PEOPLE: &str = "
CREATE TABLE Team (Code TEXT NOT NULL PRIMARY KEY, Title TEXT);
CREATE TABLE Person (
    Id INTEGER PRIMARY KEY, Name TEXT NOT NULL, Age INT, Nick TEXT COLLATE NOCASE,
    TeamCode TEXT REFERENCES Team (Code), BossId INTEGER REFERENCES Person (Id));
CREATE TABLE Skill (Id INTEGER PRIMARY KEY, Label TEXT NOT NULL);
CREATE TABLE PersonSkill (
    PersonId INTEGER NOT NULL REFERENCES Person (Id), SkillId INTEGER NOT NULL REFERENCES Skill (Id),
    PRIMARY KEY (PersonId, SkillId));
CREATE TABLE Line (
    PersonId INTEGER NOT NULL REFERENCES Person (Id), No INTEGER NOT NULL, Amount DECIMAL(8,2),
    PRIMARY KEY (PersonId, No));
CREATE TABLE Loose (A TEXT, B INTEGER, V TEXT, TeamCode TEXT REFERENCES Team (Code), PRIMARY KEY (A, B));
CREATE TABLE LooseNote (Id INTEGER PRIMARY KEY, A TEXT, B INTEGER, FOREIGN KEY (A, B) REFERENCES Loose (A, B));

INSERT INTO Team VALUES ('red', 'The Reds'), ('o''hara/1 %', NULL), ('empty', 'Nobody');
INSERT INTO Person VALUES
    (1, 'Ada', 40, 'ace', 'red', NULL),
    (2, 'Bob', 30, 'ACE', 'red', 1),
    (3, 'Cyd', NULL, NULL, 'o''hara/1 %', 1),
    (4, 'Dan', 30, 'dab', NULL, 2),
    (5, 'Eve', NULL, 'Dab', 'nowhere', 4);
INSERT INTO Skill VALUES (1, 'sql'), (2, 'rust'), (3, 'tea');
INSERT INTO PersonSkill VALUES (1, 1), (1, 2), (2, 2), (4, 3);
INSERT INTO Line VALUES (1, 1, 10.5), (1, 2, NULL), (1, 3, 0.1), (2, 1, 7), (4, 1, 2.25), (4, 2, 2.25);
INSERT INTO Loose VALUES ('a', 1, 'ok', 'red'), (NULL, 1, 'no a', 'red'), ('b', NULL, 'no b', 'red'), ('c', 2, 'ok', NULL);
INSERT INTO LooseNote VALUES (1, 'a', 1), (2, 'b', NULL), (3, NULL, 1), (4, 'zz', 9);
";

/// A row of all types, and one with nulls.
pub const VALUES: &str = "
CREATE TABLE One (
    Id INTEGER PRIMARY KEY, T TEXT, N TEXT COLLATE NOCASE, I BIGINT, S SMALLINT, D DOUBLE, P DECIMAL(12,4), F BOOLEAN,
    B BLOB, Day DATE, At DATETIME, Clock TIME, G GUID, H GUID);
INSERT INTO One VALUES (
    1, 'Grüße 日本 😀', 'MiXed', 9223372036854775807, -7, 2.5, -2.5, 1,
    x'00ff10', '2024-02-29', '2024-02-29 23:59:59.250+02:00', '12:34:56.5',
    '0F8FAD5B-D9CB-469F-A165-70867728950E', x'0f8fad5bd9cb469fa16570867728950e');
INSERT INTO One (Id) VALUES (2);
";

/// Values at the edges of their types.
pub const EDGES: &str = "
CREATE TABLE Text (Id INTEGER PRIMARY KEY, V TEXT);
INSERT INTO Text VALUES (1, ''), (2, 'it''s \"50%\" \\ /'), (3, 'a' || char(0) || 'b'),
    (4, char(1) || char(9) || char(10) || char(13) || char(31) || char(127)), (5, '日本語 العربية עברית हिन्दी'),
    (6, '😀👩‍👩‍👧'), (7, NULL), (8, char(8232)), (9, '</script>');
CREATE TABLE Num (Id INTEGER PRIMARY KEY, D DOUBLE, P DECIMAL, I BIGINT, S SMALLINT, Y TINYINT, F BOOLEAN);
INSERT INTO Num VALUES
    (1, 0.1, 0.1, 9223372036854775807, 32767, 255, 1),
    (2, -0.0, -0.5, -9223372036854775808, -32768, 0, 0),
    (3, 9e999, 100000000000000.25, 0, 0, 1, NULL),
    (4, -9e999, 1e14, 9007199254740993, 1, 2, NULL),
    (5, 1e300, 0.000001, 1, 1, 3, NULL),
    (6, 5, 5, 5, 5, 5, 1),
    (7, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE Dated (Id INTEGER PRIMARY KEY, Day DATE, At DATETIME, Clock TIME);
INSERT INTO Dated VALUES
    (1, '0001-01-01', '0001-01-01 00:00:00', '00:00'),
    (2, '9999-12-31', '9999-12-31T23:59:59.999999999999Z', '23:59:59.999999999999'),
    (3, '2024-02-29', '2024-02-29', '12:30:00'),
    (4, NULL, '2024-01-01 12:30', NULL),
    (5, NULL, '2024-01-01T12:30:00.120+05:30', '01:02:03.040'),
    (6, NULL, '2024-01-01 12:30:00-00:30', NULL);
CREATE TABLE Ids (G GUID PRIMARY KEY NOT NULL, H GUID, B BLOB);
INSERT INTO Ids VALUES ('0F8FAD5B-D9CB-469F-A165-70867728950E', x'0f8fad5bd9cb469fa16570867728950e', x'00fffb');
INSERT INTO Ids VALUES ('1f8fad5b-d9cb-469f-a165-70867728950e', NULL, x'');
CREATE TABLE Keyed (K TEXT NOT NULL, At DATETIME NOT NULL, P DECIMAL(9,2) NOT NULL, PRIMARY KEY (K, At, P));
INSERT INTO Keyed VALUES ('a''b/c?d#e%f&g+h ü', '2024-01-01 00:00:00+01:00', 1.5);
CREATE TABLE Part (Id INTEGER PRIMARY KEY, K TEXT, At DATETIME, P DECIMAL(9,2),
    FOREIGN KEY (K, At, P) REFERENCES Keyed (K, At, P));
INSERT INTO Part SELECT 1, K, At, P FROM Keyed;
INSERT INTO Part SELECT 2, K, At, P FROM Keyed;
";
