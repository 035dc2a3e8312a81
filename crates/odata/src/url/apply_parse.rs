//! Parses `$apply` (OData Data Aggregation 4.0 section 3 and 6). Names of transformations are case-sensitive.

use super::apply::{
    DataPath, Direction, GroupingElement, Hierarchy, Name, NestItem, Pipeline, RankMethod, Transformation,
    TransformationKind, TraverseOrder,
};
use super::call::Arguments;
use super::cursor::Cursor;
use super::error::Result;

/// Transformations that keep instances as they are, which `ancestors` and its like take as their start.
const PRESERVING: [&str; 15] = [
    "bottomcount",
    "bottompercent",
    "bottomsum",
    "filter",
    "identity",
    "orderby",
    "search",
    "skip",
    "top",
    "topcount",
    "toppercent",
    "topsum",
    "ancestors",
    "descendants",
    "traverse",
];

/// All rows together.
const ALL: &str = "$all";

impl Cursor<'_> {
    /// The value of `$apply`: transformations with slashes between.
    pub(crate) fn apply(&mut self) -> Result<Pipeline> {
        self.pipeline(false)
    }

    /// Transformations with slashes between, perhaps only those that keep instances as they are.
    pub(super) fn pipeline(&mut self, preserving: bool) -> Result<Pipeline> {
        self.enter()?;
        let mut pipeline = Vec::new();
        loop {
            self.more(pipeline.len())?;
            if preserving && !self.at_preserving() {
                return Err(self.expected("a transformation that keeps instances, such as filter"));
            }
            pipeline.push(self.transformation()?);
            if !self.eat(b'/') {
                break;
            }
        }
        self.leave();
        Ok(pipeline)
    }

    /// A transformation that keeps instances, or a custom function, starts here.
    fn at_preserving(&mut self) -> bool {
        let start = self.pos;
        let name = self.eat_qualified().unwrap_or_default();
        let call = self.peek() == Some(b'(');
        self.pos = start;
        (call && (name.contains('.') || PRESERVING.contains(&name))) || name == "identity"
    }

    /// One transformation.
    pub(super) fn transformation(&mut self) -> Result<Transformation> {
        let at = self.at();
        let start = self.pos;
        let name = self.eat_qualified().unwrap_or_default();
        if name == "identity" {
            return Ok(Transformation { at, kind: TransformationKind::Identity });
        }
        if name.contains('.') && self.peek() == Some(b'(') {
            let args = self.arguments(Arguments::InExpression)?;
            return Ok(Transformation {
                at,
                kind: TransformationKind::Function { name: name.to_owned(), args },
            });
        }
        let Some(rule) = rule(name) else {
            return Err(self.expected_at(start, "a transformation, such as filter, groupby or aggregate"));
        };
        self.open()?;
        let kind = rule(self, name)?;
        self.close(") or ,")?;
        Ok(Transformation { at, kind })
    }

    /// `(element,element)` and what happens in each group.
    fn groupby(&mut self) -> Result<TransformationKind> {
        self.expect(b'(', "( before the grouping properties")?;
        self.skip_space();
        let elements = self.items(Self::grouping_element)?;
        self.close(", or )")?;
        let then = self.then()?;
        Ok(TransformationKind::GroupBy { elements, then })
    }

    /// A comma and transformations, if they are there.
    fn then(&mut self) -> Result<Option<Pipeline>> {
        if self.eat_comma() { self.pipeline(false).map(Some) } else { Ok(None) }
    }

    /// A path, `rollup(…)` or `rolluprecursive(…)`.
    fn grouping_element(&mut self) -> Result<GroupingElement> {
        let rest = self.rest();
        if rest.starts_with("rollup(") {
            self.pos += "rollup".len();
            self.open()?;
            let paths = self.items(Self::rollup_path)?;
            if let [only] = paths.as_slice()
                && only.len() > 1
            {
                return Err(self.expected(", and another property"));
            }
            self.close(", or )")?;
            return Ok(GroupingElement::Rollup(paths));
        }
        if rest.starts_with("rolluprecursive(") {
            self.pos += "rolluprecursive".len();
            self.open()?;
            let hierarchy = self.hierarchy()?;
            let restrict = if self.eat_comma() { Some(self.pipeline(true)?) } else { None };
            self.close(", or )")?;
            return Ok(GroupingElement::RollupRecursive { hierarchy, restrict });
        }
        self.single_valued_path().map(GroupingElement::Path)
    }

    /// A path, or `$all` of earlier drafts, which clients still send: all rows together.
    fn rollup_path(&mut self) -> Result<DataPath> {
        let at = self.at();
        if self.rest().starts_with(ALL) {
            self.pos += ALL.len();
            return Ok(vec![Name { at, name: ALL.to_owned() }]);
        }
        self.single_valued_path()
    }

    /// Collection, qualifier and path to the node.
    fn hierarchy(&mut self) -> Result<Hierarchy> {
        let nodes = self.expr()?;
        self.comma("a comma and the qualifier of the hierarchy")?;
        let qualifier = self.name("the qualifier of the hierarchy")?;
        self.comma("a comma and the path to the node")?;
        let node = self.data_path()?;
        Ok(Hierarchy { nodes, qualifier, node })
    }

    /// A comma that must be there.
    pub(super) fn comma(&mut self, expected: &'static str) -> Result<()> {
        if self.eat_comma() {
            return Ok(());
        }
        self.skip_space();
        Err(self.expected(expected))
    }

    /// An amount and what ranks.
    fn rank(&mut self, method: RankMethod) -> Result<TransformationKind> {
        let amount = self.expr()?;
        self.comma("a comma and the value that ranks")?;
        let by = self.expr()?;
        Ok(TransformationKind::Rank { method, amount, by })
    }

    /// Transformations with commas between, each with a name.
    fn nest_items(&mut self) -> Result<Vec<NestItem>> {
        self.items(|cursor| {
            let pipeline = cursor.pipeline(false)?;
            let alias = cursor.required_alias()?;
            Ok(NestItem { pipeline, alias })
        })
    }

    /// ` as name`
    pub(super) fn required_alias(&mut self) -> Result<Name> {
        self.alias()?.ok_or_else(|| self.expected("as and a name"))
    }

    /// `property as name` and what happens to the related instances.
    fn join(&mut self, outer: bool) -> Result<TransformationKind> {
        let at = self.at();
        let path = if self.peek() == Some(b'@') {
            vec![Name { at, name: self.annotation_name()? }]
        } else {
            self.data_path()?
        };
        let alias = self.required_alias()?;
        let then = self.then()?;
        Ok(TransformationKind::Join { outer, path, alias, then })
    }

    /// A hierarchy, the nodes to start from, a distance and `keep start`.
    fn relatives(&mut self, direction: Direction) -> Result<TransformationKind> {
        let hierarchy = self.hierarchy()?;
        self.comma("a comma and the nodes to start from")?;
        let start = self.pipeline(true)?;
        let mut comma = self.eat_comma();
        let mut max_distance = None;
        if comma && self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            max_distance = Some(self.number("a distance")?);
            comma = self.eat_comma();
        }
        let keep_start = comma && self.rest().starts_with("keep start");
        if comma && !keep_start {
            return Err(self.expected(if max_distance.is_none() {
                "a distance or keep start"
            } else {
                "keep start"
            }));
        }
        if keep_start {
            self.pos += "keep start".len();
        }
        Ok(TransformationKind::Relatives { direction, hierarchy, start, max_distance, keep_start })
    }

    /// A hierarchy, the order, the nodes that take part, and the order of siblings.
    fn traverse(&mut self) -> Result<TransformationKind> {
        let hierarchy = self.hierarchy()?;
        self.comma("a comma and preorder or postorder")?;
        let place = self.pos;
        let order = match self.eat_identifier() {
            Some("preorder") => TraverseOrder::Preorder,
            Some("postorder") => TraverseOrder::Postorder,
            _ => return Err(self.expected_at(place, "preorder or postorder")),
        };
        let mut comma = self.eat_comma();
        let mut start = None;
        if comma && self.at_preserving() {
            start = Some(self.pipeline(true)?);
            comma = self.eat_comma();
        }
        let orderby = if comma { self.items(Self::order_item)? } else { Vec::new() };
        Ok(TransformationKind::Traverse { hierarchy, order, start, orderby })
    }
}

