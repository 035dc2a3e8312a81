//! The resource path (OData 4.01 Part 2 section 4).

use super::ParseOptions;
use super::ast::{Argument, Segment, SegmentKind};
use super::call::Arguments;
use super::cursor::Cursor;
use super::error::{ParseError, ParseErrorKind, Result};
use super::percent::Component;

/// Parses the text before the question mark.
pub(crate) fn parse_path(path: &str, options: &ParseOptions) -> Result<Vec<Segment>> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut start = usize::from(path.starts_with('/'));
    while start < path.len() {
        if segments.len() >= options.max_list {
            return Err(fault(
                start,
                ParseErrorKind::Limit("max_list"),
                "fewer segments",
                "the path is too long",
            ));
        }
        let end = start + segment_length(path.get(start..).unwrap_or_default());
        let raw = path.get(start..end).unwrap_or_default();
        if let Some(previous) = segments.last() {
            follow(&previous.kind, start - 1)?;
        }
        if raw.is_empty() {
            return Err(fault(start, ParseErrorKind::Syntax, "a path segment", "a path segment is empty"));
        }
        let component = Component::decode(raw, start as u32, false)?;
        let mut cursor = Cursor::new(&component, options);
        segment(&mut cursor, &mut segments)?;
        if cursor.pos < cursor.text.len() {
            return Err(
                illegal_name(&cursor).unwrap_or_else(|| cursor.expected("the end of the path segment"))
            );
        }
        start = end + 1;
    }
    Ok(segments)
}

/// A name with characters that no name in OData has, such as that of a table as it stands in the database.
fn illegal_name(cursor: &Cursor<'_>) -> Option<ParseError> {
    let legal = |c: char| c.is_alphanumeric() || c == '_';
    let (name, behind) = cursor.text.split_at(cursor.text.find('(').unwrap_or(cursor.text.len()));
    if cursor.pos >= name.len() || !(behind.is_empty() || behind.ends_with(')')) {
        return None;
    }
    let likely: String = name.chars().map(|c| if legal(c) { c } else { '_' }).collect();
    let message = format!(
        "'{name}' cannot be a name here: names have letters, digits and underscores. Did you mean '{likely}'? The \
         service document lists all names"
    );
    Some(cursor.fault(cursor.pos, "the end of the path segment", message))
}

/// A fault of the path as a whole.
fn fault(at: usize, kind: ParseErrorKind, expected: &'static str, message: &str) -> ParseError {
    ParseError { kind, at: at as u32, expected, message: message.to_owned(), option: None }
}

