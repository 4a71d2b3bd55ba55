//! A finished chart with its figures, as part of a page and as a file.

use concbench_text::escape;

/// A chart, ready to be put into a page or a file.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Its file name without the ending, unique in a report.
    pub slug: String,
    /// What it is, in a few words.
    pub title: String,
    /// The question that it answers.
    pub question: String,
    /// How it is to be read, for those who cannot see it.
    pub reading: String,
    /// The width and height, in user units.
    pub size: (i32, i32),
    /// The drawing.
    pub body: String,
    /// The figures that it shows.
    pub table: Table,
}

/// A table of figures.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The heads of the columns; the first column names the row.
    pub columns: Vec<String>,
    /// The rows, each as long as the heads.
    pub rows: Vec<Vec<String>>,
}

/// The heads of a table.
pub fn columns(heads: &[&str]) -> Vec<String> {
    heads.iter().map(|head| (*head).to_owned()).collect()
}

/// The lines, text and classes of charts, as CSS.
pub const STYLE: &str = include_str!("chart.css");

/// The values behind the colours, in light and dark, as CSS variables that a page around the charts shares.
pub const COLOURS: &str = include_str!("colours.css");

impl Chart {
    /// The title of the table beneath it.
    pub fn table_title(&self) -> String {
        format!("Figures of “{}”", self.title)
    }

    /// The chart as an element of a page, whose style sheet gives it its colours.
    pub fn inline(&self) -> String {
        let (width, height) = self.size;
        format!(
            "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" tabindex=\"0\" \
             aria-labelledby=\"{slug}-t {slug}-d\"><title id=\"{slug}-t\">{title}</title>\
             <desc id=\"{slug}-d\">{reading}</desc>{body}</svg>",
            slug = self.slug,
            title = escape(&self.title),
            reading = escape(&self.reading),
            body = self.body,
        )
    }

    /// The chart as a file of its own, with its colours, in light and dark.
    pub fn standalone(&self) -> String {
        let (width, height) = self.size;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" \
             viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-labelledby=\"t d\"><title id=\"t\">{title}</title><desc id=\"d\">{question} {reading}</desc>\
             <style>{COLOURS}{STYLE}</style>\
             <rect class=\"f-page\" width=\"{width}\" height=\"{height}\"/>{body}</svg>\n",
            title = escape(&self.title),
            question = escape(&self.question),
            reading = escape(&self.reading),
            body = self.body,
        )
    }
}
