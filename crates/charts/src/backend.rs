//! A plotters backend that writes SVG for people: classes instead of colours, groups with tooltips, text measured by
//! characters instead of bytes.

use std::convert::Infallible;
use std::fmt::Write;

use concbench_text::{escape, width};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};

use super::palette::{Ink, Marker, short};

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// The body of an SVG document under construction.
pub(crate) struct Svg<'a> {
    out: &'a mut String,
    size: (u32, u32),
}

impl<'a> Svg<'a> {
    /// A backend of this size, in user units, that appends to `out`.
    pub(crate) fn new(out: &'a mut String, size: (u32, u32)) -> Self {
        Self { out, size }
    }

    /// Draws `content` as one thing: with a class, the index of the series it belongs to, and a tooltip.
    pub(crate) fn group(
        &mut self,
        class: &str,
        series: Option<usize>,
        tip: Option<&str>,
        content: impl FnOnce(&mut Self),
    ) {
        self.out.push_str("<g");
        if !class.is_empty() {
            self.put(format_args!(" class=\"{class}\""));
        }
        if let Some(series) = series {
            self.put(format_args!(" data-m=\"{series}\""));
        }
        self.out.push('>');
        if let Some(tip) = tip {
            self.put(format_args!("<title>{}</title>", escape(tip)));
        }
        content(self);
        self.out.push_str("</g>");
    }

    /// A marker; `tip` becomes its own tooltip.
    pub(crate) fn marker(
        &mut self,
        at: BackendCoord,
        marker: Marker,
        radius: f64,
        ink: Ink,
        tip: Option<&str>,
    ) {
        let path = marker.path(f64::from(at.0), f64::from(at.1), radius);
        let hollow = if marker.hollow() { " h" } else { "" };
        self.put(format_args!("<path class=\"p{hollow} f-{0} s-{0}\" d=\"{path}\"", ink.class()));
        match tip {
            Some(tip) => self.put(format_args!("><title>{}</title></path>", escape(tip))),
            None => self.out.push_str("/>"),
        }
    }

    /// Markers of one kind, each with its own tooltip, as parts of a group that belongs to a series.
    pub(crate) fn markers<'t>(
        &mut self,
        series: Option<usize>,
        (marker, radius, ink): (Marker, f64, Ink),
        marks: impl Iterator<Item = (BackendCoord, &'t str)>,
    ) {
        let class = ink.class();
        let class = format!("m p{} f-{class} s-{class}", if marker.hollow() { " h" } else { "" });
        self.group(&class, series, None, |svg| {
            for ((x, y), tip) in marks {
                let path = marker.path(f64::from(x), f64::from(y), radius);
                svg.put(format_args!("<path d=\"{path}\"><title>{}</title></path>", escape(tip)));
            }
        });
    }