/// Bytes to the next slash. Only the condition of `$filter(…)` may have slashes; a slash in a key is `%2F`.
fn segment_length(raw: &str) -> usize {
    let filter =
        ["$filter(", "%24filter(", "$filter%28", "%24filter%28"].iter().any(|start| raw.starts_with(start));
    let mut depth = 0_usize;
    let mut quoted = false;
    let bytes = raw.as_bytes();
    let mut pos = 0;
    while let Some(&byte) = bytes.get(pos) {
        let escape = if byte == b'%' { bytes.get(pos + 1..pos + 3) } else { None };
        match (byte, escape) {
            (b'/', _) if !filter || (depth == 0 && !quoted) => return pos,
            (b'\'', _) | (_, Some(b"27")) => quoted = !quoted,
            (b'(', _) | (_, Some(b"28")) if !quoted => depth += 1,
            (b')', _) | (_, Some(b"29")) if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        pos += 1;
    }
    pos
}

/// Refuses a segment behind one that ends a path.
fn follow(previous: &SegmentKind, slash: usize) -> Result<()> {
    let name = match previous {
        SegmentKind::Metadata => "$metadata",
        SegmentKind::OpenApi => "$openapi",
        SegmentKind::Batch => "$batch",
        SegmentKind::Count => "$count",
        SegmentKind::Ref => "$ref",
        SegmentKind::Value => "$value",
        SegmentKind::Query => "$query",
        _ => return Ok(()),
    };
    let message = format!("nothing can follow {name} in a path");
    Err(fault(slash, ParseErrorKind::Syntax, "the end of the path", &message))
}

/// One segment; `$filter(…)(key)` makes two.
fn segment(cursor: &mut Cursor<'_>, segments: &mut Vec<Segment>) -> Result<()> {
    let at = cursor.at();
    if cursor.peek() == Some(b'$') {
        let kind = system_segment(cursor, segments.is_empty())?;
        let keyed = matches!(kind, SegmentKind::Filter(_)) && cursor.peek() == Some(b'(');
        segments.push(Segment { at, kind });
        if keyed {
            let at = cursor.at();
            let key = cursor.arguments(Arguments::InPath)?;
            segments.push(Segment { at, kind: SegmentKind::Key(key) });
        }
        return Ok(());
    }
    let kind = if segments.is_empty() { first_segment(cursor)? } else { named_segment(cursor)? };
    segments.push(Segment { at, kind });
    Ok(())
}

/// The first segment: an unqualified name of a set, singleton, function or action.
fn first_segment(cursor: &mut Cursor<'_>) -> Result<SegmentKind> {
    let name = cursor.identifier("the name of an entity set, singleton, function or action")?.to_owned();
    let (args, key) = parentheses(cursor)?;
    Ok(SegmentKind::Name { name, args, key })
}

/// A later segment: a name, or the text of a key as segment.
fn named_segment(cursor: &mut Cursor<'_>) -> Result<SegmentKind> {
    let is_name = cursor.eat_qualified().is_some();
    match cursor.peek() {
        Some(b'(') if is_name => {
            let name = cursor.slice(0, cursor.pos).to_owned();
            let (args, key) = parentheses(cursor)?;
            Ok(SegmentKind::Name { name, args, key })
        }
        _ => {
            cursor.pos = cursor.text.len();
            Ok(SegmentKind::Name { name: cursor.text.to_owned(), args: None, key: None })
        }
    }
}

/// What stands in a pair of parentheses, where there is one.
type Parentheses = Option<Vec<Argument>>;

/// A key or arguments, and a key behind arguments.
fn parentheses(cursor: &mut Cursor<'_>) -> Result<(Parentheses, Parentheses)> {
    if cursor.peek() != Some(b'(') {
        return Ok((None, None));
    }
    let args = cursor.arguments(Arguments::InPath)?;
    let key = if cursor.peek() == Some(b'(') { Some(cursor.arguments(Arguments::InPath)?) } else { None };
    Ok((Some(args), key))
}

/// A segment that starts with a dollar sign, in exactly this case.
fn system_segment(cursor: &mut Cursor<'_>, first: bool) -> Result<SegmentKind> {
    let start = cursor.pos;
    cursor.pos += 1;
    let word = cursor.eat_identifier().unwrap_or_default();
    let kind = match word {
        "metadata" => SegmentKind::Metadata,
        "openapi" => SegmentKind::OpenApi,
        "batch" => SegmentKind::Batch,
        "entity" => SegmentKind::Entity,
        "all" => SegmentKind::All,
        "crossjoin" => {
            cursor.open()?;
            let set =
                |cursor: &mut Cursor<'_>| Ok(cursor.identifier("the name of an entity set")?.to_owned());
            let sets = cursor.items(set)?;
            cursor.close(", or )")?;
            SegmentKind::CrossJoin(sets)
        }
        "count" => SegmentKind::Count,
        "ref" => SegmentKind::Ref,
        "value" => SegmentKind::Value,
        "each" => SegmentKind::Each,
        "query" => SegmentKind::Query,
        "filter" => {
            cursor.open()?;
            let condition = cursor.expr()?;
            cursor.close(") or an operator")?;
            SegmentKind::Filter(condition)
        }
        _ => {
            let message = format!("there is no path segment ${word}");
            return Err(cursor.fault(start, "a path segment", message));
        }
    };
    let starts = matches!(
        kind,
        SegmentKind::Metadata
            | SegmentKind::OpenApi
            | SegmentKind::Batch
            | SegmentKind::Entity
            | SegmentKind::All
            | SegmentKind::CrossJoin(_)
    );
    if starts != first {
        let place = if first { "cannot start a path" } else { "can only start a path" };
        return Err(cursor.fault(start, "another path segment", format!("${word} {place}")));
    }
    Ok(kind)
}
