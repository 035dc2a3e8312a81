//! The tables of nodes and results, the same in every database.

mod databases;
mod nodes;
mod results;
mod executions;
