ALTER TABLE results DROP CONSTRAINT results_pkey;
ALTER TABLE results ADD PRIMARY KEY (id, generation);
ALTER TABLE results ADD COLUMN continues_generation bigint;
ALTER TABLE results ADD COLUMN continues_page bigint;
ALTER TABLE results ADD COLUMN header bytea;
