//! The curve as a picture: one SVG that needs nothing else, legible on light and dark.

use crate::cli::chart::{position, ticks};
use crate::cli::curve::{advice, typed};
use crate::cli::outlook::probability;
use crate::cli::style::{fit, plain};
use ctxpack::curve::{Curve, Point, size};
use std::fmt::Write;

// The picture, and the plot in it: left, top, right, bottom.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 92.0;
const RIGHT: f64 = 724.0;
const BOTTOM: f64 = 364.0;

/// The room that the label of a mark takes.
const LABEL: f64 = 170.0;

/// Plain classes rather than CSS variables, which few renderers but browsers know.
const STYLE: &str = "
    text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #57606a; }
    .page { fill: #ffffff; }
    .title { font-size: 19px; font-weight: 600; fill: #1f2328; }
    .strong { font-weight: 600; fill: #1f2328; }
    .grid { stroke: #d8dee4; stroke-width: 1; }
    .axis { stroke: #8c959f; stroke-width: 1; }
    .area { fill: #1a7f37; fill-opacity: 0.10; }
    .place { stroke: #1a7f37; stroke-width: 2.5; fill: none; stroke-linejoin: round; stroke-linecap: round; }
    .file { stroke: #6e7781; stroke-width: 1.75; fill: none; stroke-dasharray: 5 4; stroke-linejoin: round; }
    .dot { fill: #ffffff; stroke: #1a7f37; stroke-width: 2; }
    .asked { stroke: #bc4c00; stroke-width: 1.25; stroke-dasharray: 2 3; }
    .mark { fill: #bc4c00; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1; }
      .page { fill: #0d1117; }
      .title, .strong { fill: #f0f6fc; }
      .grid { stroke: #262c36; }
      .axis { stroke: #656c76; }
      .area { fill: #3fb950; fill-opacity: 0.14; }
      .place { stroke: #3fb950; }
      .file { stroke: #848d97; }
      .dot { fill: #0d1117; stroke: #3fb950; }
      .asked { stroke: #f0883e; }
      .mark { fill: #f0883e; }
    }
";

/// The picture. `name` is what was packed.
pub fn svg(curve: &Curve, name: &str) -> String {
    let points = &curve.points;
    let x = |point: &Point| LEFT + position(point.budget, points) * (RIGHT - LEFT);
    let y = |p: f64| BOTTOM - p.clamp(0.0, 1.0) * (BOTTOM - TOP);
    let advice = advice(curve);
    let task = curve.task.text.split_whitespace().collect::<Vec<_>>();
    let title = format!("{}: what a budget buys", plain(name));
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">\n\
         <title>{}</title>\n<desc>{}</desc>\n<style>{STYLE}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"8\"/>",
        escaped(&title),
        escaped(&advice)
    );
    text(
        &mut out,
        LEFT - 36.0,
        38.0,
        "title",
        "start",
        &fit(&title, 64),
    );
    text(
        &mut out,
        LEFT - 36.0,
        60.0,
        "",
        "start",
        &fit(&plain(&task.join(" ")), 100),
    );
    for quarter in 0..=4 {
        let p = f64::from(quarter) / 4.0;
        let class = if quarter == 0 { "axis" } else { "grid" };
        line(&mut out, class, (LEFT, y(p)), (RIGHT, y(p)));
        text(
            &mut out,
            LEFT - 10.0,
            y(p) + 4.5,
            "",
            "end",
            &format!("{p:.2}"),
        );
    }
    let mut free = f64::NEG_INFINITY;
    for tick in ticks(curve) {
        let at = LEFT + position(tick, points) * (RIGHT - LEFT);
        line(&mut out, "axis", (at, BOTTOM), (at, BOTTOM + 5.0));
        let label = typed(tick, curve.asked);
        let half = 4.0 * label.len() as f64;
        if at - half >= free {
            text(&mut out, at, BOTTOM + 21.0, "", "middle", &label);
            free = at + half + 6.0;
        }
    }
    let (_, unit_name) = crate::cli::budget::parts(curve.asked);
    let axis = format!("budget in {unit_name}");
    text(
        &mut out,
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 42.0,
        "",
        "middle",
        &axis,
    );
    if let (Some(first), Some(last)) = (points.first(), points.last()) {
        let path = |of: fn(&Point) -> f64| {
            let at = |point| format!("{:.1} {:.1}", x(point), y(of(point)));
            points.iter().map(at).collect::<Vec<_>>().join(" L")
        };
        let place = path(|point| point.chance.place);
        let _ = writeln!(
            out,
            "<path class=\"area\" d=\"M{:.1} {BOTTOM} L{place} L{:.1} {BOTTOM} Z\"/>\n\
             <path class=\"file\" d=\"M{}\"/>\n<path class=\"place\" d=\"M{place}\"/>",
            x(first),
            x(last),
            path(|point| point.chance.file)
        );
    }
    for point in points {
        let _ = writeln!(
            out,
            "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"><title>{}: place {:.3}, file {:.3}</title></circle>",
            x(point),
            y(point.chance.place),
            typed(point.budget, curve.asked),
            point.chance.place,
            point.chance.file
        );
    }
    let asked = points
        .iter()
        .find(|point| point.budget == size(curve.asked));
    let knee = curve.knee();
    let is_one =
        knee.is_some() && knee.map(|point| point.budget) == asked.map(|point| point.budget);
    // the left label stands to the left of its mark, so that none crosses the other's line
    let mark = |out: &mut String, point: &Point, what: &str, is_left: bool| {
        let (at, p) = (x(point), y(point.chance.place));
        line(out, "asked", (at, BOTTOM), (at, p));
        let _ = writeln!(
            out,
            "<path class=\"mark\" d=\"M{at:.1} {:.1} l6 6 l-6 6 l-6 -6 Z\"/>",
            p - 6.0
        );
        let label = format!(
            "{what} {}: {}",
            typed(point.budget, curve.asked),
            probability(point.chance.place)
        );
        let has_left = at - LEFT > LABEL;
        let is_left = has_left && (is_left || RIGHT - at < LABEL);
        let (shift, anchor) = if is_left {
            (-9.0, "end")
        } else {
            (9.0, "start")
        };
        let height = if what == "knee" { 34.0 } else { 14.0 };
        text(out, at + shift, BOTTOM - height, "mark", anchor, &label);
    };
    match (knee, asked) {
        (Some(knee), _) if is_one => mark(&mut out, knee, "knee and budget", true),
        _ => {
            let first = |a: Option<&Point>, b: Option<&Point>| {
                a.zip(b).is_none_or(|(a, b)| a.budget < b.budget)
            };
            if let Some(knee) = knee {
                mark(&mut out, knee, "knee", first(Some(knee), asked));
            }
            if let Some(asked) = asked {
                mark(&mut out, asked, "budget", first(Some(asked), knee));
            }
        }
    }
    legend(&mut out);
    for (idx, part) in halves(&advice).iter().enumerate() {
        let class = if idx == 0 { "strong" } else { "" };
        text(
            &mut out,
            LEFT - 36.0,
            HEIGHT - 30.0 + 18.0 * idx as f64,
            class,
            "start",
            part,
        );
    }
    out.push_str("</svg>\n");
    out
}

/// What the two lines are, above the plot.
fn legend(out: &mut String) {
    let y = TOP - 12.0;
    line(
        out,
        "place",
        (RIGHT - 430.0, y - 4.5),
        (RIGHT - 404.0, y - 4.5),
    );
    text(
        out,
        RIGHT - 396.0,
        y,
        "",
        "start",
        "the place to change is in the bundle",
    );
    line(
        out,
        "file",
        (RIGHT - 142.0, y - 4.5),
        (RIGHT - 116.0, y - 4.5),
    );
    text(out, RIGHT - 108.0, y, "", "start", "some of its file is");
}

/// The advice in two lines: what is held, and what more is for.
fn halves(advice: &str) -> Vec<&str> {
    match advice.rsplit_once("; ") {
        Some((held, more)) => vec![held, more],
        None => vec![advice],
    }
}

fn line(out: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        out,
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(out: &mut String, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(text)
    );
}

/// Text as XML holds it; what XML cannot hold at all is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::curve::tests::{sample, through};
    use ctxpack::request::Budget;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    /// The names of all elements, and all text; every number is one.
    fn read(svg: &str) -> (Vec<String>, String) {
        let mut reader = Reader::from_str(svg);
        let (mut names, mut texts, mut depth) = (Vec::new(), String::new(), 0);
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Eof => break,
                Event::Start(start) => {
                    depth += 1;
                    names.push(start.name().as_ref().to_owned());
                }
                Event::Empty(start) => {
                    names.push(start.name().as_ref().to_owned());
                }
                Event::End(_) => depth -= 1,
                Event::Text(text) => texts.push_str(&text),
                Event::GeneralRef(name) => texts.push_str(&format!("&{};", &*name)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(depth, 0);
        assert!(!svg.contains("NaN") && !svg.contains("inf "), "{svg}");
        (names, texts)
    }

    #[test]
    fn it_is_well_formed_and_says_what_it_shows() {
        let svg = svg(&sample(), "a <b> & \u{1b}[1m\u{ffff}");
        let (names, texts) = read(&svg);
        assert_eq!(names.iter().filter(|name| *name == "circle").count(), 7);
        for words in [
            "a &lt;b&gt; &amp; \\x1b[1m",
            "fix &lt;the&gt; bug &amp; \"more\"",
            "knee 16k: 0.88",
            "budget 32k: 0.91",
            "after 16k",
            "budget in tokens",
        ] {
            assert!(texts.contains(words), "{words}: {texts}");
        }
        assert!(svg.contains("prefers-color-scheme: dark"));
        for outside in ["href", "url(", "@import", "<script"] {
            assert!(!svg.contains(outside), "{outside}");
        }
    }

    #[test]
    fn few_points_are_no_trouble() {
        let points = [(1_000, 0.0, 1.0), (1_500, f64::NAN, 1.0)];
        read(&svg(&through(&points[..1], Budget::Bytes(1_000)), ""));
        read(&svg(&through(&[], Budget::Tokens(1)), "x"));
    }
}
