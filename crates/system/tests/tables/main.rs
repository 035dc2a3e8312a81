//! The tables of nodes, results and sources, the same in every database.

mod databases;
mod nodes;
mod results;
mod executions;
mod sources;
mod moved;