    /// A line through points; `class` adds to that of the ink.
    pub(crate) fn line(&mut self, points: &[BackendCoord], ink: Ink, class: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" {class}") };
        self.put(format_args!("<path class=\"l s-{}{class}\" d=\"", ink.class()));
        for (index, (x, y)) in points.iter().enumerate() {
            self.put(format_args!("{}{x} {y}", if index == 0 { 'M' } else { 'L' }));
        }
        self.out.push_str("\"/>");
    }

    /// A filled rectangle between two corners; `class` adds to that of the ink.
    pub(crate) fn rect(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        ink: Ink,
        class: &str,
        tip: Option<&str>,
    ) {
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        let (w, h) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
        let end = tip.map_or("/>".to_owned(), |tip| format!("><title>{}</title></rect>", escape(tip)));
        let fill = ink.class();
        let class = if class.is_empty() { String::new() } else { format!(" {class}") };
        self.put(format_args!(
            "<rect class=\"f-{fill}{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"{end}"
        ));
    }

    /// A stripe that nobody sees: a pointer that is on it is on its row, without having to meet a marker.
    pub(crate) fn stripe(&mut self, width: i32, top: i32, height: i32) {
        self.put(format_args!("<rect class=\"hit\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>"));
    }

    /// Text beside a point; its middle is on the height of the point.
    pub(crate) fn label(&mut self, at: BackendCoord, text: &str, ink: Ink, anchor: Anchor, class: &str) {
        let y = short(f64::from(at.1) + CENTRE * SIZE);
        self.text_start(ink, &[anchor.class(), class]);
        self.put(format_args!(" x=\"{}\" y=\"{y}\">", at.0));
        self.out.push_str(&escape(text));
        self.out.push_str("</text>");
    }

    /// Text that stands upright and ends at the point.
    pub(crate) fn upright(&mut self, (x, y): BackendCoord, text: &str) {
        let text = escape(text);
        let down = short(CENTRE * SIZE);
        self.put(format_args!(
            "<text y=\"{down}\" transform=\"translate({x} {y}) rotate(-90)\">{text}</text>"
        ));
    }

    /// Slanted lines across a rectangle between its upper left and its lower right corner.
    pub(crate) fn hatch(&mut self, (left, top): BackendCoord, (right, bottom): BackendCoord) {
        const APART: i32 = 7;
        let (width, height) = (right - left, bottom - top);
        self.out.push_str("<path class=\"l s-muted hatch\" d=\"");
        for reach in (APART..width + height).step_by(APART as usize) {
            let (from_x, from_y) = (left + reach.min(width), top + (reach - width).max(0));
            let (to_x, to_y) = (left + (reach - height).max(0), top + reach.min(height));
            self.put(format_args!("M{from_x} {from_y}L{to_x} {to_y}"));
        }
        self.out.push_str("\"/>");
    }

    /// The start of a text element. Its own ink is the default, since most text has it.
    fn text_start(&mut self, ink: Ink, classes: &[&str]) {
        let ink = if ink == Ink::Text { String::new() } else { format!("f-{}", ink.class()) };
        let classes: Vec<&str> = [ink.as_str()].into_iter().chain(classes.iter().copied()).collect();
        let classes: Vec<&str> = classes.into_iter().filter(|class| !class.is_empty()).collect();
        self.out.push_str("<text");
        if !classes.is_empty() {
            self.put(format_args!(" class=\"{}\"", classes.join(" ")));
        }
    }

    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.out.write_fmt(arguments).expect("a string takes any text");
    }

    fn paint(&mut self, property: char, color: BackendColor) {
        match Ink::of(color.rgb) {
            Some(ink) => self.put(format_args!(" class=\"{property}-{}\"", ink.class())),
            None => {
                let name = if property == 'f' { "fill" } else { "stroke" };
                let (r, g, b) = color.rgb;
                self.put(format_args!(" {name}=\"#{r:02x}{g:02x}{b:02x}\""));
            }
        }
        if property == 's' {
            self.out.push_str(" fill=\"none\"");
        }
        if color.alpha < 1.0 {
            self.put(format_args!(" opacity=\"{}\"", color.alpha));
        }
    }

    fn stroke<S: BackendStyle>(&mut self, style: &S) {
        self.paint('s', style.color());
        if style.stroke_width() != 1 {
            self.put(format_args!(" stroke-width=\"{}\"", style.stroke_width()));
        }
    }

    /// Ends a shape that is either filled or drawn as its outline.
    fn fill_or_stroke<S: BackendStyle>(&mut self, fill: bool, style: &S) {
        match fill {
            true => self.paint('f', style.color()),
            false => self.stroke(style),
        }
        self.out.push_str("/>");
    }
}

/// Where text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn class(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => "am",
            Self::End => "ae",
        }
    }
}

/// The size of text in charts, in user units.
pub(crate) const SIZE: f64 = 12.0;

/// How far below its middle a line of text has its baseline, as a share of its size.
const CENTRE: f64 = 0.35;

impl DrawingBackend for Svg<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            let (w, h) = (b.0 - a.0, b.1 - a.1);
            self.put(format_args!("<rect x=\"{}\" y=\"{}\" width=\"{w}\" height=\"{h}\"", a.0, a.1));
            self.fill_or_stroke(fill, style);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            self.out.push_str("<path d=\"");
            for (index, (x, y)) in path.into_iter().enumerate() {
                self.put(format_args!("{}{x} {y}", if index == 0 { 'M' } else { 'L' }));
            }
            self.out.push('"');
            self.stroke(style);
            self.out.push_str("/>");
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        at: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            self.put(format_args!("<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\"", at.0, at.1));
            self.fill_or_stroke(fill, style);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vert: I,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            self.out.push_str("<polygon points=\"");
            for (x, y) in vert {
                self.put(format_args!("{x},{y} "));
            }
            self.out.push('"');
            self.paint('f', style.color());
            self.out.push_str("/>");
        }
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        if style.color().alpha == 0.0 || text.is_empty() {
            return Ok(());
        }
        let anchor = match style.anchor().h_pos {
            HPos::Left => Anchor::Start,
            HPos::Center => Anchor::Middle,
            HPos::Right => Anchor::End,
        };
        let down = match style.anchor().v_pos {
            VPos::Top => 0.8,
            VPos::Center => CENTRE,
            VPos::Bottom => -0.2,
        } * style.size();
        let ink = Ink::of(style.color().rgb).unwrap_or(Ink::Text);
        let bold = if matches!(style.style(), FontStyle::Bold) { "b" } else { "" };
        self.text_start(ink, &[anchor.class(), bold]);
        let turn = match style.transform() {
            FontTransform::None => None,
            FontTransform::Rotate90 => Some(90),
            FontTransform::Rotate180 => Some(180),
            FontTransform::Rotate270 => Some(270),
        };
        match turn {
            None => self.put(format_args!(" x=\"{x}\" y=\"{}\">", short(f64::from(y) + down))),
            Some(turn) => self
                .put(format_args!(" y=\"{}\" transform=\"translate({x} {y}) rotate({turn})\">", short(down))),
        }
        self.out.push_str(&escape(text));
        self.out.push_str("</text>");
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok(((width(text) * style.size()).ceil() as u32, style.size().ceil() as u32))
    }
}
