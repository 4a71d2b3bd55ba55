//! The figures of a page, read back from the tables beneath its charts.

use std::collections::BTreeSet;

/// Figures are rounded to at least two digits.
const ROUNDED: f64 = 0.06;

/// The tables of figures of a page, by the title of their chart, markup taken off. It remembers which were looked at.
pub struct Tables {
    pub found: Vec<(String, Vec<Vec<String>>)>,
    pub seen: BTreeSet<String>,
}

impl Tables {
    pub fn of(page: &str) -> Self {
        let mut found = Vec::new();
        for part in page.split("<summary>Figures of ").skip(1) {
            let title =
                part.split("</summary>").next().unwrap_or_default().trim_matches(['“', '”']).to_owned();
            let body = part.split_once("<tbody>").and_then(|(_, rest)| rest.split_once("</tbody>"));
            let (body, _) = body.expect("every chart has a table");
            let rows = body.split("<tr>").skip(1).map(|row| {
                row.split("</t")
                    .filter_map(|cell| {
                        Some(cell[cell.find("<t")?..].replace("<bdi>", "").replace("</bdi>", ""))
                    })
                    .map(|cell| cell[cell.find('>').map_or(0, |at| at + 1)..].to_owned())
                    .collect()
            });
            found.push((title, rows.collect()));
        }
        Self { found, seen: BTreeSet::new() }
    }

    pub fn get(&mut self, title: &str) -> Vec<Vec<String>> {
        self.seen.insert(title.to_owned());
        let found = self.found.iter().find(|(known, _)| known == title);
        found.unwrap_or_else(|| panic!("no chart is called {title}")).1.clone()
    }

    /// The row that begins with this name, and no other may.
    pub fn row(&mut self, title: &str, name: &str) -> Vec<String> {
        let mut rows = self.get(title);
        rows.retain(|row| row[0] == name);
        assert_eq!(rows.len(), 1, "{title}: {name}");
        rows.remove(0)
    }
}

/// What a figure says, in nanoseconds, bytes, or as a plain number.
pub fn figure(text: &str) -> f64 {
    let end = text.find(|c: char| !(c.is_ascii_digit() || ".-+".contains(c))).unwrap_or(text.len());
    let size = match text[end..].trim() {
        "" | "x" | "ns" | "B" => 1.0,
        "%" => 0.01,
        "µs" | "k" => 1e3,
        "ms" | "M" => 1e6,
        "s" | "G" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1048576.0,
        "GiB" => 1073741824.0,
        unit => panic!("{unit} in {text}"),
    };
    text[..end].parse::<f64>().unwrap_or_else(|_| panic!("{text} is no figure")) * size
}

/// Ends the test unless a column of the row shows this value.
#[track_caller]
pub fn shows(row: &[String], column: usize, exact: f64) {
    let shown = figure(&row[column]);
    let near = (shown - exact).abs() <= ROUNDED * exact.abs() || (shown - exact).abs() < 0.006;
    assert!(near, "{row:?} column {column} shows {shown}, the record has {exact}");
}
