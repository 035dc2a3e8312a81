//! Writes syntax trees as short text, so that a test row fits one line.

use nextlink_odata::url::ast::{
    Argument, BinaryOp, ComputeItem, ExpandItem, ExpandSuffix, Expr, ExprKind, Literal, Options, OrderItem,
    Path, PathRoot, PathSegment, PathSegmentKind, Search, Segment, SegmentKind, SelectItem, UnaryOp,
};

/// Items with spaces between.
fn join<T>(items: &[T], item: impl Fn(&T) -> String) -> String {
    items.iter().map(item).collect::<Vec<_>>().join(" ")
}

/// `(op left right)` for operations, everything else much as it was sent.
pub fn expr(tree: &Expr) -> String {
    match &tree.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::Alias(name) => format!("@{name}"),
        ExprKind::Path(tree) => path(tree),
        ExprKind::Call { name, args } => format!("{name}({})", join(args, expr)),
        ExprKind::Unary(UnaryOp::Not, operand) => format!("(not {})", expr(operand)),
        ExprKind::Unary(UnaryOp::Negate, operand) => format!("(- {})", expr(operand)),
        ExprKind::Binary(op, left, right) => {
            format!("({} {} {})", operator(*op), expr(left), expr(right))
        }
        ExprKind::In(left, right) => format!("(in {} {})", expr(left), expr(right)),
        ExprKind::List(items) => format!("({})", join(items, expr)),
        ExprKind::Array(items) => format!("[{}]", join(items, expr)),
        ExprKind::Object(members) => {
            format!("{{{}}}", join(members, |(name, value)| format!("{name}:{}", expr(value))))
        }
    }
}

fn operator(op: BinaryOp) -> String {
    format!("{op:?}").to_lowercase()
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Null => "null".into(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Integer(value) => value.to_string(),
        Literal::Decimal(text) => format!("decimal:{text}"),
        Literal::Double(value) => format!("double:{value}"),
        Literal::String(text) => format!("'{text}'"),
        Literal::Date(text) => format!("date:{text}"),
        Literal::TimeOfDay(text) => format!("time:{text}"),
        Literal::DateTimeOffset(text) => format!("stamp:{text}"),
        Literal::Duration(text) => format!("duration:{text}"),
        Literal::Guid(text) => format!("guid:{text}"),
        Literal::Binary(bytes) => format!("binary:{bytes:02x?}"),
        Literal::Enum { type_name, value } => format!("{type_name}:{value}"),
        Literal::Geo { prefix, text } => format!("{prefix}:{text}"),
    }
}

fn path(tree: &Path) -> String {
    let root = match tree.root {
        PathRoot::Implicit => None,
        PathRoot::It => Some("$it".to_owned()),
        PathRoot::This => Some("$this".to_owned()),
        PathRoot::Root => Some("$root".to_owned()),
        PathRoot::These => Some("$these".to_owned()),
    };
    root.into_iter().chain(tree.segments.iter().map(path_segment)).collect::<Vec<_>>().join("/")
}

fn path_segment(segment: &PathSegment) -> String {
    match &segment.kind {
        PathSegmentKind::Name { name, args: None } => name.clone(),
        PathSegmentKind::Name { name, args: Some(args) } => format!("{name}{}", arguments(args)),
        PathSegmentKind::Any(None) => "any()".into(),
        PathSegmentKind::Any(Some(lambda)) => {
            format!("any({}: {})", lambda.variable, expr(&lambda.body))
        }
        PathSegmentKind::All(lambda) => format!("all({}: {})", lambda.variable, expr(&lambda.body)),
        PathSegmentKind::Count(nested) => format!("$count{}", in_parentheses(nested)),
        PathSegmentKind::Filter(condition) => format!("$filter({})", expr(condition)),
        PathSegmentKind::Aggregate(aggregates) => format!("aggregate<{}>", aggregates.len()),
        PathSegmentKind::Ref => "$ref".into(),
        PathSegmentKind::Value => "$value".into(),
        PathSegmentKind::Key(args) => format!("<key>{}", arguments(args)),
    }
}

fn arguments(args: &[Argument]) -> String {
    let one = |argument: &Argument| match &argument.name {
        Some(name) => format!("{name}={}", expr(&argument.value)),
        None => expr(&argument.value),
    };
    format!("({})", join(args, one))
}

