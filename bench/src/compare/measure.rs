//! One round of all measurements, the baseline and Nextlink in turn.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use nextlink_sample::big;
use serde_json::Value;

use super::process::{Cores, Server, measure};
use crate::source::Source;
use crate::tables::{PAGE_ORDERS, PAGE_ROWS};

const SERVICE: &str = "/api/odata4/bench";
const KEY_CONNECTIONS: usize = 64;
/// All rows in groups: what the bare server asks by a statement.
const GROUPS: &str =
    "/Rows?$apply=groupby((Day),aggregate(Amount%20with%20sum%20as%20Total,$count%20as%20Count))";
/// Column that no index serves.
const UNSORTED: &str = "Amount";
/// First pages of each set in a round.
const FIRST_PAGES: usize = 5;
/// Rows that `$skip` passes over at most: few, as a database reads what it skips.
const SKIPPED_ROWS: u64 = 1_000;

/// What is measured, and with what.
pub(super) struct Setting {
    /// This program, which holds all others.
    pub(super) programs: PathBuf,
    pub(super) source: Source,
    /// A file that raw scans may write.
    pub(super) scratch: PathBuf,
    pub(super) cores: Cores,
    /// Seconds of each load.
    pub(super) seconds: f64,
    pub(super) bare: Server,
    pub(super) nextlink: Server,
}

/// A figure of the baseline and the same one of Nextlink.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) baseline: f64,
    pub(super) nextlink: f64,
}

/// The figures of one round.
#[derive(Debug, Clone)]
pub(super) struct Round {
    /// Requests a second.
    pub(super) key: Pair,
    /// Milliseconds, some orders with their items.
    pub(super) orders: Pair,
    /// Milliseconds, all rows in groups.
    pub(super) groups: Pair,
    /// Milliseconds, the page found by a filter on the key.
    pub(super) page: Pair,
    /// Milliseconds, the page found by `$skip`.
    pub(super) skipped_page: Pair,
    /// Seconds: raw scan, and all rows by links.
    pub(super) export: Pair,
    /// Seconds: links of the bare server, and of Nextlink.
    pub(super) export_by_links: Pair,
    /// Milliseconds: page 2 and page 900 of Nextlink.
    pub(super) depth: Pair,
    /// Milliseconds: first page of the small set and of the large one, both of Nextlink.
    pub(super) first_page: Pair,
    /// Seconds: raw sorted scan into a file, and all rows by links in that order.
    pub(super) sorted: Pair,
    /// Seconds: raw sorted scan that is only counted, and all rows by links in that order.
    pub(super) sorted_unwritten: Pair,
    /// Megabytes: the greatest resident memory of the bare server and of Nextlink so far.
    pub(super) memory: Pair,
}

impl Setting {
    /// How many rows there are, and how the two servers' answers differ, if they do: every row of an export, a page,
    /// and orders with items.
    pub(super) fn difference(&self) -> anyhow::Result<(u64, Option<String>)> {
        let raw = measure(self.raw().arg("--check"))?;
        let rows = raw["rows"].as_u64().context("no number of rows")?;
        let bare = measure(self.follow(&self.bare.url("/all")).arg("--check"))?;
        let nextlink = measure(self.export("Rows").arg("--check"))?;
        for (name, export) in [("the bare server", bare), ("Nextlink", nextlink)] {
            for part in ["rows", "bytes", "crc32"] {
                if raw[part] != export[part] {
                    let text = format!("{part} of {name}: {} instead of {}", export[part], raw[part]);
                    return Ok((rows, Some(text)));
                }
            }
        }
        let after = rows / 2;
        let order = rows / big::ROWS_AN_ORDER / 2;
        for (what, bare, nextlink) in [
            (format!("rows after {after}"), format!("/page/{after}"), page_path(&after.to_string())),
            (format!("orders after {order}"), format!("/orders/{order}"), orders_path(&order.to_string())),
        ] {
            let page = |url: &str| measure(self.follow(url).args(["--check", "--pages", "1"]));
            let (bare, nextlink) = (page(&self.bare.url(&bare))?, page(&self.nextlink.url(&nextlink))?);
            if bare["crc32"] != nextlink["crc32"] {
                return Ok((rows, Some(what)));
            }
        }
        Ok((rows, None))
    }