/// What reads the parentheses of a transformation, given its name.
type Rule = fn(&mut Cursor<'_>, &str) -> Result<TransformationKind>;

/// The rule of a transformation.
fn rule(name: &str) -> Option<Rule> {
    Some(match name {
        "aggregate" => |cursor, _| cursor.aggregates().map(TransformationKind::Aggregate),
        "compute" => |cursor, _| cursor.compute().map(TransformationKind::Compute),
        "filter" => |cursor, _| cursor.expr().map(TransformationKind::Filter),
        "groupby" => |cursor, _| cursor.groupby(),
        "orderby" => |cursor, _| cursor.orderby().map(TransformationKind::OrderBy),
        "search" => |cursor, _| cursor.search().map(TransformationKind::Search),
        "skip" => |cursor, _| cursor.number("a whole number from 0").map(TransformationKind::Skip),
        "top" => |cursor, _| cursor.number("a whole number from 0").map(TransformationKind::Top),
        "nest" => |cursor, _| cursor.nest_items().map(TransformationKind::Nest),
        "traverse" => |cursor, _| cursor.traverse(),
        "concat" => |cursor, _| {
            let pipelines = cursor.items(|cursor| cursor.pipeline(false))?;
            if pipelines.len() < 2 {
                return Err(cursor.expected(", and more transformations"));
            }
            Ok(TransformationKind::Concat(pipelines))
        },
        "addnested" => |cursor, _| cursor.add_nested().map(TransformationKind::AddNested),
        "expand" => |cursor, _| cursor.expanded().map(|item| TransformationKind::Expand(Box::new(item))),
        "join" | "outerjoin" => |cursor, name| cursor.join(name == "outerjoin"),
        "ancestors" => |cursor, _| cursor.relatives(Direction::Ancestors),
        "descendants" => |cursor, _| cursor.relatives(Direction::Descendants),
        "bottomcount" => |cursor, _| cursor.rank(RankMethod::BottomCount),
        "bottompercent" => |cursor, _| cursor.rank(RankMethod::BottomPercent),
        "bottomsum" => |cursor, _| cursor.rank(RankMethod::BottomSum),
        "topcount" => |cursor, _| cursor.rank(RankMethod::TopCount),
        "toppercent" => |cursor, _| cursor.rank(RankMethod::TopPercent),
        "topsum" => |cursor, _| cursor.rank(RankMethod::TopSum),
        _ => return None,
    })
}