/// Segments of the resource path with their offsets: `Customers@0('A') Orders@14`.
pub fn segments(path: &[Segment]) -> String {
    join(path, |segment| {
        let at = segment.at;
        match &segment.kind {
            SegmentKind::Name { name, args, key } => {
                let args = args.as_deref().map(arguments).unwrap_or_default();
                let key = key.as_deref().map(arguments).unwrap_or_default();
                format!("{name}@{at}{args}{key}")
            }
            SegmentKind::Filter(condition) => format!("$filter@{at}({})", expr(condition)),
            SegmentKind::Key(key) => format!("<key>@{at}{}", arguments(key)),
            SegmentKind::CrossJoin(sets) => format!("$crossjoin@{at}({})", sets.join(" ")),
            other => format!("{other:?}@{at}"),
        }
    })
}

/// `name(options)` of every select item.
pub fn select(items: &[SelectItem]) -> String {
    join(items, |item| {
        let names =
            item.parameters.as_ref().map(|names| format!("<{}>", names.join(" "))).unwrap_or_default();
        format!("{}{names}{}", item.path.join("/"), in_parentheses(&item.options))
    })
}

/// `path/$ref(options)` of every expand item.
pub fn expand(items: &[ExpandItem]) -> String {
    join(items, |item| {
        let suffix = match item.suffix {
            ExpandSuffix::None => String::new(),
            other => format!("/{other:?}"),
        };
        format!("{}{suffix}{}", item.path.join("/"), in_parentheses(&item.options))
    })
}

fn in_parentheses(nested: &Options) -> String {
    if *nested == Options::default() { String::new() } else { format!("({})", options(nested)) }
}

/// Every option that is there, in a fixed order.
pub fn options(tree: &Options) -> String {
    let mut parts = expressions(tree);
    parts.extend(tree.search.iter().map(|tree| format!("search={}", search(tree))));
    parts.extend(tree.top.iter().map(|(top, at)| format!("top={top}@{at}")));
    parts.extend(tree.skip.iter().map(|(skip, at)| format!("skip={skip}@{at}")));
    parts.extend(tree.count.iter().map(|(count, at)| format!("count={count}@{at}")));
    parts.extend(tree.levels.iter().map(|(levels, at)| format!("levels={levels:?}@{at}")));
    parts.extend(tree.index.iter().map(|(index, at)| format!("index={index}@{at}")));
    for option in &tree.text {
        parts.push(format!("{}={}@{}", option.name, option.value, option.at));
    }
    for alias in &tree.aliases {
        parts.push(format!("@{}={}@{}", alias.name, expr(&alias.value), alias.at));
    }
    for option in &tree.custom {
        parts.push(format!("<{}>={}@{}", option.name, option.value, option.at));
    }
    parts.join("; ")
}

/// The options made of expressions and paths.
fn expressions(tree: &Options) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(tree.filter.iter().map(|filter| format!("filter={}", expr(filter))));
    let order = |item: &OrderItem| format!("{}{}", expr(&item.expr), if item.descending { "-" } else { "+" });
    parts.extend(tree.orderby.iter().map(|items| format!("orderby={}", join(items, order))));
    parts.extend(tree.select.iter().map(|items| format!("select={}", select(items))));
    parts.extend(tree.expand.iter().map(|items| format!("expand={}", expand(items))));
    let computed = |item: &ComputeItem| format!("{}->{}@{}", expr(&item.expr), item.name, item.at);
    parts.extend(tree.compute.iter().map(|items| format!("compute={}", join(items, computed))));
    parts.extend(tree.apply.iter().map(|pipeline| format!("apply={pipeline:?}")));
    parts
}

/// `(and a b)`
pub fn search(tree: &Search) -> String {
    match tree {
        Search::Word(word) => word.clone(),
        Search::Phrase(words) => format!("\"{words}\""),
        Search::Incomplete(text) => format!("'{text}'"),
        Search::Not(operand) => format!("(not {})", search(operand)),
        Search::And(left, right) => format!("(and {} {})", search(left), search(right)),
        Search::Or(left, right) => format!("(or {} {})", search(left), search(right)),
    }
}
