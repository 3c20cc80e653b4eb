//! A plotters backend that writes [`Html`]: text is escaped by the type, and colours are roles that CSS fills in, so that
//! one drawing serves light and dark.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};

use crate::markup::Html;

/// Drawing units per SVG unit: plotters rounds to whole units, and lines should be smooth.
pub(crate) const SCALE: f64 = 10.0;

macro_rules! inks {
    ($($name:ident = $class:literal,)+) => {
        /// What something drawn stands for.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Ink { $($name,)+ }

        const CLASSES: &[&str] = &[$($class,)+];
    };
}

inks! {
    Text = "text", Soft = "soft", Grid = "grid", Track = "track", Band = "band", Created = "created",
    Received = "received", Lost = "lost", Deliberate = "deliberate", Unplaced = "unplaced", Law = "law",
    Interval = "interval", Trial = "trial", Response = "response", Delay = "delay", ResponseTrial = "response faint",
    DelayTrial = "delay faint", Queue = "queue", Capacity = "capacity", Missing = "missing", Fault = "fault",
    Lane = "lane", Fate1 = "fate1", Fate2 = "fate2", Fate3 = "fate3", Fate4 = "fate4", Fate5 = "fate5", Fate6 = "fate6",
    Best = "best", Beaten = "beaten", Service = "service", ResponseBand = "response shade",
    DelayBand = "delay shade",
    OnwardFlow = "created flow", ReceivedFlow = "received flow", LostFlow = "lost flow", DeliberateFlow = "deliberate flow",
    UnplacedFlow = "unplaced flow",
}

impl Ink {
    /// The role as plotters carries it: not a colour, but the number of a class.
    pub(crate) const fn color(self) -> RGBColor {
        RGBColor(self as u8, 0, 0)
    }

    /// The classes that CSS colours it by.
    pub(crate) fn class(self) -> &'static str {
        CLASSES.get(usize::from(self as u8)).copied().unwrap_or("text")
    }
}

fn class(kind: &str, color: BackendColor) -> String {
    format!("{kind} {}", CLASSES.get(usize::from(color.rgb.0)).unwrap_or(&"text"))
}

fn unit(value: i32) -> String {
    decimal(f64::from(value))
}

fn decimal(value: f64) -> String {
    let text = format!("{:.1}", value / SCALE);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut out = String::new();
    for (x, y) in path {
        let space = if out.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        write!(out, "{space}{},{}", unit(x), unit(y)).unwrap_or_default();
    }
    out
}

/// The backend.
pub(crate) struct Svg<'a> {
    out: &'a mut Html,
    size: (u32, u32),
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

impl<'a> Svg<'a> {
    /// Draws into `out`; the size is in SVG units.
    pub(crate) fn new(out: &'a mut Html, (width, height): (u32, u32)) -> Self {
        Self { out, size: (width * SCALE as u32, height * SCALE as u32) }
    }
}

impl DrawingBackend for Svg<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, color: BackendColor) -> Done {
        self.draw_rect(at, (at.0 + 1, at.1 + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (x0, y0): BackendCoord,
        (x1, y1): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done {
        if style.color().alpha > 0.0 {
            let class = class(if fill { "f" } else { "l" }, style.color());
            let (x, y, w, h) =
                (unit(x0.min(x1)), unit(y0.min(y1)), unit((x1 - x0).abs()), unit((y1 - y0).abs()));
            let attributes = [("class", &*class), ("x", &*x), ("y", &*y), ("width", &*w), ("height", &*h)];
            self.out.push(&Html::void("rect", &attributes));
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        if style.color().alpha > 0.0 {
            let class = class("l", style.color());
            let width = decimal(f64::from(style.stroke_width()));
            let points = points(path);
            let attributes = [("class", &*class), ("stroke-width", &*width), ("points", &*points)];
            self.out.push(&Html::void("polyline", &attributes));
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        if style.color().alpha > 0.0 {
            let class = class("f", style.color());
            let points = points(path);
            self.out.push(&Html::void("polygon", &[("class", &*class), ("points", &*points)]));
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Done {
        if style.color().alpha > 0.0 {
            let class = class(if fill { "f" } else { "l" }, style.color());
            let (x, y, r) = (unit(x), unit(y), decimal(f64::from(radius)));
            let attributes = [("class", &*class), ("cx", &*x), ("cy", &*y), ("r", &*r)];
            self.out.push(&Html::void("circle", &attributes));
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Done {
        let class = class("t", style.color());
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        let dy = match style.anchor().v_pos {
            VPos::Top => "0.76em",
            VPos::Center => "0.35em",
            VPos::Bottom => "-0.2em",
        };
        let (x, y, size) = (unit(x), unit(y), decimal(style.size()));
        let mut attributes = vec![
            ("class", &*class),
            ("x", &*x),
            ("y", &*y),
            ("dy", dy),
            ("text-anchor", anchor),
            ("font-size", &*size),
        ];
        if matches!(style.style(), FontStyle::Bold) {
            attributes.push(("font-weight", "600"));
        }
        self.out.push(&Html::element("text", &attributes, Html::text(text)));
        Ok(())
    }
}