    /// Measures everything once.
    pub(super) fn round(&self, ids: u64) -> anyhow::Result<Round> {
        let after = ids.saturating_sub(PAGE_ROWS as u64).max(1);
        let key = self.load(
            &self.bare.url("/key/{id}"),
            &self.nextlink.url(&format!("{SERVICE}/Rows({{id}})")),
            &[("--connections", KEY_CONNECTIONS as u64), ("--ids", ids)],
            "requests_per_second",
        )?;
        let bare_page = self.bare.url("/page/{id}");
        let one = |ids| [("--connections", 1), ("--ids", ids)];
        let page = self.load(&bare_page, &self.nextlink.url(&page_path("{id}")), &one(after), "p50_ms")?;
        let last_orders = (ids / big::ROWS_AN_ORDER).saturating_sub(PAGE_ORDERS as u64).max(1);
        let orders = self.load(
            &self.bare.url("/orders/{id}"),
            &self.nextlink.url(&orders_path("{id}")),
            &one(last_orders),
            "p50_ms",
        )?;
        let groups = self.load(
            &self.bare.url("/groups"),
            &self.nextlink.url(&[SERVICE, GROUPS].concat()),
            &one(1),
            "p50_ms",
        )?;
        let skipped = self.nextlink.url(&format!("{SERVICE}/Rows?$top={PAGE_ROWS}&$skip={{id}}"));
        let skipped_page = self.load(&bare_page, &skipped, &one(after.min(SKIPPED_ROWS)), "p50_ms")?;

        self.nextlink.wait_until_idle()?;
        let raw = number(&measure(&mut self.raw())?, "seconds")?;
        let by_links = number(&measure(&mut self.follow(&self.bare.url("/all")))?, "seconds")?;
        let export = measure(&mut self.export("Rows"))?;
        let seconds = number(&export, "seconds")?;
        let depth = Pair {
            baseline: number(&export, "page_2_ms")?,
            // Absent from small sets.
            nextlink: number(&export, "page_900_ms").unwrap_or(f64::NAN),
        };
        let first_page = self.first_pages()?;

        let sort =
            |command: &mut Command| number(&measure(command.args(["--order-by", UNSORTED]))?, "seconds");
        let sorted_unwritten = sort(&mut self.raw())?;
        let sorted = sort(self.raw().arg("--out").arg(&self.scratch))?;
        let sorted_export = measure(&mut self.export(&format!("Rows?$orderby={UNSORTED}")))?;
        let sorted_seconds = number(&sorted_export, "seconds")?;
        self.nextlink.wait_until_idle()?;
        Ok(Round {
            key,
            orders,
            groups,
            page,
            skipped_page,
            export: Pair { baseline: raw, nextlink: seconds },
            export_by_links: Pair { baseline: by_links, nextlink: seconds },
            depth,
            first_page,
            sorted: Pair { baseline: sorted, nextlink: sorted_seconds },
            sorted_unwritten: Pair { baseline: sorted_unwritten, nextlink: sorted_seconds },
            memory: Pair { baseline: self.bare.peak_memory_mb()?, nextlink: self.nextlink.peak_memory_mb()? },
        })
    }

    /// First pages of the default size, each from an idle server; medians.
    fn first_pages(&self) -> anyhow::Result<Pair> {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..FIRST_PAGES {
            for (set, times) in ["Small", "Rows"].into_iter().zip(&mut times) {
                self.nextlink.wait_until_idle()?;
                let url = self.nextlink.url(&format!("{SERVICE}/{set}"));
                times.push(number(&measure(self.follow(&url).args(["--pages", "1"]))?, "first_ms")?);
            }
        }
        let [small, large] = times.map(|times| crate::statistics::median(&times));
        Ok(Pair { baseline: small, nextlink: large })
    }

    fn load(
        &self,
        bare: &str,
        nextlink: &str,
        options: &[(&str, u64)],
        figure: &str,
    ) -> anyhow::Result<Pair> {
        let one = |url: &str| {
            let mut command = self.cores.client(&self.programs);
            command.args(["load", url, "--seconds", &self.seconds.to_string()]);
            for (name, value) in options {
                command.args([name, value.to_string().as_str()]);
            }
            number(&measure(&mut command)?, figure)
        };
        let baseline = one(bare)?;
        self.nextlink.wait_until_idle()?;
        let nextlink = one(nextlink)?;
        self.nextlink.wait_until_idle()?;
        Ok(Pair { baseline, nextlink })
    }

    fn raw(&self) -> Command {
        let mut command = self.cores.server(&self.programs);
        command.arg("raw-limit").arg(self.source.argument());
        command
    }

    fn follow(&self, url: &str) -> Command {
        let mut command = self.cores.client(&self.programs);
        command.args(["follow", url]);
        command
    }

    /// All rows of a path of the service, in pages of the same size as those of the bare server.
    fn export(&self, path: &str) -> Command {
        let mut command = self.follow(&self.nextlink.url(&format!("{SERVICE}/{path}")));
        command.args(["--prefer", &format!("maxpagesize={PAGE_ROWS}")]);
        command
    }
}

/// The statements of the bare server, as URLs.
fn page_path(after: &str) -> String {
    format!("{SERVICE}/Rows?$filter=Id%20gt%20{after}&$top={PAGE_ROWS}")
}

fn orders_path(after: &str) -> String {
    format!("{SERVICE}/Orders?$filter=Id%20gt%20{after}&$top={PAGE_ORDERS}&$expand=Items")
}

fn number(value: &Value, name: &str) -> anyhow::Result<f64> {
    value[name].as_f64().with_context(|| format!("no figure {name} in {value}"))
}
